"""The CIFAR-10 example, end to end, on a tiny data set in CIFAR-10's own file format."""

from __future__ import annotations

import hashlib
import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training.reading import read_records, scalars

pytestmark = pytest.mark.vision

EXAMPLE = Path(__file__).parents[2] / "examples" / "cifar10_resnet50.py"
NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
N_TEST = 20


def write_batch(path, n_images, seed):
    """A file as in cifar-10-batches-py: a pickled dict with rows of 3,072 bytes, red, green, blue planes."""
    generator = np.random.default_rng(seed)
    content = {
        "batch_label": path.name,
        "labels": [i % 10 for i in range(n_images)],
        "data": generator.integers(0, 256, (n_images, 3072), dtype=np.uint8),
        "filenames": [f"{i}.png" for i in range(n_images)],
    }
    path.write_bytes(pickle.dumps(content))
    return hashlib.md5(path.read_bytes()).hexdigest()


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The folder of a tiny CIFAR-10. torchvision checks every file's MD5, so it is given the tiny files' own."""
    from torchvision.datasets import CIFAR10

    folder = tmp_path / "data" / CIFAR10.base_folder
    folder.mkdir(parents=True)
    train = [(name, write_batch(folder / name, 8, i)) for i, (name, _) in enumerate(CIFAR10.train_list)]
    test = [(name, write_batch(folder / name, N_TEST, 99)) for name, _ in CIFAR10.test_list]
    meta = folder / CIFAR10.meta["filename"]
    meta.write_bytes(pickle.dumps({CIFAR10.meta["key"]: NAMES, "num_cases_per_batch": 8, "num_vis": 3072}))
    monkeypatch.setattr(CIFAR10, "train_list", train)
    monkeypatch.setattr(CIFAR10, "test_list", test)
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": hashlib.md5(meta.read_bytes()).hexdigest()})
    return tmp_path / "data"


def run(*arguments):
    """Run the example with some arguments."""
    runpy.run_path(str(EXAMPLE))["main"]([str(argument) for argument in arguments])


def test_example__logs_every_epoch(data, tmp_path, capsys):
    """Two epochs of a real ResNet-50: four blocks and the output, thumbnails, names, loss and accuracy."""
    log = tmp_path / "runs" / "tiny"
    run("--data", data, "--epochs", 2, "--limit", 16, "--logdir", log, "--batch-size", 8, "--workers", 0)
    activations = read_records(log, "activations")
    assert list(activations) == [0, 1]
    record, arrays = activations[1]
    assert [name.removeprefix("activations/") for name in arrays] == ["layer1", "layer2", "layer3", "layer4", "output"]
    features = {name: block["n_features"] for name, block in record.attributes["blocks"].items()}
    assert features == {"layer1": 256, "layer2": 512, "layer3": 1024, "layer4": 2048, "output": 10}
    _, probe = read_records(log, "probe")[0]
    assert probe["probe/class_names"] == NAMES
    assert probe["probe/labels"].tolist() == [i % 10 for i in range(16)]
    assert probe["probe/thumbnails"].shape == (16, 32, 32, 3)
    pixels = np.random.default_rng(99).integers(0, 256, (N_TEST, 3072), dtype=np.uint8)[:16]
    expected = pixels.reshape(16, 3, 32, 32).transpose(0, 2, 3, 1).astype(int)
    np.testing.assert_allclose(probe["probe/thumbnails"].astype(int), expected, atol=2)
    assert list(scalars(log, "probe/accuracy")) == [0, 1]
    assert "Done. Look at it" in capsys.readouterr().out


def test_example__uses_the_whole_test_set(data, tmp_path):
    """Without --limit every test image is in the probe."""
    log = tmp_path / "runs" / "whole"
    run("--data", data, "--epochs", 1, "--logdir", log, "--batch-size", 20, "--workers", 0)
    assert read_records(log, "probe")[0][0].attributes["n_samples"] == N_TEST


def test_example__says_what_is_missing(tmp_path):
    """Without the data there is a sentence, no traceback."""
    command = [sys.executable, str(EXAMPLE), "--data", str(tmp_path / "nothing")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert process.returncode == 1
    assert "CIFAR-10 could not be read from" in process.stderr
    assert "--download" in process.stderr
    assert "Traceback" not in process.stderr
