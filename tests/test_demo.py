"""The demo command, as a user runs it."""

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from tb_neuromapper import open_run
from tests.servers import await_value


@pytest.fixture
def free_port():
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


def demo(*flags, folder, **options):
    """The demo as a process of its own, with a cache of its own."""
    command = [sys.executable, "-m", "tb_neuromapper.cli", "demo", "--logdir", str(folder / "runs"), *map(str, flags)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, **options
    )


def test_demo__trains_beside_tensorboard(tmp_path, free_port):
    """It prints the tab's address before the first epoch, trains, and leaves a run with thumbnails and five blocks."""
    process = demo("--port", free_port, "--epochs", 2, "--exit", folder=tmp_path)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert output.index(f"http://localhost:{free_port}/#neuromapper") < output.index("epoch 1 of 2")
    (folder,) = (tmp_path / "runs").iterdir()
    run = open_run(folder)
    assert run.blocks == ["layer1", "layer2", "layer3", "layer4", "output"]
    assert run.steps("activations") == [0, 1, 2]
    assert len(run.sample_ids) == 1000
    assert (run.outcomes(2).predicted == run.labels).mean() > 0.5


def test_demo__names_a_taken_port(tmp_path):
    """A taken port gets a sentence that says what to do."""
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        listener.listen()
        port = listener.getsockname()[1]
        process = demo("--port", port, folder=tmp_path)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert re.search(rf"Port {port} cannot be used \(.*\)\. Choose another: PORT={port + 1} make demo\.", output)
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("flags", "words"),
    [(["--port", 0], "only 1 to 65535"), (["--epochs", 0], "at least 1"), (["--port", "x"], "invalid int value")],
)
def test_demo__explains_wrong_flags(tmp_path, flags, words):
    """Values that cannot work get a sentence."""
    process = demo(*flags, folder=tmp_path)
    output, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert words in output
    assert "Traceback" not in output


def test_demo__ends_both_processes_at_ctrl_c(tmp_path, free_port):
    """Ctrl-C in the middle of the training ends everything, without a traceback, and the port is free again."""
    process = demo("--port", free_port, "--epochs", 500, folder=tmp_path, start_new_session=True)
    for line in process.stdout:
        if line.startswith("epoch 1 of"):
            break
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in output
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("localhost", free_port))
    await_value(lambda: not group_exists(process.pid))


def group_exists(group):
    """Whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
