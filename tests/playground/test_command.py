"""tb-neuromapper train, as a user runs it."""

import re
import signal
import subprocess
import sys

import pytest

from tb_neuromapper import open_run

COMMAND = [sys.executable, "-m", "tb_neuromapper.cli", "train"]


def train(*arguments, cwd):
    """What `tb-neuromapper train` does with some arguments, in a folder."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=cwd)


def test_train__writes_a_run(tmp_path):
    """It prints a line an epoch, names the next command, and never writes into a run that exists."""
    for name in ("moons-6-3", "moons-6-3-2"):
        result = train("--data", "moons", "--hidden", "6,3", "--lr", 0.3, "--epochs", 2, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert "epoch 2 of 2: loss" in result.stdout
        assert "tensorboard --logdir runs" in result.stdout
        run = open_run(tmp_path / "runs" / name)
        assert run.steps("activations") == [0, 1, 2]
        assert run.class_names == ["upper moon", "lower moon"]
        assert run.blocks == ["hidden1", "hidden2", "output"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--hidden", "64,x"], "hidden layers: a size is 'x'; give at most 8 whole numbers"),
        (["--hidden", "0"], "each from 1 to 1024"),
        (["--lr", "fast"], "learning rate is 'fast'; give a number from"),
        (["--lr", "nan"], "learning rate is nan"),
        (["--epochs", "0"], "epochs is 0; give a whole number from 1"),
        (["--data", "cifar"], "data set is 'cifar'; give one of digits"),
        (["--data", "mnist"], "MNIST is not in data; let torchvision"),
        (["--run-name", "../x"], "run name is '../x'"),
        (["--logdir", "file"], "No run can be written into the log directory file"),
    ],
)
def test_train__explains_bad_input(tmp_path, arguments, words):
    """What cannot be used gets a sentence, and no run is begun."""
    (tmp_path / "file").write_text("")
    result = train(*arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "runs").exists()


def test_train__tells_of_a_loss_that_exploded(tmp_path):
    """The status is 1 and the sentence advises."""
    result = train("--activation", "identity", "--initialization", "large", "--lr", 1000, cwd=tmp_path)
    assert result.returncode == 1
    assert "The loss became " in result.stderr


def test_train__ends_cleanly_at_ctrl_c(tmp_path):
    """Ctrl-C keeps the epochs until then; no traceback."""
    command = [*COMMAND, "--epochs", "500", "--logdir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        if line.startswith("epoch 2 of"):
            break
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert re.search(r"Stopped; the epochs until \d+ are kept\.", output)
    assert "Traceback" not in output
    assert open_run(tmp_path / "digits-64-32").steps("activations")[:3] == [0, 1, 2]
