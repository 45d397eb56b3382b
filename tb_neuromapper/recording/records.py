"""Records of one step on their way to the writer, before they have a place on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper import schema


@dataclass(frozen=True)
class RecordDraft:
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
class RecordBatch:
    """The records and scalars of one step, as one `log_epoch` or one recorded `step` gives them to the writer.

    Attributes:
        step: Of all records and scalars.
        sample_set: Hash of the samples' ids; "" if the records are not about samples.
        content: Hash of the samples' inputs, which goes into the attributes of every record, or None.
        drafts: The records, without the probe.
        scalars: By tag.
    """

    step: int
    sample_set: str
    content: str | None
    drafts: Sequence[RecordDraft]
    scalars: Mapping[str, float]


@dataclass(frozen=True)
class DeferredBatch:
    """A recorded step whose records are made in the writing thread, so that training does not wait.

    Attributes:
        n_bytes: Memory that it holds until then.
        finish: Makes the records. Does not raise; None if it fails.
    """

    n_bytes: int
    finish: Callable[[], RecordBatch | None]


def index_of(draft: RecordDraft, batch: RecordBatch, file_name: str | None) -> schema.Record:
    """The index of a draft of a batch.

    Args:
        draft: The record.
        batch: Gives the step, the sample set and the content hash.
        file_name: The safetensors file of its arrays, or None if they go into the event.
    """
    specs = {
        name: schema.TensorSpec(
            "json" if name in draft.json_names else array.dtype.name,
            array.shape,
            schema.checksum(little_endian(array)),
        )
        for name, array in draft.arrays.items()
    }
    content = {} if batch.content is None else {"content": batch.content}
    attributes = {**draft.attributes, **content}
    return schema.Record(draft.kind, batch.step, batch.sample_set, file_name, specs, attributes)


def little_endian(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array as it is written: contiguous, the least significant byte first."""
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
