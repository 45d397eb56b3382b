"""The results cache: neighbour lists and layouts, keyed by the content they were computed from.

Everything is written under a temporary name and renamed, so a reader sees whole files or none, and several TensorBoards
may share one cache. The log directory is never written to. Only numpy: TensorBoard's process reads layouts itself.

A layout is a base (slices laid out together) followed by extensions (slices added one at a time while a run was live).
Each slice has a key: the hash of the parameters and of the activations of all slices up to it. The base's folder bears
its last slice's key, an extension's file its own. So a layout is found by its activations, however it came about.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import platformdirs

FloatArray = npt.NDArray[np.float32]

# Raised when the engine changes its results; old entries are then never found and age out.
ENGINE_VERSION = 3
DEFAULT_MAX_BYTES = 4 << 30
_LEFT_BEHIND_S = 86400
_N_REPLACE_TRIES = 20
_REPLACE_PAUSE_S = 0.02


def default_folder() -> Path:
    """The user's cache directory for this package."""
    return Path(platformdirs.user_cache_dir("tb_neuromapper", appauthor=False))


@dataclass(frozen=True)
class StoredLayout:
    """A layout on disk that covers the first slices of a request.

    Attributes:
        base: Folder of the base.
        n_base: Slices of the base.
        extensions: Files of the further slices.
    """

    base: Path
    n_base: int
    extensions: tuple[Path, ...]

    def __len__(self) -> int:
        """How many slices it covers."""
        return self.n_base + len(self.extensions)

    def positions(self, index: int) -> FloatArray:
        """float32 (n, 2) of one slice.

        Raises:
            OSError, EOFError, ValueError: The file has been removed since, or is damaged.
        """
        if index < self.n_base:
            return np.array(np.load(self.base / "positions.npy", mmap_mode="r")[index])
        return _load(self.extensions[index - self.n_base])

    def token(self, index: int) -> str:
        """Something that differs between any two different contents."""
        return self.base.name if index < self.n_base else self.extensions[index - self.n_base].name

    def qualities(self, first: int = 0) -> list[dict[str, Any] | None]:
        """The measured qualities of the slices from `first` on, None where one is not known."""
        base: list[dict[str, Any] | None] = [None] * self.n_base
        if first < self.n_base:
            base = _load_json(self.base / "quality.json") or base
        extensions = self.extensions[max(0, first - self.n_base) :]
        return base[first:] + [_load_json(path.with_suffix(".json")) for path in extensions]


