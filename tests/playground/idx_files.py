"""Writes idx files as MNIST's authors describe them."""

import gzip
import struct

import numpy as np


def write_idx(path, values):
    """An array of bytes; compressed if the name ends in .gz."""
    header = b"\0\0\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    data = header + values.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def write_mnist(folder, n_train=60, n_test=20, suffix=""):
    """MNIST's four files with noise in them, where torchvision puts them; the labels go 0 to 9 round and round."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for prefix, n in (("train", n_train), ("t10k", n_test)):
        write_idx(raw / f"{prefix}-images-idx3-ubyte{suffix}", generator.integers(0, 256, (n, 28, 28)))
        write_idx(raw / f"{prefix}-labels-idx1-ubyte{suffix}", np.arange(n) % 10)
    return folder
