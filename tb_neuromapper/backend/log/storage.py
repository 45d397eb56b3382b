"""Reads the arrays of a record from its safetensors file, or from the blobs of its event, and checks them.

What a log says is not trusted: the file must lie in the run's own folder, and every array must have the dtype, shape
and checksum that the index announces. A failure is a RecordError, a sentence for the user.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from tb_neuromapper.schema import ASSET_FOLDER, RecordError, TensorSpec, checksum

_SAFETENSORS_DTYPES = {
    "uint8": "U8",
    "int32": "I32",
    "int64": "I64",
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
    "json": "U8",
}
_CHUNK_BYTES = 8 << 20


@dataclass(frozen=True)
class ArraySource:
    """Where one array lies, in a form that another process can use.

    Attributes:
        path: A safetensors file, or a file with the array's bare bytes (`raw`).
        name: The tensor's name.
        spec: What the index says of it.
        raw: The file holds the array's bytes and nothing else.
        rows: int64 (m,): only these rows are meant, in this order; None: all.
    """

    path: Path
    name: str
    spec: TensorSpec
    raw: bool = False
    rows: npt.NDArray[np.int64] | None = None

    @property
    def key(self) -> str:
        """What tells the content apart from any other."""
        return self.spec.checksum if self.rows is None else key_of_rows(self.spec.checksum, self.rows)


def key_of_rows(checksum: str, rows: npt.NDArray[np.int64]) -> str:
    """The key of some rows of an array."""
    return hashlib.sha256(checksum.encode() + rows.tobytes()).hexdigest()


def sidecar_path(run_directory: Path, file: str) -> Path:
    """The path of a record's file, which must not lead out of the run's asset folder.

    Raises:
        RecordError: The file is missing, or a link leads out of the folder.
    """
    folder = run_directory / ASSET_FOLDER
    path = folder / file
    if not path.is_file():
        raise RecordError(f"the file {file} is missing; was the run copied without its plugins/ folder?")
    if not path.resolve().is_relative_to(run_directory.resolve()):
        raise RecordError(f"the file {file} leads out of the run's folder; it is not read.")
    return path


def load_array(source: ArraySource) -> npt.NDArray[Any]:
    """The whole array.

    Raises:
        RecordError: The file is missing or broken, or differs from its index.
    """
    if source.raw:
        array = _load_raw(source)
    else:
        with _open_tensor(source) as tensor:
            # safetensors slices no tensor without values.
            empty = array_from_bytes(b"", source.name, source.spec) if not source.spec.n_bytes else None
            array = np.asarray(tensor[:]) if empty is None else empty
    if checksum(array) != source.spec.checksum:
        raise _bit_flip(source)
    return array


def load_features(source: ArraySource) -> npt.NDArray[np.float32]:
    """A table of activations, float32 (n, d); of a source with `rows`, those rows in their order.

    Raises:
        RecordError: They are missing, broken, not a table or not finite.
    """
    array = load_array(source)
    if array.ndim != 2 or not len(array):
        raise RecordError(f"tensor {source.name!r} has shape {array.shape}; only (n, d) is allowed.")
    if source.rows is not None:
        if source.rows.max(initial=-1) >= len(array):
            raise RecordError(f"tensor {source.name!r} has {len(array)} rows; the probe set has more.")
        array = array[source.rows]
    features = np.ascontiguousarray(array, dtype=np.float32)
    finite = np.isfinite(features).all(axis=1)
    if not finite.all():
        rows = np.flatnonzero(~finite)
        raise RecordError(f"{source.name!r} is NaN or infinite for {len(rows)} samples, first in row {rows[0]}.")
    return features


def load_rows(source: ArraySource, start: int, stop: int) -> npt.NDArray[Any]:
    """Rows start..stop of an array whose checksum `verify` has already confirmed.

    Raises:
        RecordError: The file is missing or broken, or differs from its index.
    """
    if source.raw:
        return _load_raw(source)[start:stop]
    with _open_tensor(source) as tensor:
        return np.asarray(tensor[start : min(stop, source.spec.shape[0])])


def verify(source: ArraySource) -> None:
    """Check an array's checksum without holding the array in memory.

    Raises:
        RecordError: The file is missing or broken, or differs from its index.
    """
    if source.raw:
        load_array(source)
        return
    digest = hashlib.sha256()
    n_rows = source.spec.shape[0] if source.spec.shape else 0
    row_bytes = source.spec.n_bytes // max(n_rows, 1)
    step = max(1, _CHUNK_BYTES // max(row_bytes, 1))
    with _open_tensor(source) as tensor:
        for start in range(0, n_rows, step):
            digest.update(np.ascontiguousarray(tensor[start : min(start + step, n_rows)]).data)
    if digest.hexdigest() != source.spec.checksum:
        raise _bit_flip(source)


@contextmanager
def _open_tensor(source: ArraySource) -> Iterator[Any]:
    name, spec = source.name, source.spec
    try:
        with safe_open(source.path, framework="np") as file:
            if name not in file.keys():  # noqa: SIM118 (safe_open has no __contains__)
                raise RecordError(f"the file {source.path.name} has no tensor {name!r}.")
            tensor = file.get_slice(name)
            dtype, shape = tensor.get_dtype(), tuple(tensor.get_shape())
            if dtype != _SAFETENSORS_DTYPES[spec.dtype] or shape != spec.shape:
                raise RecordError(
                    f"tensor {name!r} in {source.path.name} is {dtype} {shape}; "
                    f"its index says {spec.dtype} {spec.shape}."
                )
            yield tensor
    except SafetensorError as error:
        raise RecordError(f"the file {source.path.name} is truncated or broken ({error}).") from error
    except OSError as error:
        raise RecordError(f"the file {source.path.name} cannot be read ({error.strerror or error}).") from error


def _load_raw(source: ArraySource) -> npt.NDArray[Any]:
    try:
        data = source.path.read_bytes()
    except OSError as error:
        raise RecordError(f"the file {source.path.name} cannot be read ({error.strerror or error}).") from error
    return array_from_bytes(data, source.name, source.spec)


def array_from_bytes(data: bytes, name: str, spec: TensorSpec) -> npt.NDArray[Any]:
    """An array from its bare bytes.

    Raises:
        RecordError: The number of bytes is not that of the spec.
    """
    if len(data) != spec.n_bytes:
        raise RecordError(f"tensor {name!r} has {len(data)} bytes; its index says {spec.n_bytes}.")
    dtype = np.uint8 if spec.dtype == "json" else np.dtype(spec.dtype)
    return np.frombuffer(data, dtype=dtype).reshape(spec.shape)


def _bit_flip(source: ArraySource) -> RecordError:
    return RecordError(
        f"tensor {source.name!r} in {source.path.name} does not match its checksum; the file was changed or damaged."
    )
