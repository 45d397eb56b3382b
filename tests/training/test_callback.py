"""What log_epoch writes, for each kind of network, probe and label."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, Subset, TensorDataset
from torch.utils.tensorboard import SummaryWriter

from tb_neuromapper import schema
from tb_neuromapper.training.callback import NeuroMapper
from tb_neuromapper.training.probe import reducers
from tb_neuromapper.training.probe.source import Fingerprints, content_hash
from tests.training.networks import ConvNet, Encoder, Recurrent, images, mlp
from tests.training.reading import accumulate, read_records, scalars


def log(tmp_path, model, epochs=(0,), **options):
    """Log some epochs and read the activations of the last one, by block."""
    with NeuroMapper(model, tmp_path, **options) as mapper:
        for epoch in epochs:
            mapper.log_epoch(epoch)
    return blocks_of(tmp_path, epochs[-1])


def blocks_of(run_dir, step):
    _, arrays = read_records(run_dir, "activations")[step]
    return {name.removeprefix("activations/"): array for name, array in arrays.items()}


@torch.no_grad()
def conv_features(model, x):
    """The slow twin: the stages' means and the output, in evaluation mode."""
    model.eval()
    stem = model.stem(x)
    first = model.layer1(stem)
    second = model.layer2(first)
    output = model(x)
    model.train()
    return {"layer1": first.mean((2, 3)), "layer2": second.mean((2, 3)), "output": output}


@pytest.mark.parametrize("payload", ["file", "event"])
def test_log_epoch__writes_means_and_outcomes(tmp_path, payload):
    """Both payloads hold the blocks' means, the output, and outcomes as torch computes them."""
    model, (x, y) = ConvNet(), images()
    found = log(tmp_path, model, probe=(x, y), batch_size=7, payload=payload, dtype="float32")
    expected = conv_features(model, x)
    assert list(found) == ["layer1", "layer2", "output"]
    for name, rows in expected.items():
        np.testing.assert_allclose(found[name], rows.numpy(), rtol=1e-4, atol=1e-5)
    record, outcomes = read_records(tmp_path, "outcomes")[0]
    loss = functional.cross_entropy(expected["output"], y, reduction="none")
    np.testing.assert_allclose(outcomes["outcomes/loss"], loss.numpy(), rtol=1e-4)
    np.testing.assert_array_equal(outcomes["outcomes/predicted"], expected["output"].argmax(1).numpy())
    assert record.attributes["scores"] == "logits"
    accuracy = float((expected["output"].argmax(1) == y).float().mean())
    assert scalars(tmp_path, "probe/loss") == {0: pytest.approx(float(loss.mean()), rel=1e-4)}
    assert scalars(tmp_path, "probe/accuracy") == {0: pytest.approx(accuracy)}


def test_log_epoch__describes_the_probe_once(tmp_path):
    """The first record holds ids, labels, names, thumbnails, texts and columns; later epochs do not repeat it."""
    x, y = images(6)
    log(
        tmp_path,
        ConvNet(),
        epochs=(3, 4, 9),
        probe=(x, y),
        class_names=["a", "b", "ü", "d"],
        sample_ids=[f"img{i}" for i in range(6)],
        metadata={"source": ["s", "t"] * 3, "size": range(6), "weight": np.linspace(0, 1, 6)},
        describe=lambda i: f"sample {i}",
    )
    probes = read_records(tmp_path, "probe")
    assert list(probes) == [3]
    record, arrays = probes[3]
    assert arrays["probe/ids"] == [f"img{i}" for i in range(6)]
    assert record.sample_set == schema.sample_set_hash(arrays["probe/ids"])
    assert arrays["probe/labels"].tolist() == y.tolist()
    assert arrays["probe/class_names"] == ["a", "b", "ü", "d"]
    assert arrays["probe/descriptions"][5] == "sample 5"
    assert arrays["probe/thumbnails"].shape == (6, 8, 8, 1)
    assert arrays["probe/metadata/source"] == ["s", "t"] * 3
    assert arrays["probe/metadata/size"].dtype == np.int64
    assert arrays["probe/metadata/weight"].dtype == np.float32
    assert record.attributes == {"n_samples": 6, "content": content_hash(Fingerprints().of(x, 6).numpy())}
    assert list(read_records(tmp_path, "activations")) == [3, 4, 9]


def test_log_epoch__reduces_wide_blocks(tmp_path):
    """Blocks wider than max_dims are projected; the index says from how many features and what is left."""
    found = log(tmp_path, mlp(width=40), probe=torch.randn(30, 6), max_dims=5)
    record, _ = read_records(tmp_path, "activations")[0]
    assert {name: rows.shape for name, rows in found.items()} == {"1": (30, 5), "4": (30, 5), "output": (30, 3)}
    described = record.attributes["blocks"]["1"]
    assert described["n_features"] == 40
    assert described["reduction"] == "PCA"
    assert 0.3 < described["explained_variance"] < 1


