"""A log entry's arrays, whether they lie in a file or in the event's blobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy.typing as npt

from tb_neuromapper.backend.cache import ResultCache, write_atomically
from tb_neuromapper.backend.log.reader import LogReader
from tb_neuromapper.backend.log.run_log import LogEntry
from tb_neuromapper.backend.log.storage import ArraySource, array_from_bytes, load_array, load_rows, verify
from tb_neuromapper.schema import RecordError, checksum, from_json_array


class ArrayLoader:
    """Loads arrays in TensorBoard's process, and names them for the worker.

    Args:
        reader: Reads blobs.
        cache: Keeps arrays that came inside events as files, for the worker.
    """

    def __init__(self, reader: LogReader, cache: ResultCache) -> None:
        self._reader = reader
        self._cache = cache
        self._verified: set[tuple[Path, str, str]] = set()

    def load(self, entry: LogEntry, name: str) -> npt.NDArray[Any]:
        """The whole array.

        Raises:
            RecordError: It is missing or broken.
        """
        spec = _spec(entry, name)
        if entry.path is not None:
            return load_array(ArraySource(entry.path, name, spec))
        array = array_from_bytes(self._blob(entry, name), name, spec)
        if checksum(array) != spec.checksum:
            raise RecordError(f"tensor {name!r} does not match its checksum; the event file was changed or damaged.")
        return array

    def load_list(self, entry: LogEntry, name: str) -> list[Any]:
        """An array as a list; json tensors are decoded.

        Raises:
            RecordError: It is missing or broken.
        """
        array = self.load(entry, name)
        values: list[Any] = from_json_array(array) if _spec(entry, name).dtype == "json" else array.tolist()
        return values

    def load_rows(self, entry: LogEntry, name: str, start: int, stop: int) -> npt.NDArray[Any]:
        """Rows start..stop; the array is checked as a whole when it is first touched, and never held as a whole.

        Raises:
            RecordError: It is missing or broken.
        """
        if entry.path is None:
            return self.load(entry, name)[start:stop]
        source = ArraySource(entry.path, name, _spec(entry, name))
        key = (source.path, name, source.spec.checksum)
        if key not in self._verified:
            verify(source)
            self._verified.add(key)
        return load_rows(source, start, stop)

    def source(self, entry: LogEntry, name: str) -> ArraySource:
        """Where a worker finds the array; blobs are first copied into the cache.

        Raises:
            RecordError: The record has no such tensor.
        """
        spec = _spec(entry, name)
        if entry.path is not None:
            return ArraySource(entry.path, name, spec)
        path = self._cache.blob_path(spec.checksum)
        if not path.is_file():
            write_atomically(path, self._blob(entry, name))
        return ArraySource(path, name, spec, raw=True)

    def _blob(self, entry: LogEntry, name: str) -> bytes:
        return self._reader.read_blob(entry.blob_keys[name])


def _spec(entry: LogEntry, name: str) -> Any:
    if name not in entry.record.tensors:
        raise RecordError(f"the record has no tensor {name!r}; it has {', '.join(entry.record.tensors) or 'none'}.")
    return entry.record.tensors[name]
