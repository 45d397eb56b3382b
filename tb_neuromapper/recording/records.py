"""What is handed over to be written: records of one step before they have a place on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper import schema


@dataclass(frozen=True)
class Draft:
    """A record before it is written.

    Attributes:
        kind: One of schema.KINDS.
        arrays: Arrays by tensor name; names in `json_names` hold UTF-8 JSON.
        attributes: Small JSON values of the kind.
        json_names: Names of the arrays whose dtype is "json".
    """

    kind: str
    arrays: Mapping[str, npt.NDArray[Any]]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    json_names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Flush:
    """What one `log_epoch`, or one recorded `step`, hands over: records and scalars of one step.

    Attributes:
        step: Of all records and scalars.
        sample_set: Hash of the samples' ids; "" if the records speak of no samples.
        content: Hash of the samples' inputs, which goes into the attributes of every record, or None.
        drafts: The records, without the probe.
        scalars: By tag.
    """

    step: int
    sample_set: str
    content: str | None
    drafts: Sequence[Draft]
    scalars: Mapping[str, float]


@dataclass(frozen=True)
class PendingFlush:
    """A recorded step whose records are put together in the writing thread, so that training does not wait.

    Attributes:
        n_bytes: Held until then.
        finish: Puts them together. Does not raise; None if it fails.
    """

    n_bytes: int
    finish: Callable[[], Flush | None]


def index_of(draft: Draft, flush: Flush, file_name: str | None) -> schema.Record:
    """The record of a draft, whose arrays go into a file, or into the event if there is none."""
    specs = {
        name: schema.TensorSpec(
            "json" if name in draft.json_names else array.dtype.name,
            array.shape,
            schema.checksum(little_endian(array)),
        )
        for name, array in draft.arrays.items()
    }
    content = {} if flush.content is None else {"content": flush.content}
    attributes = {**draft.attributes, **content}
    return schema.Record(draft.kind, flush.step, flush.sample_set, file_name, specs, attributes)


def little_endian(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array as it is written: contiguous, the least significant byte first."""
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
