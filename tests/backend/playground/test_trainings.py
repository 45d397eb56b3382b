"""Facts about the trainings that the viewer starts: their limits, and why one cannot be started."""

import os
import subprocess
import sys

import pytest

from tb_neuromapper import open_run
from tb_neuromapper.backend.playground.trainings import CannotTrainError, Trainings
from tb_neuromapper.playground.limits import Limits
from tb_neuromapper.playground.parameters import parse_training
from tests.servers import await_value

LONG = {"hidden": [8], "n_epochs": 500, "batch_size": 2}


@pytest.fixture
def start_training(tmp_path):
    """A function that trains in a process of its own under the given limits and returns its last description."""
    opened = []

    def start(limits, **values):
        trainings = Trainings(tmp_path, tmp_path / "data", limits)
        opened.append(trainings)
        trainings.start(parse_training(values))
        return await_value(lambda: (last := trainings.described()[0])["state"] not in ("starting", "training") and last)

    yield start
    for trainings in opened:
        trainings.close()


def test_limits__end_a_training_that_takes_too_long(start_training, tmp_path):
    """After its time it is stopped with a sentence, and what it logged stays."""
    last = start_training(Limits(time_s=2), **LONG)
    assert open_run(tmp_path / "digits-8").steps("activations")[0] == 0
    assert last["state"] == "stopped"
    assert "stopped after 2 seconds, the longest that a training may take here" in last["message"]


def test_limits__end_a_training_that_takes_too_much_memory(start_training, tmp_path):
    """Memory beyond the bound cannot be had; the sentence says so, and TensorBoard's own memory is not at stake."""
    last = start_training(Limits(memory_bytes=64 << 20), hidden=[1024] * 8, optimizer="adam", data="moons")
    assert last["state"] in ("failed", "stopped")
    assert "memory" in last["message"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_start__explains_a_folder_that_cannot_be_written(tmp_path):
    """A read-only log directory gets a sentence."""
    tmp_path.chmod(0o500)
    with pytest.raises(CannotTrainError, match="can be written to"):
        Trainings(tmp_path / "runs", tmp_path).start(parse_training({}))


def test_start__explains_a_log_directory_that_is_a_file(tmp_path):
    """So does one that is no folder at all."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotTrainError, match="can be written to"):
        Trainings(tmp_path / "file", tmp_path).start(parse_training({}))


def test_start__says_that_torch_is_missing(tmp_path):
    """Where torch is not installed, looking works and training gets a sentence."""
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from importlib import util\nfind = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'torch' else find(name, *rest)\n"
        "from pathlib import Path\nfrom tb_neuromapper.backend.playground.trainings import Trainings\n"
        f"print(Trainings(Path({str(tmp_path)!r}), Path('data')).why_not())"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "training needs torch, which is not installed: pip install" in result.stdout
