"""The forms that networks, probes and labels come in."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, Subset, TensorDataset

from tb_neuromapper.training.callback import NeuroMapper
from tests.training.epochs import blocks_of, conv_features, log_epochs
from tests.training.networks import ConvNet, Encoder, Recurrent, images, mlp
from tests.training.reading import accumulate, read_records


@pytest.mark.parametrize("returns", ["tensor", "tuple", "dict", "object"])
@pytest.mark.parametrize("batch_first", [True, False])
def test_log_epoch__takes_transformers(tmp_path, returns, batch_first):
    """Token axes are averaged, in every form of the output and with the batch axis first or second."""
    tokens = torch.randint(0, 20, (9, 5), generator=torch.Generator().manual_seed(0))
    model = Encoder(returns, batch_first=batch_first)
    found = log_epochs(tmp_path, model, probe=(tokens, torch.arange(9) % 4), batch_size=4)
    assert {name: rows.shape for name, rows in found.items()} == {
        **{f"encoder.layers.{i}": (9, 8) for i in range(3)},
        "output": (9, 4),
    }
    assert "outcomes/confidence" in read_records(tmp_path, "outcomes")[0][1]


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize("batch_first", [True, False])
def test_log_epoch__takes_recurrent_networks(tmp_path, kind, batch_first):
    """The outputs of a recurrent layer are averaged over time, not its states."""
    model, x = Recurrent(kind, batch_first), torch.randn(6, 4, 5)
    found = log_epochs(tmp_path, model, probe=x, dtype="float32")
    with torch.no_grad():
        expected = model.rnn(x if batch_first else x.transpose(0, 1))[0].mean(1 if batch_first else 0)
    np.testing.assert_allclose(found["rnn"], expected.numpy(), rtol=1e-4, atol=1e-6)
    assert list(found) == ["rnn", "output"]


class TokenDicts:
    """Samples as Hugging Face data sets give them."""

    def __len__(self):
        return 7

    def __getitem__(self, i):
        mask = torch.tensor([1, 1, 1, int(i % 2 == 0)])
        return {"input_ids": torch.tensor([i, i + 1, i + 2, 0]), "attention_mask": mask, "labels": i % 4}


def test_log_epoch__takes_dicts(tmp_path):
    """Dict samples are passed as keywords; labels are taken out, padding does not count."""
    log_epochs(tmp_path, Encoder("dict"), probe=TokenDicts(), batch_size=3)
    record, _ = read_records(tmp_path, "activations")[0]
    assert record.attributes["blocks"]["encoder.layers.0"]["reduction"] == "token mean without padding"
    assert read_records(tmp_path, "probe")[0][1]["probe/labels"].tolist() == [i % 4 for i in range(7)]


class Stream(IterableDataset):
    """A probe that can only be read from its beginning."""

    def __iter__(self):
        return iter(zip(*images(10), strict=True))


@pytest.mark.parametrize(
    "probe_of",
    [
        lambda x, y: TensorDataset(x, y),
        lambda x, y: Subset(TensorDataset(x, y), range(len(x))),
        lambda x, y: DataLoader(TensorDataset(x, y), batch_size=3),
        lambda x, y: DataLoader(TensorDataset(x, y), batch_size=4, num_workers=2),
        lambda x, y: (x.numpy(), y.numpy()),
        lambda x, y: [(image, int(label)) for image, label in zip(x, y, strict=True)],
        lambda x, y: Stream(),
    ],
    ids=["dataset", "subset", "loader", "workers", "arrays", "list", "iterable"],
)
def test_log_epoch__takes_any_probe(tmp_path, probe_of):
    """The same samples give the same log in every form of a probe."""
    x, y = images(10)
    torch.manual_seed(0)
    model = ConvNet()
    found = log_epochs(tmp_path, model, epochs=(0, 1), probe=probe_of(x, y), dtype="float32")
    np.testing.assert_allclose(found["layer2"], conv_features(model, x)["layer2"].numpy(), rtol=1e-4, atol=1e-5)
    assert read_records(tmp_path, "probe")[0][1]["probe/labels"].tolist() == y.tolist()


def test_log_epoch__takes_several_inputs_and_an_own_forward(tmp_path):
    """Tuples (x1, x2, y) become two inputs; `forward` calls networks of any other shape."""

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right = nn.Linear(3, 4), nn.Linear(2, 4)

        def forward(self, a, b):
            return self.left(a) + self.right(b)

    parts = (torch.randn(5, 3), torch.randn(5, 2), torch.arange(5) % 4)
    assert list(log_epochs(tmp_path / "two", Two(), probe=parts)) == ["left", "right", "output"]
    swapped = (parts[1], parts[0], parts[2])
    options = {"probe": swapped, "forward": lambda model, inputs: model(inputs[1], inputs[0])}
    np.testing.assert_array_equal(log_epochs(tmp_path / "own", Two(), epochs=(0,), **options)["left"].shape, (5, 4))


def test_log_epoch__takes_targets(tmp_path):
    """Float labels are targets: squared errors, a loss, no accuracy."""
    model, x, targets = mlp(n_out=1), torch.randn(8, 6), torch.linspace(0, 1, 8)
    log_epochs(tmp_path, model, probe=(x, targets))
    _, outcomes = read_records(tmp_path, "outcomes")[0]
    model.eval()
    expected = (model(x)[:, 0] - targets).square().detach().numpy()
    np.testing.assert_allclose(outcomes["outcomes/loss"], expected, rtol=1e-4, atol=1e-6)
    assert outcomes["outcomes/predicted"].dtype == np.float32
    assert "outcomes/confidence" not in outcomes
    np.testing.assert_allclose(read_records(tmp_path, "probe")[0][1]["probe/targets"], targets)
    assert accumulate(tmp_path).Tags()["scalars"] == ["probe/loss"]


def test_log_epoch__needs_no_labels(tmp_path):
    """Without labels there are activations and no outcomes."""
    log_epochs(tmp_path, ConvNet(), probe=images()[0])
    assert read_records(tmp_path, "outcomes") == {}
    assert "probe/labels" not in read_records(tmp_path, "probe")[0][1]
    assert accumulate(tmp_path).Tags()["scalars"] == []


def test_log_epoch__prefers_given_labels(tmp_path):
    """`labels` overrides what the probe says."""
    x, y = images(6)
    log_epochs(tmp_path, ConvNet(), probe=(x, y), labels=[0, -1, 0, 1, 1, 2])
    assert read_records(tmp_path, "probe")[0][1]["probe/labels"].tolist() == [0, -1, 0, 1, 1, 2]


def test_log_epoch__warns_once_where_outcomes_make_no_sense(tmp_path):
    """Class labels for a network without one row of scores per sample: a warning at the first epoch only."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 3))
    with NeuroMapper(model, tmp_path, probe=images()) as mapper:
        with pytest.warns(UserWarning, match="logs no outcomes: the output has 2 x 4 x 4 values per sample") as caught:
            mapper.log_epoch(0)
        mapper.log_epoch(1)
    assert [warning.filename for warning in caught] == [__file__]
    assert list(blocks_of(tmp_path, 1)) == ["1", "output"]
