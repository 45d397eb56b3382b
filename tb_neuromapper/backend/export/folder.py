"""The folder of an exported page: an earlier export in it stays whole until the new one is."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from types import TracebackType

from tb_neuromapper import __version__

MARKER = "neuromapper-export.json"
_STAGING = ".neuromapper-partial"
_PAGE = "index.html"
_DATA = "data"


class SiteFolderError(ValueError):
    """The folder cannot take an export; the message says why and what to do."""


class SiteFolder:
    """Takes an export's files, and puts them in place when all are there.

    Used as a context: without `finish`, what was written is removed again.

    Args:
        out: The folder: a new one, an empty one, or one that an earlier export has written.
        log_dir: The log directory, which is never written to.

    Attributes:
        folder: The folder.
        n_bytes: What was written so far.
        n_files: How many files.

    Raises:
        SiteFolderError: It is another folder, or cannot be written to.
    """

    def __init__(self, out: Path, log_dir: Path) -> None:
        self.folder = out
        self.n_bytes = 0
        self.n_files = 0
        self._staging = out / _STAGING
        if out.resolve().is_relative_to(log_dir.resolve()):
            raise SiteFolderError(f"{out} is inside the log directory, which is never written to; give another folder.")
        try:
            self._is_new = self._check()
            shutil.rmtree(self._staging, ignore_errors=True)  # Of an export that was killed.
            (self._staging / _DATA).mkdir(parents=True)
        except OSError as error:
            raise SiteFolderError(_cannot_write(out, error)) from None

    def __enter__(self) -> SiteFolder:
        """The folder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove what was not put in place, and the folder too if it is new and empty."""
        shutil.rmtree(self._staging, ignore_errors=True)
        if self._is_new:
            with contextlib.suppress(OSError):  # It is not empty: the export is in it.
                self.folder.rmdir()

    def write(self, name: str, data: bytes) -> None:
        """Take one file.

        Raises:
            SiteFolderError: It cannot be written.
        """
        path = self._staging / name
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise SiteFolderError(_cannot_write(self.folder, error)) from None
        self.n_bytes += len(data)
        self.n_files += 1

    def finish(self, runs: list[str]) -> None:
        """Put all files in place of those of an earlier export.

        Raises:
            SiteFolderError: A file cannot be replaced.
        """
        try:
            # First: with it the folder is known as ours, even if the next lines are never reached.
            marker = {"made_by": f"tb-neuromapper {__version__}", "runs": runs}
            (self._staging / MARKER).write_text(json.dumps(marker, indent=1) + "\n")
            (self._staging / MARKER).replace(self.folder / MARKER)
            if (self.folder / _DATA).exists():
                (self.folder / _DATA).rename(self._staging / "old")
            (self._staging / _DATA).rename(self.folder / _DATA)
            (self._staging / _PAGE).replace(self.folder / _PAGE)
        except OSError as error:
            raise SiteFolderError(_cannot_write(self.folder, error)) from None

    def _check(self) -> bool:
        """Whether the folder has to be made."""
        if not self.folder.exists():
            return True
        if not self.folder.is_dir():
            raise SiteFolderError(f"{self.folder} is a file; give a folder.")
        names = {path.name for path in self.folder.iterdir()} - {_STAGING}
        if names and MARKER not in names:
            raise SiteFolderError(
                f"{self.folder} is neither empty nor an earlier export (it holds {min(names)}); give another folder."
            )
        return False


def _cannot_write(folder: Path, error: OSError) -> str:
    return f"{folder} cannot be written ({error.strerror or error}); give another folder or make room."
