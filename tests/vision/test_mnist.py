"""The MNIST example, end to end, on small files in MNIST's own format, read by torchvision's own loader."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.playground.idx_files import write_mnist
from tests.training.reading import read_records, scalars

pytestmark = pytest.mark.vision

EXAMPLE = Path(__file__).parents[2] / "examples" / "mnist_mlp.py"


def test_example__reads_mnist_from_disk(tmp_path, capsys):
    """Two epochs on MNIST's files: both hidden layers and the output, thumbnails of the test images, accuracy."""
    data = write_mnist(tmp_path / "data", n_train=60, n_test=20)
    log = tmp_path / "runs" / "tiny"
    arguments = ["--data-dir", data, "--hidden", "16,8", "--epochs", 2, "--batch-size", 16, "--logdir", log]
    runpy.run_path(str(EXAMPLE))["main"]([str(argument) for argument in arguments])
    activations = read_records(log, "activations")
    assert list(activations) == [0, 1, 2]
    features = {name: block["n_features"] for name, block in activations[2][0].attributes["blocks"].items()}
    assert features == {"1": 16, "2": 8, "output": 10}
    _, probe = read_records(log, "probe")[0]
    assert probe["probe/labels"].tolist() == [i % 10 for i in range(20)]
    assert probe["probe/thumbnails"].shape == (20, 28, 28, 1)
    assert list(scalars(log, "probe/accuracy")) == [0, 1, 2]
    assert "Done. Look at it" in capsys.readouterr().out


def test_example__says_what_is_missing(tmp_path):
    """Without the data there is a sentence, no traceback."""
    command = [sys.executable, str(EXAMPLE), "--data-dir", str(tmp_path / "nothing")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert process.returncode == 1
    assert "MNIST could not be read from" in process.stderr
    assert "--data digits" in process.stderr
    assert "Traceback" not in process.stderr
