"""The examples that need no more than scikit-learn, for an epoch or two."""

import subprocess
import sys
from pathlib import Path

import pytest

from tb_neuromapper import open_run
from tests.training.reading import read_records

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name, *arguments, cwd):
    """An example's process, once it has ended."""
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, cwd=cwd)


def test_transformer__logs_its_blocks(tmp_path):
    """A view for each attention block and for the output; the probe has pictures."""
    folder = tmp_path / "runs" / "small"
    result = run("transformer.py", "--logdir", folder, "--epochs", 2, "--blocks", 2, "--dims", 16, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "epoch 2 of 2: training accuracy" in result.stdout
    log = open_run(folder)
    assert log.blocks == ["blocks.0", "blocks.1", "output"]
    assert log.steps("activations") == [0, 1, 2]
    assert log.activations("blocks.1", 2).shape == (600, 16)
    flow = log.gradient_flow(log.steps("gradients")[-1])
    kinds = {layer.name: layer.kind for layer in flow.layers}
    assert kinds["blocks.0.attention"] == kinds["blocks.1.attention"] == "attention"
    assert read_records(folder, "probe")[0][1]["probe/thumbnails"].shape == (600, 8, 8, 1)


def test_transformer__refuses_heads_that_do_not_divide(tmp_path):
    """Features that cannot be shared among the heads get a sentence."""
    result = run("transformer.py", "--dims", 30, cwd=tmp_path)
    assert result.returncode == 2
    assert "--dims is 30; it must be a multiple of --heads, 4" in result.stderr


def test_mnist_mlp__trains_on_digits_too(tmp_path):
    """Without MNIST, --data digits shows the same; it learns."""
    folder = tmp_path / "runs" / "digits"
    result = run(
        "mnist_mlp.py", "--data", "digits", "--hidden", "32,16", "--epochs", 2, "--logdir", folder, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    log = open_run(folder)
    assert log.blocks == ["1", "2", "output"]
    assert log.steps("activations") == [0, 1, 2]
    assert (log.outcomes(2).predicted == log.labels).mean() > 0.3
    flow = log.gradient_flow(log.steps("gradients")[0])
    assert [layer.unit_gradient.shape for layer in flow.layers] == [(32,), (16,), (10,)]


@pytest.mark.parametrize(("flag", "value"), [("--hidden", "64,x"), ("--hidden", "0"), ("--epochs", "0")])
def test_mnist_mlp__explains_wrong_flags(tmp_path, flag, value):
    """Sizes that are none get a sentence."""
    result = run("mnist_mlp.py", "--data", "digits", flag, value, cwd=tmp_path)
    assert result.returncode == 2
    assert "is not a whole number of 1 or more" in result.stderr
