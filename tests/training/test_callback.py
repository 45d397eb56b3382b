"""What log_epoch writes: activations, outcomes, the probe's description and content, into which files."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.tensorboard import SummaryWriter

from tb_neuromapper import schema
from tb_neuromapper.training.callback import NeuroMapper
from tb_neuromapper.training.probe.source import Fingerprints, content_hash
from tests.training.epochs import conv_features, log_epochs
from tests.training.networks import ConvNet, images
from tests.training.reading import accumulate, read_records, scalars


@pytest.mark.parametrize("payload", ["file", "event"])
def test_log_epoch__writes_means_and_outcomes(tmp_path, payload):
    """Both payloads hold the blocks' means, the output, and outcomes as torch computes them."""
    model, (x, y) = ConvNet(), images()
    found = log_epochs(tmp_path, model, probe=(x, y), batch_size=7, payload=payload, dtype="float32")
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
    log_epochs(
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


def test_wrappers__are_looked_through(tmp_path):
    """DataParallel changes neither names nor values."""
    x, _ = images()
    assert list(log_epochs(tmp_path, nn.DataParallel(ConvNet()), probe=x)) == ["layer1", "layer2", "output"]


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
    log_epochs(tmp_path, model, epochs=(0, 1, 2), probe=probe)
    log_epochs(tmp_path, model, epochs=(1, 2, 3), probe=probe)
    steps = [e.step for e in accumulate(tmp_path).Tensors("neuromapper/activations")]
    assert sorted(set(steps)) == [0, 1, 2, 3]


def contents(run_dir):
    """What all records of a run say of the samples' content."""
    kinds = ("probe", "activations", "outcomes")
    return {record.attributes["content"] for kind in kinds for record, _ in read_records(run_dir, kind).values()}


def test_content__tells_probes_of_equal_ids_apart(tmp_path):
    """Every record has one hash of the inputs: another for another probe, not for other batches or labels."""
    (x, y), (other, _) = images(), images(seed=1)
    log_epochs(tmp_path / "a", ConvNet(), epochs=(0, 1), probe=(x, y))
    log_epochs(tmp_path / "b", ConvNet(), probe=DataLoader(TensorDataset(x, 3 - y), batch_size=5))
    log_epochs(tmp_path / "c", ConvNet(), probe=(other, y))
    log_epochs(tmp_path / "d", ConvNet(), probe=(x.flip(0), y))
    found = [contents(tmp_path / run) for run in "abcd"]
    assert [len(hashes) for hashes in found] == [1, 1, 1, 1]
    assert found[0] == found[1]
    assert len(found[0] | found[2] | found[3]) == 3
