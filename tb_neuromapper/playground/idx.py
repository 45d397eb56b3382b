"""Reads the idx files of MNIST, as their authors and torchvision keep them."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_MAX_VALUES = 1 << 28
_PARTS = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def find_mnist(folder: Path) -> Path | None:
    """The folder with MNIST's four files: this one, or where torchvision puts them below it; None without."""
    names = [name for pair in _PARTS.values() for name in pair]
    for place in (folder / "MNIST" / "raw", folder):
        if all(_file(place, name) is not None for name in names):
            return place
    return None


def read_mnist(folder: Path, part: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Images and labels of one part.

    Args:
        folder: Where the files are.
        part: "train" or "test".

    Returns:
        uint8 (n, height, width) and uint8 (n,).

    Raises:
        ValueError: A file is missing or not what it should be.
    """
    images, labels = (read_idx(folder, name) for name in _PARTS[part])
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or len(labels) == 0 or labels.max() > 9:
        raise ValueError(
            f"{_PARTS[part][0]} {images.shape} and {_PARTS[part][1]} {labels.shape} in {folder} do not fit together as "
            "images and their digits; get MNIST anew."
        )
    return images, labels


def read_idx(folder: Path, name: str) -> npt.NDArray[np.uint8]:
    """Read one idx file of bytes, plain or with `.gz`: 0, 0, 8, the number of dimensions, their sizes, the bytes.

    Args:
        folder: Where it is.
        name: Its name, without `.gz`.

    Returns:
        uint8, in the shape that the header says (sizes are big-endian).

    Raises:
        ValueError: It is missing, cut off, too large, or no idx file of bytes.
    """
    path = _file(folder, name)
    if path is None:
        raise ValueError(f"there is no {name} in {folder}; put MNIST's four files there.")
    try:
        with _opener(path)(path, "rb") as file:
            n_dims = _header(file.read(4))
            shape = struct.unpack(f">{n_dims}I", file.read(4 * n_dims))
            n_values = int(np.prod(shape, dtype=np.float64))
            data = file.read(n_values + 1) if n_values <= _MAX_VALUES else b""
    except (OSError, EOFError, struct.error) as error:
        raise ValueError(f"{path} cannot be read ({error}); get MNIST anew.") from error
    if len(data) != n_values:
        raise ValueError(f"{path} is not as long as its header says; get MNIST anew.")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _opener(path: Path) -> Any:
    return gzip.open if path.suffix == ".gz" else open


def _header(start: bytes) -> int:
    if len(start) < 4 or start[:3] != b"\0\0\x08" or not 1 <= start[3] <= 3:
        raise EOFError("no idx file of bytes")
    return start[3]


def _file(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)
