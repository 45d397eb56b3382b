"""Bytes to disk so that they outlive a full disk, a crash and a power cut."""

from __future__ import annotations

import io
import os
from pathlib import Path


def write_all(file: io.FileIO, data: memoryview | bytes) -> None:
    """Write all bytes to an unbuffered file.

    Raises:
        OSError: The disk is full, a limit is reached, or the file cannot be written.
    """
    view = memoryview(data)
    while len(view):
        n_written = file.write(view)
        view = view[n_written or 0 :]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it appears under its name complete, or not at all.

    Raises:
        OSError: It could not be written; nothing is left behind.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with io.FileIO(temporary, "w") as file:
            write_all(file, data)
            os.fsync(file.fileno())
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder outlive a power cut, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