class ResultCache:
    """Finds and stores results below one folder.

    Args:
        folder: Created when first written to.
        max_bytes: Bound on the sum of all entries; the least recently used go first.
    """

    def __init__(self, folder: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self.folder = folder
        self.max_bytes = max_bytes

    def find_layout(self, checksums: Sequence[str], parameters: Mapping[str, Any]) -> StoredLayout | None:
        """The stored layout that covers the longest prefix of the slices.

        Args:
            checksums: Of the slices' activations.
            parameters: What shapes the layout, as JSON values by name; they are part of its key.

        Returns:
            The layout, now marked as used, or None if not even the first slice is covered.
        """
        keys = _chain(checksums, parameters)
        longest: StoredLayout | None = None
        for n_base in range(len(keys), 0, -1):
            base = self.folder / "layouts" / keys[n_base - 1]
            if (base / "positions.npy").is_file():
                paths = [base / f"{key}.npy" for key in keys[n_base:]]
                found = StoredLayout(base, n_base, tuple(itertools.takewhile(Path.is_file, paths)))
                longest = found if longest is None or len(found) > len(longest) else longest
        if longest is not None:
            _touch(longest.base)
        return longest

    def discard(self, layout: StoredLayout) -> None:
        """Remove a layout that cannot be read."""
        shutil.rmtree(layout.base, ignore_errors=True)

    def store_base(
        self, checksums: Sequence[str], parameters: Mapping[str, Any], positions: Sequence[FloatArray]
    ) -> StoredLayout:
        """Store slices that were laid out together; positions: T arrays (n, 2)."""
        base = self.folder / "layouts" / _chain(checksums, parameters)[-1]
        store_array(base / "positions.npy", np.stack(positions).astype(np.float32, copy=False))
        return StoredLayout(base, len(checksums), ())

    def store_extension(self, layout: StoredLayout, checksum: str, positions: FloatArray) -> StoredLayout:
        """Store one more slice (n, 2) behind a layout."""
        last = layout.extensions[-1].stem if layout.extensions else layout.base.name
        path = layout.base / f"{_link(last, checksum)}.npy"
        store_array(path, positions.astype(np.float32, copy=False))
        return StoredLayout(layout.base, layout.n_base, (*layout.extensions, path))

    def store_qualities(self, layout: StoredLayout, first: int, qualities: Sequence[dict[str, Any]]) -> None:
        """Store the qualities of slices first..first+len-1, either the base's as a whole or one extension's."""
        if first < layout.n_base:
            _store_json(layout.base / "quality.json", list(qualities))
        else:
            _store_json(layout.extensions[first - layout.n_base].with_suffix(".json"), qualities[0])

    def find_neighbors(self, checksum: str, metric: str, k: int) -> tuple[npt.NDArray[np.int32], FloatArray] | None:
        """Stored neighbour ids and distances (n, k or more), or None."""
        path = self._neighbors_path(checksum, metric)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                ids, dists = arrays["ids"], arrays["dists"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        if ids.shape[1] < min(k, ids.shape[0] - 1):
            return None
        _touch(path)
        return ids, dists

    def store_neighbors(self, checksum: str, metric: str, ids: npt.NDArray[np.int32], dists: FloatArray) -> None:
        """Store neighbour ids and distances, nearest first; a smaller k is a prefix of the columns."""
        with _replacing(self._neighbors_path(checksum, metric)) as file:
            np.savez(file, ids=ids, dists=dists)

    def shrink(self) -> None:
        """Remove the least recently used entries until the bound is kept, and what dead processes left behind."""
        for path in itertools.chain(self.folder.glob("jobs/*"), self.folder.rglob(".new-*")):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < time.time() - _LEFT_BEHIND_S:
                    _remove(path)
        entries = []
        for path in [
            *self.folder.glob("neighbors/*.npz"),
            *self.folder.glob("layouts/*"),
            *self.folder.glob("blobs/*"),
        ]:
            with contextlib.suppress(OSError):
                entries.append((path.stat().st_mtime, _size(path), path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self.max_bytes:
                break
            _remove(path)
            total -= size

    def blob_path(self, checksum: str) -> Path:
        """Where an array that came inside an event is kept for the worker."""
        path = self.folder / "blobs" / f"{checksum}.bin"
        _touch(path)
        return path

    def _neighbors_path(self, checksum: str, metric: str) -> Path:
        return self.folder / "neighbors" / f"{_hash(f'{ENGINE_VERSION} {checksum} {metric}')}.npz"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    with _replacing(path) as file:
        file.write(data)


def store_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write one array as .npy, as `write_atomically` does."""
    with _replacing(path) as file:
        np.save(file, array, allow_pickle=False)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        _replace(Path(name), path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _replace(new: Path, path: Path) -> None:
    """Rename; on Windows a reader may hold the old file for a moment."""
    for _ in range(_N_REPLACE_TRIES):
        with contextlib.suppress(PermissionError):
            new.replace(path)
            return
        time.sleep(_REPLACE_PAUSE_S)
    new.replace(path)


def _chain(checksums: Sequence[str], parameters: Mapping[str, Any]) -> list[str]:
    """For each prefix of the slices its key: the hash of the parameters and of all activations so far."""
    start = _hash(json.dumps([ENGINE_VERSION, dict(parameters)], sort_keys=True))
    return list(itertools.accumulate(checksums, _link, initial=start))[1:]


def _link(key: str, checksum: str) -> str:
    return _hash(f"{key} {checksum}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _touch(path: Path) -> None:
    """Mark as used just now."""
    with contextlib.suppress(OSError):
        os.utime(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _load(path: Path) -> FloatArray:
    array: FloatArray = np.load(path, allow_pickle=False)
    return array


def _store_json(path: Path, value: Any) -> None:
    write_atomically(path, json.dumps(value).encode())


def _load_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir())
    return path.stat().st_size
