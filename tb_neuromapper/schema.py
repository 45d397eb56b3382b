"""Every record that a run can hold: its kinds, its JSON index and the arrays that the index describes.

A record is one TensorBoard event. The event's tensor holds a small JSON index; the arrays lie beside it in a
safetensors file, or, with ``payload="event"``, in the event itself. docs/event_format.md is the prose version.
Both the training side and the viewer import this module, so it imports nothing but the standard library and numpy.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

PLUGIN_NAME = "neuromapper"
SCHEMA_VERSION = 1
KINDS = ("probe", "activations", "outcomes", "gradients", "parameters", "units")

# numpy dtypes that may be stored, plus "json": a UTF-8 JSON array of strings or numbers, stored as uint8.
ARRAY_DTYPES = ("uint8", "int32", "int64", "float16", "float32", "float64")
DTYPES = (*ARRAY_DTYPES, "json")
_MAX_RANK = 8
_MAX_ITEMS = 2**40

# Sidecars live here, below the run's directory; TensorBoard keeps plugin assets in the same way.
ASSET_FOLDER = f"plugins/{PLUGIN_NAME}"
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}\.safetensors")


class RecordError(ValueError):
    """A record that cannot be used; the message says what came and what is allowed."""


@dataclass(frozen=True)
class TensorSpec:
    """One array of a record.

    Attributes:
        dtype: One of DTYPES, little-endian.
        shape: The array's shape; for "json" the number of bytes, (n_bytes,).
        checksum: Hex SHA-256 of the array's bytes in C order.
    """

    dtype: str
    shape: tuple[int, ...]
    checksum: str

    @property
    def n_bytes(self) -> int:
        """The array's size."""
        item_size = 1 if self.dtype == "json" else np.dtype(self.dtype).itemsize
        return math.prod(self.shape) * item_size


@dataclass(frozen=True)
class Record:
    """The index of one record.

    Attributes:
        kind: One of KINDS.
        step: A training step for `gradients` and `parameters`, else an epoch; never negative.
        sample_set: Hex SHA-256 of the probe set's sample ids; rows of equal sample sets are the same samples.
        file: Name of the safetensors file in ASSET_FOLDER, or None if the arrays lie in the event.
        tensors: Specs by tensor name, in the writer's order (for `activations`: block names, input to output).
        attributes: Small JSON values that belong to the kind (docs/event_format.md).
    """

    kind: str
    step: int
    sample_set: str
    file: str | None
    tensors: Mapping[str, TensorSpec]
    attributes: Mapping[str, Any] = field(default_factory=dict)


def tag(kind: str) -> str:
    """The TensorBoard tag of a kind, for example "neuromapper/activations"."""
    return f"{PLUGIN_NAME}/{kind}"


def checksum(array: npt.NDArray[Any]) -> str:
    """Hex SHA-256 of an array's bytes in C order."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def sample_set_hash(sample_ids: Sequence[int] | Sequence[str]) -> str:
    """Hex SHA-256 of the sample ids as JSON; ids 1 and "1" differ, the order counts."""
    text = json.dumps(list(sample_ids), separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def to_json_array(values: Sequence[Any]) -> npt.NDArray[np.uint8]:
    """A list as the uint8 array that a "json" tensor stores."""
    text = json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))
    return np.frombuffer(text.encode(), dtype=np.uint8)


def from_json_array(array: npt.NDArray[np.uint8]) -> list[Any]:
    """The list that a "json" tensor holds.

    Raises:
        RecordError: The bytes are not a UTF-8 JSON array.
    """
    try:
        values = json.loads(array.tobytes().decode())
    except (ValueError, RecursionError) as error:
        raise RecordError(f"a json tensor does not hold JSON ({error.__class__.__name__}).") from error
    if not isinstance(values, list):
        raise RecordError(f"a json tensor holds a {type(values).__name__}; only a list is allowed.")
    return values


def encode(record: Record) -> bytes:
    """The JSON index of a record, UTF-8."""
    index = {
        "schema_version": SCHEMA_VERSION,
        "kind": record.kind,
        "step": record.step,
        "sample_set": record.sample_set,
        "file": record.file,
        "tensors": {
            name: {"dtype": spec.dtype, "shape": list(spec.shape), "checksum": spec.checksum}
            for name, spec in record.tensors.items()
        },
        "attributes": dict(record.attributes),
    }
    return json.dumps(index, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def decode(data: bytes) -> Record:
    """Read a JSON index, trusting nothing.

    Raises:
        RecordError: Not JSON, another schema version, a missing or ill-typed field, or a file name that could
            leave the run's folder.
    """
    try:
        index = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise RecordError(f"the index is not JSON ({error.__class__.__name__}).") from error
    if not isinstance(index, dict):
        raise RecordError(f"the index is a {type(index).__name__}; only an object is allowed.")
    version = index.get("schema_version")
    if version != SCHEMA_VERSION:
        raise RecordError(
            f"schema version {version!r}; this viewer reads version {SCHEMA_VERSION}. "
            "Install the tb_neuromapper that wrote the run, or a newer one."
        )
    kind, step, file = index.get("kind"), index.get("step"), index.get("file")
    if kind not in KINDS:
        raise RecordError(f"kind {kind!r}; allowed are {', '.join(KINDS)}.")
    if not _is_count(step):
        raise RecordError(f"step {step!r}; only an integer of 0 or more is allowed.")
    if file is not None and not (isinstance(file, str) and _FILE_NAME.fullmatch(file)):
        raise RecordError(f"file {file!r}; only a bare name ending in .safetensors is allowed.")
    sample_set, attributes = index.get("sample_set"), index.get("attributes", {})
    tensors = index.get("tensors")
    if not isinstance(sample_set, str) or not isinstance(attributes, dict) or not isinstance(tensors, dict):
        raise RecordError("sample_set must be a string, attributes and tensors must be objects.")
    specs = {name: _decode_spec(name, spec) for name, spec in tensors.items()}
    return Record(kind, step, sample_set, file, specs, attributes)


def _decode_spec(name: str, spec: object) -> TensorSpec:
    if not isinstance(spec, dict):
        raise RecordError(f"tensor {name!r} is described by a {type(spec).__name__}; only an object is allowed.")
    dtype, shape, digest = spec.get("dtype"), spec.get("shape"), spec.get("checksum")
    if dtype not in DTYPES:
        raise RecordError(f"tensor {name!r} has dtype {dtype!r}; allowed are {', '.join(DTYPES)}.")
    if not isinstance(shape, list) or not all(_is_count(size) for size in shape):
        raise RecordError(f"tensor {name!r} has shape {shape!r}; only integers of 0 or more are allowed.")
    if not isinstance(digest, str):
        raise RecordError(f"tensor {name!r} has no checksum.")
    _check_size(name, shape)
    return TensorSpec(dtype, tuple(shape), digest)


def _check_size(name: str, shape: Sequence[int]) -> None:
    """Refuse shapes that no real record has, before anything is multiplied or allocated by them."""
    if len(shape) > _MAX_RANK:
        raise RecordError(f"tensor {name!r} has {len(shape)} axes; at most {_MAX_RANK} are allowed.")
    if math.prod(shape) > _MAX_ITEMS or (0 in shape and shape[0] != 0):
        raise RecordError(
            f"tensor {name!r} has shape {list(shape)}; at most {_MAX_ITEMS} values, and no 0, are allowed."
        )


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