@pytest.mark.parametrize("returns", ["tensor", "tuple", "dict", "object"])
@pytest.mark.parametrize("batch_first", [True, False])
def test_log_epoch__takes_transformers(tmp_path, returns, batch_first):
    """Token axes are averaged, whatever form the output has and wherever the batch axis is."""
    tokens = torch.randint(0, 20, (9, 5), generator=torch.Generator().manual_seed(0))
    model = Encoder(returns, batch_first=batch_first)
    found = log(tmp_path, model, probe=(tokens, torch.arange(9) % 4), batch_size=4)
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
    found = log(tmp_path, model, probe=x, dtype="float32")
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
    log(tmp_path, Encoder("dict"), probe=TokenDicts(), batch_size=3)
    record, _ = read_records(tmp_path, "activations")[0]
    assert record.attributes["blocks"]["encoder.layers.0"]["reduction"] == "token mean without padding"
    assert read_records(tmp_path, "probe")[0][1]["probe/labels"].tolist() == [i % 4 for i in range(7)]


class Stream(IterableDataset):
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
    """The same samples give the same log in whatever form they come."""
    x, y = images(10)
    torch.manual_seed(0)
    model = ConvNet()
    found = log(tmp_path, model, epochs=(0, 1), probe=probe_of(x, y), dtype="float32")
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
    assert list(log(tmp_path / "two", Two(), probe=parts)) == ["left", "right", "output"]
    swapped = (parts[1], parts[0], parts[2])
    options = {"probe": swapped, "forward": lambda model, inputs: model(inputs[1], inputs[0])}
    np.testing.assert_array_equal(log(tmp_path / "own", Two(), epochs=(0,), **options)["left"].shape, (5, 4))


def test_log_epoch__takes_targets(tmp_path):
    """Float labels are targets: squared errors, a loss, no accuracy."""
    model, x, targets = mlp(n_out=1), torch.randn(8, 6), torch.linspace(0, 1, 8)
    log(tmp_path, model, probe=(x, targets))
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
    log(tmp_path, ConvNet(), probe=images()[0])
    assert read_records(tmp_path, "outcomes") == {}
    assert "probe/labels" not in read_records(tmp_path, "probe")[0][1]
    assert accumulate(tmp_path).Tags()["scalars"] == []


def test_log_epoch__prefers_given_labels(tmp_path):
    """`labels` overrides what the probe says."""
    x, y = images(6)
    log(tmp_path, ConvNet(), probe=(x, y), labels=[0, -1, 0, 1, 1, 2])
    assert read_records(tmp_path, "probe")[0][1]["probe/labels"].tolist() == [0, -1, 0, 1, 1, 2]


def test_log_epoch__warns_once_where_outcomes_make_no_sense(tmp_path):
    """Class labels for a network without one row of scores per sample: a warning at the first epoch only."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 3))
    with NeuroMapper(model, tmp_path, probe=images()) as mapper:
        with pytest.warns(UserWarning, match="logs no outcomes: the network gives not one row of scores"):
            mapper.log_epoch(0)
        mapper.log_epoch(1)
    assert list(blocks_of(tmp_path, 1)) == ["1", "output"]


def test_blocks__the_output_is_logged_once(tmp_path):
    """A chosen block that is the network's output keeps its name; otherwise the output is added."""
    x, _ = images()
    assert list(log(tmp_path / "a", ConvNet(), probe=x, blocks=["layer1", "fc"])) == ["layer1", "fc"]
    assert list(log(tmp_path / "b", ConvNet(), probe=x, blocks=["layer1"])) == ["layer1", "output"]
    assert list(log(tmp_path / "c", mlp(), probe=torch.randn(5, 6))) == ["1", "4", "output"]
    assert list(log(tmp_path / "d", nn.Linear(6, 2), probe=torch.randn(5, 6))) == ["output"]


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
        found = log(tmp_path / name, model, probe=(x, torch.arange(9) % 3), blocks=blocks, dtype="float32")
        assert list(found) == ["stem", "output", "output (network)"]
        np.testing.assert_array_equal(found["output (network)"], found["output"] * 2)
        np.testing.assert_allclose(found["output"], model(x).detach() / 2, rtol=1e-5, atol=1e-6)
        assert list(log(tmp_path / f"last {name}", last, probe=x, blocks=blocks)) == ["stem", "output"]


@pytest.mark.parametrize("returns_time_first", [True, False])
def test_blocks__keep_one_axis_for_the_samples(tmp_path, returns_time_first):
    """Batches with as many samples as tokens are read like the others, whatever the layers inside say."""

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
    found = log(tmp_path, model, probe=x, batch_size=4, blocks=["block"], dtype="float32")
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

    assert list(log(tmp_path, Backwards(), probe=torch.randn(5, 6))) == ["first", "last", "output"]


