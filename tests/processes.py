"""Starts Python processes for tests, and finds what they need."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def start_python(script, *arguments, **options):
    """A Python process with this checkout on its path, on one thread; its outputs are pipes of text."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def free_port():
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def children_of(pid):
    """The process ids of a process's children, as strings."""
    names = [path.name for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [name for name in names if _status(name)[1:2] == [str(pid)]]


def is_alive(pid):
    """Whether a process has not ended."""
    return _status(pid)[:1] not in ([], ["Z"])


def _status(pid):
    """[state, parent's pid] of a process, or [] if there is none."""
    try:
        with Path(f"/proc/{pid}/stat").open() as file:
            return file.read().rpartition(")")[2].split()[:2]
    except OSError:
        return []
