"""Outputs of any form become one row per sample."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tb_neuromapper.training.probe import reducers
from tb_neuromapper.training.probe.reducers import main_tensor, principal_components, reduce_to_rows
from tests.training.networks import ModelOutput


def randn(*shape, seed=0):
    """The same normal numbers for the same shape and seed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_main_tensor__finds_the_tensor_in_any_form():
    """Tensors, tuples, nested tuples, dicts, objects and packed sequences."""
    x, other = randn(4, 3), randn(4, 9)
    assert main_tensor(x) is x
    assert main_tensor((x, (other, other))) is x
    assert main_tensor({"loss": torch.tensor(1.0), "hidden": x}) is x
    assert main_tensor({"other": other, "last_hidden_state": x}) is x
    assert main_tensor({"last_hidden_state": other, "logits": x}, is_network=True) is x
    assert main_tensor(ModelOutput(torch.tensor(1.0), x), is_network=True) is x
    packed = nn.utils.rnn.pack_padded_sequence(randn(4, 5, 3), torch.tensor([5, 4, 3, 2]), batch_first=True)
    assert main_tensor(packed).shape == (4, 5, 3)
    assert main_tensor("text") is None
    assert main_tensor(()) is None


@pytest.mark.parametrize(
    ("module", "shape", "axes", "words"),
    [
        (nn.Conv2d(1, 5, 3), (4, 5, 6, 7), (2, 3), "spatial mean"),
        (nn.Conv1d(1, 5, 3), (4, 5, 6), (2,), "spatial mean"),
        (nn.Conv3d(1, 5, 3), (4, 5, 2, 3, 2), (2, 3, 4), "spatial mean"),
        (nn.LayerNorm(5), (4, 6, 7, 5), (1, 2), "spatial mean"),
        (nn.Linear(2, 5), (4, 6, 5), (1,), "token mean"),
        (nn.ReLU(), (4, 5, 6, 7), (2, 3), "spatial mean"),
        (nn.ReLU(), (4, 6, 5), (1,), "token mean"),
        (nn.ReLU(), (4, 5), (), "none"),
        (nn.LSTM(2, 5, batch_first=True), (4, 6, 5), (1,), "token mean"),
        (nn.LSTM(2, 5), (6, 4, 5), (0,), "token mean"),
        (nn.LSTM(2, 5), (4, 4, 5), (0,), "token mean"),
    ],
)
def test_reduce_to_rows__is_the_mean_over_positions(module, shape, axes, words):
    """The mean over all axes but samples and features, as numpy computes it."""
    x = randn(*shape)
    rows, reduction = reduce_to_rows(x, n_rows=4, module=module)
    expected = x.numpy().mean(axes) if axes else x.numpy()
    np.testing.assert_allclose(rows.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert rows.dtype == torch.float32
    assert reduction == words


def test_reduce_to_rows__never_shares_memory():
    """An in-place layer that follows cannot change what was recorded."""
    x = randn(4, 5)
    rows, _ = reduce_to_rows(x, n_rows=4, module=nn.ReLU())
    before = rows.clone()
    x.zero_()
    assert torch.equal(rows, before)


def test_reduce_to_rows__leaves_padding_out():
    """With an attention mask, padded tokens do not count; a sample of padding only gives zeros."""
    x, mask = randn(3, 4, 5), torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    rows, words = reduce_to_rows(x, n_rows=3, module=nn.Linear(5, 5), mask=mask)
    torch.testing.assert_close(rows[0], x[0, :2].mean(0))
    torch.testing.assert_close(rows[1], x[1].mean(0))
    assert not rows[2].any()
    assert words == "token mean without padding"


def test_reduce_to_rows__takes_means_in_float32():
    """Half-precision outputs are not summed in half precision."""
    x = torch.full((2, 3, 64, 64), 100.0, dtype=torch.float16)
    rows, _ = reduce_to_rows(x, n_rows=2, module=nn.Conv2d(1, 3, 1))
    assert torch.equal(rows, torch.full((2, 3), 100.0))


def test_reduce_to_rows__refuses_outputs_without_samples():
    """An output with no axis for the samples is an error that says the shape."""
    with pytest.raises(ValueError, match=r"shape \(9, 2\), but the batch has 4 samples"):
        reduce_to_rows(randn(9, 2), n_rows=4, module=nn.ReLU())


def numpy_components(rows, n_dims):
    """The slow twin: projection on the leading right singular vectors."""
    centred = rows - rows.mean(0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    return centred @ axes[:n_dims].T, (sizes[:n_dims] ** 2).sum() / (sizes**2).sum()


def spread_out(n_rows, n_features, seed=0):
    """Rows with a decaying spectrum."""
    scale = torch.linspace(3, 0.1, n_features) ** 2
    return randn(n_rows, n_features, seed=seed) * scale


@pytest.mark.parametrize(("n_rows", "n_features"), [(200, 40), (30, 100)])
def test_principal_components__match_numpy_svd(n_rows, n_features):
    """Up to the sign of each component, for tall and for wide matrices."""
    rows = spread_out(n_rows, n_features)
    scores, explained = principal_components(rows, 8)
    expected, share = numpy_components(rows.numpy().astype(np.float64), 8)
    signs = np.sign((scores.numpy() * expected).sum(0))
    np.testing.assert_allclose(scores.numpy(), expected * signs, atol=1e-3 * np.abs(expected).max())
    assert explained == pytest.approx(share, rel=1e-3)


def test_principal_components__keep_the_variance_of_huge_matrices(monkeypatch):
    """Above the exact size, at most three per cent less variance is kept than by the exact components."""
    rows = randn(400, 500) * torch.linspace(1, 0.1, 500)
    exact, share = principal_components(rows, 64)
    monkeypatch.setattr(reducers, "_MAX_EXACT", 300)
    quick, explained = principal_components(rows, 64)
    assert quick.shape == exact.shape
    assert 0.97 < explained / share <= 1.0001
    assert torch.equal(quick, principal_components(rows, 64)[0])


@pytest.mark.parametrize("scale", [2.0**120, 2.0**-120])
def test_principal_components__do_not_depend_on_the_unit(scale):
    """Values whose squares overflow or vanish are projected like any others."""
    rows = spread_out(30, 20)
    (expected, share), (scores, explained) = principal_components(rows, 5), principal_components(rows * scale, 5)
    torch.testing.assert_close(scores / scale, expected)
    assert explained == pytest.approx(share)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 30), st.integers(3, 40), st.integers(0, 99))
def test_principal_components__keep_distances_when_nothing_is_lost(n_rows, n_features, seed):
    """With as many components as the rank, distances between samples stay."""
    rows = randn(n_rows, n_features, seed=seed)
    scores, explained = principal_components(rows, n_features - 1)
    if n_rows <= n_features - 1:
        torch.testing.assert_close(torch.cdist(scores, scores), torch.cdist(rows, rows), atol=2e-2, rtol=1e-2)
        assert explained == pytest.approx(1.0, abs=1e-4)
    assert scores.shape == (n_rows, min(n_rows, n_features - 1))


def test_principal_components__are_deterministic_and_leave_narrow_rows_alone():
    """Twice the same; rows that fit come back as they are; constant rows are no trouble."""
    rows = spread_out(50, 20)
    assert torch.equal(principal_components(rows, 5)[0], principal_components(rows, 5)[0])
    assert principal_components(rows, 20) == (rows, 1.0)
    scores, explained = principal_components(torch.ones(5, 9), 3)
    assert not scores.any()
    assert explained == 1.0