def test_dtype__falls_back_to_float32_where_float16_fails(tmp_path):
    """Values beyond float16, or whose differences it would round away, are stored as float32."""
    cases = [("large", 1e6, 0.0), ("offset", 1.0, 1e4), ("tiny", 1e-9, 0.0), ("plain", 1.0, 0.0)]
    # Squares of these overflow or vanish in float32.
    cases += [("huge", 1e30, 0.0), ("minute", 1e-30, 0.0)]
    for name, weight, bias in cases:
        layer = nn.Linear(1, 1)
        nn.init.constant_(layer.weight, weight)
        nn.init.constant_(layer.bias, bias)
        rows = log(tmp_path / name, layer, probe=torch.linspace(-1, 1, 50)[:, None])["output"]
        assert rows.dtype == (np.float16 if name == "plain" else np.float32)
        expected = weight * np.linspace(-1, 1, 50, dtype=np.float32)[:, None] + np.float32(bias)
        np.testing.assert_allclose(rows, expected, rtol=1e-3, atol=abs(weight) * 1e-3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_precision__of_the_model_may_be_any(tmp_path, dtype):
    """Half and double precision networks are logged alike, with thumbnails and outcomes."""
    x, y = images()
    found = log(tmp_path, ConvNet().to(dtype), probe=(x.to(dtype), y))
    assert list(found) == ["layer1", "layer2", "output"]
    assert read_records(tmp_path, "probe")[0][1]["probe/thumbnails"].shape == (24, 8, 8, 1)
    assert np.isfinite(read_records(tmp_path, "outcomes")[0][1]["outcomes/loss"]).all()


@contextmanager
def default_dtype(dtype):
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
    expected = log(tmp_path / "plain", Fixed(), **options)["output"]
    with setting():
        found = log(tmp_path / "set", Fixed(), **options)["output"]
    np.testing.assert_array_equal(found, expected)
    losses = [read_records(tmp_path / run, "outcomes")[0][1]["outcomes/loss"] for run in ("plain", "set")]
    np.testing.assert_array_equal(*losses)


def test_wrappers__are_looked_through(tmp_path):
    """DataParallel changes neither names nor values."""
    x, _ = images()
    assert list(log(tmp_path, nn.DataParallel(ConvNet()), probe=x)) == ["layer1", "layer2", "output"]


def test_writer__is_shared(tmp_path):
    """With `writer`, records and the user's own scalars share one event file, and the writer stays open."""
    with SummaryWriter(str(tmp_path)) as writer:
        with NeuroMapper(ConvNet(), writer=writer, probe=images()) as mapper:
            for epoch in range(3):
                writer.add_scalar("train/loss", 1.0, epoch)
                mapper.log_epoch(epoch)
        writer.add_scalar("train/loss", 0.5, 3)
    assert len(list(tmp_path.glob("*tfevents*"))) == 1
    assert list(scalars(tmp_path, "train/loss")) == [0, 1, 2, 3]
    assert list(read_records(tmp_path, "activations")) == [0, 1, 2]


def test_flush__puts_all_on_disk(tmp_path):
    """After flush everything logged is readable, while the mapper is still open."""
    with NeuroMapper(ConvNet(), tmp_path, probe=images()) as mapper:
        for epoch in range(12):
            mapper.log_epoch(epoch)
        mapper.flush()
        assert list(read_records(tmp_path, "activations")) == list(range(12))


def test_resumed_run__may_go_back(tmp_path):
    """A new NeuroMapper on the same run starts at any epoch; both event files are read."""
    torch.manual_seed(0)
    model, probe = ConvNet(), images()
    log(tmp_path, model, epochs=(0, 1, 2), probe=probe)
    log(tmp_path, model, epochs=(1, 2, 3), probe=probe)
    steps = [e.step for e in accumulate(tmp_path).Tensors("neuromapper/activations")]
    assert sorted(set(steps)) == [0, 1, 2, 3]


def contents(run_dir):
    """What all records of a run say of the samples' content."""
    kinds = ("probe", "activations", "outcomes")
    return {record.attributes["content"] for kind in kinds for record, _ in read_records(run_dir, kind).values()}


def test_content__tells_probes_of_equal_ids_apart(tmp_path):
    """Every record has one hash of the inputs: another for another probe, not for other batches or labels."""
    (x, y), (other, _) = images(), images(seed=1)
    log(tmp_path / "a", ConvNet(), epochs=(0, 1), probe=(x, y))
    log(tmp_path / "b", ConvNet(), probe=DataLoader(TensorDataset(x, 3 - y), batch_size=5))
    log(tmp_path / "c", ConvNet(), probe=(other, y))
    log(tmp_path / "d", ConvNet(), probe=(x.flip(0), y))
    found = [contents(tmp_path / run) for run in "abcd"]
    assert [len(hashes) for hashes in found] == [1, 1, 1, 1]
    assert found[0] == found[1]
    assert len(found[0] | found[2] | found[3]) == 3
