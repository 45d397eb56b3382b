"""Which blocks an epoch's record holds, and in which precision."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn

from tb_neuromapper.training.probe import reducers
from tests.training.epochs import log_epochs
from tests.training.networks import ConvNet, images, mlp
from tests.training.reading import read_records


def test_blocks__the_output_is_logged_once(tmp_path):
    """A chosen block that is the network's output keeps its name; otherwise the output is added."""
    x, _ = images()
    assert list(log_epochs(tmp_path / "a", ConvNet(), probe=x, blocks=["layer1", "fc"])) == ["layer1", "fc"]
    assert list(log_epochs(tmp_path / "b", ConvNet(), probe=x, blocks=["layer1"])) == ["layer1", "output"]
    assert list(log_epochs(tmp_path / "c", mlp(), probe=torch.randn(5, 6))) == ["1", "4", "output"]
    assert list(log_epochs(tmp_path / "d", nn.Linear(6, 2), probe=torch.randn(5, 6))) == ["output"]


def test_blocks__a_module_named_output_is_not_the_networks_output(tmp_path):
    """A hidden module of that name and the network's own output are both there and right."""

    class Net(nn.Module):
        def __init__(self, is_last):
            super().__init__()
            self.stem, self.output, self.is_last = nn.Linear(6, 5), nn.Linear(5, 3), is_last

        def forward(self, x):
            scores = self.output(self.stem(x))
            return scores if self.is_last else scores * 2

    model, last, x = Net(False), Net(True), torch.randn(9, 6)
    for name, blocks in [("found", None), ("chosen", ["stem", "output"])]:
        found = log_epochs(tmp_path / name, model, probe=(x, torch.arange(9) % 3), blocks=blocks, dtype="float32")
        assert list(found) == ["stem", "output", "output (network)"]
        np.testing.assert_array_equal(found["output (network)"], found["output"] * 2)
        np.testing.assert_allclose(found["output"], model(x).detach() / 2, rtol=1e-5, atol=1e-6)
        assert list(log_epochs(tmp_path / f"last {name}", last, probe=x, blocks=blocks)) == ["stem", "output"]


@pytest.mark.parametrize("returns_time_first", [True, False])
def test_blocks__keep_one_axis_for_the_samples(tmp_path, returns_time_first):
    """Batches with as many samples as tokens are read like the others, also if layers inside declare another axis."""

    class Permuting(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = None if returns_time_first else nn.GRU(3, 3)

        def forward(self, x):
            return x.transpose(0, 1) * 1.0 if returns_time_first else self.rnn(x.transpose(0, 1))[0].transpose(0, 1)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.block, self.head = Permuting(), nn.Linear(3, 2)

        def forward(self, x):
            return self.head(self.block(x).mean(0 if returns_time_first else 1))

    model, x = Net(), torch.randn(10, 4, 3)
    found = log_epochs(tmp_path, model, probe=x, batch_size=4, blocks=["block"], dtype="float32")
    expected = model.block(x).detach().mean(0 if returns_time_first else 1)
    np.testing.assert_allclose(found["block"], expected, rtol=1e-5, atol=1e-6)


def test_blocks__follow_the_order_of_execution(tmp_path):
    """Blocks are written from input to output, however they are registered."""

    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.first = nn.Linear(4, 4), nn.Linear(6, 4)

        def forward(self, x):
            return self.last(self.first(x)).relu()

    assert list(log_epochs(tmp_path, Backwards(), probe=torch.randn(5, 6))) == ["first", "last", "output"]


def test_log_epoch__reduces_wide_blocks(tmp_path):
    """Blocks wider than max_dims are projected; the index says from how many features and what is left."""
    found = log_epochs(tmp_path, mlp(width=40), probe=torch.randn(30, 6), max_dims=5)
    record, _ = read_records(tmp_path, "activations")[0]
    assert {name: rows.shape for name, rows in found.items()} == {"1": (30, 5), "4": (30, 5), "output": (30, 3)}
    described = record.attributes["blocks"]["1"]
    assert described["n_features"] == 40
    assert described["reduction"] == "PCA"
    assert 0.3 < described["explained_variance"] < 1


def test_dtype__falls_back_to_float32_where_float16_fails(tmp_path):
    """Values beyond float16, or whose differences it would round away, are stored as float32."""
    cases = [("large", 1e6, 0.0), ("offset", 1.0, 1e4), ("tiny", 1e-9, 0.0), ("plain", 1.0, 0.0)]
    # Squares of these overflow or vanish in float32.
    cases += [("huge", 1e30, 0.0), ("minute", 1e-30, 0.0)]
    for name, weight, bias in cases:
        layer = nn.Linear(1, 1)
        nn.init.constant_(layer.weight, weight)
        nn.init.constant_(layer.bias, bias)
        rows = log_epochs(tmp_path / name, layer, probe=torch.linspace(-1, 1, 50)[:, None])["output"]
        assert rows.dtype == (np.float16 if name == "plain" else np.float32)
        expected = weight * np.linspace(-1, 1, 50, dtype=np.float32)[:, None] + np.float32(bias)
        np.testing.assert_allclose(rows, expected, rtol=1e-3, atol=abs(weight) * 1e-3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_precision__of_the_model_may_be_any(tmp_path, dtype):
    """Half and double precision networks are logged alike, with thumbnails and outcomes."""
    x, y = images()
    found = log_epochs(tmp_path, ConvNet().to(dtype), probe=(x.to(dtype), y))
    assert list(found) == ["layer1", "layer2", "output"]
    assert read_records(tmp_path, "probe")[0][1]["probe/thumbnails"].shape == (24, 8, 8, 1)
    assert np.isfinite(read_records(tmp_path, "outcomes")[0][1]["outcomes/loss"]).all()


@contextmanager
def default_dtype(dtype):
    """New tensors are of a dtype meanwhile."""
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("max_exact", [2048, 20])
@pytest.mark.parametrize(
    "setting",
    [
        lambda: torch.autocast("cpu", torch.bfloat16),
        lambda: default_dtype(torch.float64),
        lambda: torch.device("meta"),
    ],
    ids=["autocast", "float64", "meta"],
)
def test_precision__of_the_reductions_is_our_own(tmp_path, setting, max_exact, monkeypatch):
    """Neither autocast nor the user's default dtype or device changes how wide blocks are projected."""
    monkeypatch.setattr(reducers, "_MAX_EXACT", max_exact)

    class Fixed(nn.Module):
        """Gives its input, which autocast does not touch."""

        def forward(self, x):
            return x * 1.0

    x, y = torch.randn(40, 30, generator=torch.Generator().manual_seed(0)), (torch.arange(40) % 30).numpy()
    options = {"probe": (x.numpy(), y), "max_dims": 5, "dtype": "float32"}
    expected = log_epochs(tmp_path / "plain", Fixed(), **options)["output"]
    with setting():
        found = log_epochs(tmp_path / "set", Fixed(), **options)["output"]
    np.testing.assert_array_equal(found, expected)
    losses = [read_records(tmp_path / run, "outcomes")[0][1]["outcomes/loss"] for run in ("plain", "set")]
    np.testing.assert_array_equal(*losses)
