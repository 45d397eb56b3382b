"""Where events go: an event file of our own, or the user's SummaryWriter."""

from __future__ import annotations

import io
import itertools
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto.event_pb2 import Event, SourceMetadata
from tensorboard.compat.proto.summary_pb2 import (
    DATA_CLASS_BLOB_SEQUENCE,
    DATA_CLASS_TENSOR,
    Summary,
    SummaryMetadata,
)
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.summary.writer.record_writer import RecordWriter

from tb_neuromapper import schema
from tb_neuromapper.recording.files import sync_folder, write_all

_SUFFIX = ".neuromapper"
_file_numbers = itertools.count()


def record_summary(record: schema.Record, blobs: Sequence[npt.NDArray[Any]] | None = None) -> Any:
    """A record as a TensorBoard summary.

    Args:
        record: The index; its `file` is None if `blobs` are given.
        blobs: The arrays, in the order of the index, to be put inside the event.

    Returns:
        A `Summary` of one value, under the tag of the record's kind.
    """
    index = schema.encode(record)
    if blobs is None:
        tensor = TensorProto(dtype=DT_STRING, string_val=[index], tensor_shape=TensorShapeProto())
        data_class = DATA_CLASS_TENSOR
    else:
        content = [index, *(np.ascontiguousarray(blob).tobytes() for blob in blobs)]
        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=len(content))])
        tensor = TensorProto(dtype=DT_STRING, string_val=content, tensor_shape=shape)
        data_class = DATA_CLASS_BLOB_SEQUENCE
    plugin_data = SummaryMetadata.PluginData(plugin_name=schema.PLUGIN_NAME)
    metadata = SummaryMetadata(plugin_data=plugin_data, data_class=data_class)
    return Summary(value=[Summary.Value(tag=schema.tag(record.kind), metadata=metadata, tensor=tensor)])


def scalar_summary(name: str, value: float) -> Any:
    """An ordinary scalar, as TensorBoard's own dashboards show it."""
    return Summary(value=[Summary.Value(tag=name, simple_value=value)])


class EventSink(Protocol):
    """Takes summaries; what was written before `flush` returned can be read from the file by other processes."""

    def write(self, summaries: Sequence[Any], step: int) -> None:
        """Append summaries of one step.

        Raises:
            OSError: They could not be written.
        """

    def flush(self) -> None:
        """Make what was written readable.

        Raises:
            OSError: It could not be written.
        """

    def close(self) -> None:
        """End the file; nothing is written after it."""


class OwnEventFile:
    """The only event file of a run, opened at the first write and kept whole when the disk is full.

    What was written before `flush` returned is on disk, also after a power cut. If a write or a flush fails, the file
    is cut back to what was flushed, so that later events, when there is room again, can be read.

    Args:
        run_dir: The run's directory, which exists when the first event is written.
    """

    def __init__(self, run_dir: Path) -> None:
        number = next(_file_numbers)
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{number}{_SUFFIX}"
        self._path = run_dir / name
        self._file: io.FileIO | None = None
        self._n_good_bytes = 0

    def write(self, summaries: Sequence[Any], step: int) -> None:
        """Append summaries as events of now; the first ones after TensorBoard's opening event.

        Raises:
            OSError: They could not be written; the file is as it was at the last `flush`.
        """
        if self._file is None:
            self._file = io.FileIO(self._path, "w")
        events = [Event(wall_time=time.time(), step=step, summary=summary) for summary in summaries]
        if self._file.tell() == 0:
            source = SourceMetadata(writer="tb_neuromapper")
            events.insert(0, Event(wall_time=time.time(), file_version="brain.Event:2", source_metadata=source))
        buffer = io.BytesIO()
        records = RecordWriter(buffer)
        for event in events:
            records.write(event.SerializeToString())
        with self._whole(self._file):
            write_all(self._file, buffer.getbuffer())

    def flush(self) -> None:
        """Put what was written on disk.

        Raises:
            OSError: The disk refused it; the file is as it was at the `flush` before.
        """
        if self._file is None:
            return
        with self._whole(self._file):
            os.fsync(self._file.fileno())
            if self._n_good_bytes == 0:
                sync_folder(self._path.parent)
        self._n_good_bytes = self._file.tell()

    @contextmanager
    def _whole(self, file: io.FileIO) -> Iterator[None]:
        try:
            yield
        except OSError:
            file.truncate(self._n_good_bytes)
            file.seek(self._n_good_bytes)
            raise

    def close(self) -> None:
        """Close the file, if one was opened."""
        if self._file is not None:
            self._file.close()


def foreign_event_files(run_dir: Path) -> list[str]:
    """Names of the event files in a run that this process wrote by other means, with a SummaryWriter say."""
    own = f".{socket.gethostname()}.{os.getpid()}."
    names = [path.name for path in run_dir.glob("*tfevents*")]
    return sorted(name for name in names if own in name and not name.endswith(_SUFFIX))


class SharedWriter:
    """The user's `torch.utils.tensorboard.SummaryWriter`; never closed from here.

    Args:
        writer: The SummaryWriter.
    """

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def is_open(self) -> bool:
        """Whether its user has not closed it."""
        return self._writer.file_writer is not None

    def write(self, summaries: Sequence[Any], step: int) -> None:
        """Append summaries to the user's event file.

        Raises:
            OSError: The SummaryWriter is closed, or its file cannot be written.
        """
        file_writer = self._writer.file_writer
        # A SummaryWriter that was closed opens a second event file when it is used again; so go around it.
        if file_writer is None:
            raise OSError("the SummaryWriter was closed before the records were written")
        for summary in summaries:
            file_writer.add_summary(summary, step)

    def flush(self) -> None:
        """Have the SummaryWriter write what it holds; nothing if it is closed."""
        if self._writer.file_writer is not None:
            self._writer.file_writer.flush()

    def close(self) -> None:
        """Flush; the file stays its user's."""
        if self.is_open():
            self.flush()
