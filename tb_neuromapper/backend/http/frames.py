"""Binary frames: a JSON header and raw little-endian arrays (docs/http_api.md, "Frames")."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

MAGIC = b"NMF1"
DTYPES = ("uint8", "uint16", "int32", "float32")


def encode_frame(arrays: Mapping[str, npt.NDArray[Any]], attributes: Mapping[str, Any] | None = None) -> bytes:
    """Pack arrays and JSON attributes into one frame.

    Raises:
        ValueError: An array's dtype is not one of DTYPES.
    """
    entries, chunks, offset = [], [], 0
    for name, array in arrays.items():
        if array.dtype.name not in DTYPES:
            raise ValueError(f"array {name!r} has dtype {array.dtype}; a frame holds {', '.join(DTYPES)}.")
        data = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
        entries.append({"name": name, "dtype": array.dtype.name, "shape": list(array.shape), "offset": offset})
        padding = -len(data) % 8
        chunks.append(data + b"\0" * padding)
        offset += len(data) + padding
    header = json.dumps({"arrays": entries, **(attributes or {})}, allow_nan=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return b"".join([MAGIC, struct.pack("<I", len(header)), header, *chunks])


def decode_frame(data: bytes) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Unpack a frame into arrays and attributes.

    Raises:
        ValueError: Not a frame, or an array that does not fit into it.
    """
    if data[:4] != MAGIC or len(data) < 8:
        raise ValueError(f"a frame begins with {MAGIC!r}; these {len(data)} bytes begin with {data[:4]!r}.")
    (length,) = struct.unpack("<I", data[4:8])
    if 8 + length > len(data):
        raise ValueError(f"the header reaches beyond the end of the frame: {length} of {len(data) - 8} bytes.")
    attributes = json.loads(data[8 : 8 + length])
    body, arrays = memoryview(data)[8 + length :], {}
    for entry in attributes.pop("arrays"):
        dtype = np.dtype(entry["dtype"]).newbyteorder("<")
        n_items = int(np.prod(entry["shape"], dtype=np.int64))
        if entry["offset"] + n_items * dtype.itemsize > len(body):
            raise ValueError(f"array {entry['name']!r} reaches beyond the end of the frame.")
        array = np.frombuffer(body, dtype=dtype, count=n_items, offset=entry["offset"])
        arrays[entry["name"]] = array.reshape(entry["shape"])
    return arrays, attributes
