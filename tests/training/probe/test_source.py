"""Probe sets: batches, shares of ranks, fingerprints."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, TensorDataset

from tb_neuromapper.training.probe.source import Fingerprints, ProbeSource, content_hash

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.uint8, torch.int64, torch.bool]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*DTYPES, torch.complex64]), st.integers(1, 5), st.integers(1, 9), st.integers(0, 3), st.data())
def test_fingerprints__change_with_any_element_of_their_sample(dtype, n_rows, n_features, offset, data):
    """Changing one element changes its sample's number and no other, for every dtype and memory layout."""
    x = torch.arange((n_rows + offset) * n_features).reshape(-1, n_features).to(dtype)[offset:]
    row, column = data.draw(st.integers(0, n_rows - 1)), data.draw(st.integers(0, n_features - 1))
    changed = x.clone()
    changed[row, column] = ~x[row, column] if dtype == torch.bool else x[row, column] + 1
    fingerprints = Fingerprints()
    differs = fingerprints.of(x, n_rows) != fingerprints.of(changed, n_rows)
    assert differs.tolist() == [i == row for i in range(n_rows)]


def test_fingerprints__do_not_depend_on_the_batch():
    """The same sample has the same number in any batch, and in another process."""
    x = torch.arange(60.0).reshape(10, 6)
    whole = Fingerprints().of(x, 10)
    parts = torch.cat([Fingerprints().of(x[:3], 3), Fingerprints().of(x[3:], 7)])
    assert torch.equal(whole, parts)
    assert whole[:2].tolist() == Fingerprints().of({"b": x[:2]}, 2).tolist()


def test_content_hash__is_what_it_was():
    """The number is part of the log, so it must not change with the process, the machine or a library's version."""
    x = torch.arange(12, dtype=torch.float32).reshape(4, 3)
    expected = "913e16515b9c4f453bc6f8965044b135c41e12c6275288795389f8e7c25dcc10"
    assert content_hash(Fingerprints().of(x, 4).numpy()) == expected


def test_fingerprints__see_every_input_and_its_place():
    """Two inputs that change places give other numbers."""
    a, b = torch.rand(4, 3), torch.rand(4, 3)
    fingerprints = Fingerprints()
    assert (fingerprints.of((a, b), 4) != fingerprints.of((b, a), 4)).all()


@pytest.mark.parametrize("n_ranks", [1, 2, 3, 5, 12])
@pytest.mark.parametrize("form", ["tensor", "dataset", "loader"])
def test_batches__of_all_ranks_cover_the_probe_once(n_ranks, form):
    """Every sample comes on exactly one rank, with its own row number."""
    x = torch.arange(10.0)[:, None]
    probe = {"tensor": x, "dataset": [(row,) for row in x], "loader": DataLoader(TensorDataset(x), batch_size=4)}[form]
    source = ProbeSource(probe, batch_size=3)
    found = {}
    for rank in range(n_ranks):
        for batch in source.batches(rank, n_ranks):
            for i in range(batch.n_rows):
                row = batch.start + i
                assert row not in found
                found[row] = batch.args[0][i].item()
    assert found == {row: float(row) for row in range(10)}
