"""The command tb-neuromapper, as a user runs it."""

import os
import subprocess
import sys

import pytest

from tb_neuromapper import open_run
from tests.logs import LogWriter, flip_bit, write_run


def cli(*arguments):
    """The command tb-neuromapper with these arguments, once it has ended."""
    command = [sys.executable, "-m", "tb_neuromapper", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_precompute__fills_the_cache(tmp_path):
    """All blocks of all runs are laid out; opening one afterwards computes nothing."""
    write_run(tmp_path / "logs" / "a")
    write_run(tmp_path / "logs" / "deep" / "b", steps=[1, 5])
    result = cli("precompute", tmp_path / "logs", "--cache", tmp_path / "cache", "--n-neighbors", 10)
    assert result.returncode == 0, result.stderr
    lines = result.stderr.splitlines()
    assert [line.split()[:2] for line in lines] == [
        [run, block] for run in ("a", "deep/b") for block in ("layer1", "output")
    ]
    assert all("[########################] done" in line for line in lines)
    before = sorted((tmp_path / "cache").rglob("*.npy"))
    open_run(tmp_path / "logs" / "deep" / "b", cache=tmp_path / "cache").project("output", n_neighbors=10)
    assert sorted((tmp_path / "cache").rglob("*.npy")) == before


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")
def test_precompute__rewrites_one_line_a_block_on_a_terminal(tmp_path):
    """On a terminal the bar moves within a line that is never wider than the terminal; in a pipe there are no codes."""
    write_run(tmp_path / "logs" / ("a" * 60))
    command = [
        sys.executable,
        "-m",
        "tb_neuromapper.cli",
        "precompute",
        tmp_path / "logs",
        "--cache",
        tmp_path / "cache",
    ]
    own, terminal = os.openpty()
    process = subprocess.Popen(command, stderr=terminal, env={**os.environ, "COLUMNS": "50"})
    os.close(terminal)
    with open(own, "rb", buffering=0) as shown:  # noqa: PTH123 - a descriptor has no path
        data = b""
        while chunk := _read(shown):
            data += chunk
    assert process.wait() == 0
    lines = data.decode().replace("\r\n", "\n").rstrip("\n").split("\n")
    assert len(lines) == 2
    rewritten = [text for line in lines for text in line.split("\r\x1b[K")[1:]]
    assert len(rewritten) > 2
    assert max(map(len, rewritten)) < 50
    piped = subprocess.run(command, capture_output=True, check=True).stderr
    assert len(piped.split(b"\n")) == 3
    assert not set(b"\r\x1b") & set(piped)


def _read(terminal):
    """What there is to read; nothing when the other side has closed, which Linux reports as an error."""
    try:
        return terminal.read(4096)
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere is not a folder"),
        ([".", "--min-dist", "7"], "from 0 to 1"),
        ([".", "--metric", "hamming"], "allowed are euclidean"),
        ([".", "--seed", "x"], "invalid int value"),
    ],
)
def test_precompute__explains_bad_input(tmp_path, arguments, words):
    """A missing folder and a wrong parameter each get a sentence."""
    result = cli("precompute", tmp_path / arguments[0], *arguments[1:])
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_precompute__tells_what_failed(tmp_path):
    """A block without a usable step fails with a sentence and status 1; a folder without our data is reported."""
    assert "has NeuroMapper data" in cli("precompute", tmp_path).stderr
    writer = LogWriter(tmp_path / "a")
    path = writer.epoch(0, blocks=["layer1"])
    writer.close()
    flip_bit(path, -3)
    result = cli("precompute", tmp_path, "--cache", tmp_path / "cache")
    assert result.returncode == 1
    assert "checksum" in result.stderr
