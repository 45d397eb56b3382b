"""`tb-neuromapper precompute` and `export`: layouts without TensorBoard, into the cache or into a page of their own."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters, parse_parameters

if TYPE_CHECKING:
    from tb_neuromapper.backend.cache import ResultCache
    from tb_neuromapper.backend.embeddings.precompute import Progress
    from tb_neuromapper.backend.export.recorder import Wanted
    from tb_neuromapper.backend.jobs.local_worker import LocalWorker
    from tb_neuromapper.backend.log.reader import LogReader
    from tb_neuromapper.backend.log.run_log import RunLog

_BAR_WIDTH = 24
_BAD_USAGE = 2
_INTERRUPTED = 130


@dataclass(frozen=True)
class Source:
    """What both commands read.

    Attributes:
        log_dir: The log directory.
        cache: Where layouts are kept; None: the user's cache directory.
        parameters: Of the layouts, those that were given.
    """

    log_dir: Path
    cache: Path | None
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Choice:
    """What is exported.

    Attributes:
        runs: The names of the runs; empty: all.
        blocks: The names of the blocks; empty: all.
        pairs: The names of each two runs that can be compared in one space.
        n_neighbors: How many nearest samples of each sample; 0: none.
    """

    runs: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    pairs: Sequence[tuple[str, ...]] = ()
    n_neighbors: int = 10


def run_precompute(source: Source) -> int:
    """Lay out every block of every run below a log directory, with a progress bar; 1 if one failed.

    Raises:
        SystemExit: No such folder, nothing in it, or a parameter that is not allowed.
    """
    from tb_neuromapper.backend.embeddings.precompute import precompute

    parameters, reader, logs = _read(source)
    with _computing(source) as (cache, worker):
        return _show(precompute(reader, logs, parameters, cache, worker))


def run_export(source: Source, out: Path, choice: Choice) -> int:
    """Write a page that needs no server, with a progress bar; 1 if a block could not be laid out.

    Raises:
        SystemExit: As `run_precompute`; or an unknown run or block, or a folder that cannot be written.
    """
    from tb_neuromapper.backend.export.folder import SiteFolder
    from tb_neuromapper.backend.export.recorder import SiteRecorder
    from tb_neuromapper.backend.http.requests import HttpError

    parameters, reader, logs = _read(source)
    wanted = _wanted(source, choice, parameters, logs)
    page = _built_page()
    try:
        with _computing(source) as (cache, worker), SiteFolder(out, source.log_dir) as folder:
            status = _show(SiteRecorder(wanted, reader, cache, worker, folder.write).record(page))
            if status != _INTERRUPTED:
                folder.finish([log.name for log in wanted.logs])
    except (ValueError, HttpError) as error:
        fail(str(error))
    if status != _INTERRUPTED:
        print(_farewell(out, folder.n_files, folder.n_bytes, choice.n_neighbors), flush=True)
    return status


def fail(message: str) -> NoReturn:
    """End with a sentence, and the status that wrong flags have."""
    print(message, file=sys.stderr)
    raise SystemExit(_BAD_USAGE)


def _read(source: Source) -> tuple[ProjectionParameters, LogReader, list[RunLog]]:
    from tb_neuromapper.backend.log.offline import read_log_directory

    if not source.log_dir.is_dir():
        fail(f"{source.log_dir} is not a folder; give the log directory that TensorBoard is started with.")
    try:
        parameters = parse_parameters(source.parameters)
    except ValueError as error:
        fail(str(error))
    reader, logs = read_log_directory(source.log_dir)
    if not logs:
        fail(f"No run in {source.log_dir} has NeuroMapper data.")
    return parameters, reader, logs


@contextlib.contextmanager
def _computing(source: Source) -> Iterator[tuple[ResultCache, LocalWorker]]:
    from tb_neuromapper.backend.cache import ResultCache, default_folder
    from tb_neuromapper.backend.jobs.local_worker import LocalWorker

    worker = LocalWorker()
    try:
        yield ResultCache(source.cache or default_folder()), worker
    finally:
        worker.shutdown(wait=False, cancel_futures=True)


def _wanted(source: Source, choice: Choice, parameters: ProjectionParameters, logs: list[RunLog]) -> Wanted:
    from tb_neuromapper.backend.export.recorder import MAX_NEIGHBORS, Wanted
    from tb_neuromapper.backend.log.blocks import block_names

    logs = [log for log in logs if block_names(log)]
    if not logs:
        fail(f"No run in {source.log_dir} has activations to show.")
    named = [*choice.runs, *(name for pair in choice.pairs for name in pair)]
    _check_known("run", named, [log.name for log in logs], str(source.log_dir))
    chosen = [log for log in logs if not choice.runs or log.name in named]
    blocks = list(dict.fromkeys(block for log in chosen for block in block_names(log)))
    _check_known("block", choice.blocks, blocks, "these runs")
    if any(len(set(pair)) < 2 for pair in choice.pairs):
        fail("--beside names a run twice; give two different runs.")
    if not 0 <= choice.n_neighbors <= MAX_NEIGHBORS:
        fail(f"--neighbors is {choice.n_neighbors}; 0 to {MAX_NEIGHBORS} are allowed.")
    pairs = tuple(dict.fromkeys((pair[0], pair[1]) for pair in choice.pairs))
    name = source.log_dir.resolve().name
    return Wanted(name, chosen, choice.blocks or None, pairs, parameters, choice.n_neighbors)


def _check_known(kind: str, names: list[str], known: list[str], where: str) -> None:
    for name in names:
        if name not in known:
            fail(f"there is no {kind} {name!r} in {where}; there are {', '.join(known)}.")


def _built_page() -> str:
    from tb_neuromapper.backend.http.static import FOLDER

    try:
        return (FOLDER / "index.js").read_text(encoding="utf-8")
    except OSError:
        fail(f"The built page is missing in {FOLDER}; in a checkout, 'make page' builds it.")


def _farewell(out: Path, n_files: int, n_bytes: int, n_neighbors: int) -> str:
    size = f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:.0f} kB"
    smaller = " --neighbors 0 leaves out the nearest samples and makes it smaller." if n_neighbors else ""
    return (
        f"{out}: {n_files} files, {size}.{smaller}\n"
        f"Open {out / 'index.html'} in a browser, or put the folder on any web host."
    )


def _show(progress: Iterator[Progress]) -> int:
    """A bar for each block; 1 if one failed."""
    failed = 0
    show = _bar_on_terminal if sys.stderr.isatty() else _line_at_end
    try:
        for each in progress:
            show(each)
            failed += each.state == "failed"
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return _INTERRUPTED
    return 1 if failed else 0


def _bar_on_terminal(progress: Progress) -> None:
    """One line a block, rewritten in place; a line that is cut in two could not be."""
    width = shutil.get_terminal_size().columns - 1
    line = _progress_line(progress)
    end = "\n" if _is_over(progress) else ""
    print(f"\r\x1b[K{line if progress.state == 'failed' else line[:width]}", end=end, file=sys.stderr, flush=True)


def _line_at_end(progress: Progress) -> None:
    """In a file or a pipe: one line a block, without control codes."""
    if _is_over(progress):
        print(_progress_line(progress), file=sys.stderr, flush=True)


def _is_over(progress: Progress) -> bool:
    return progress.state not in ("queued", "running")


def _progress_line(progress: Progress) -> str:
    n_filled = round(_BAR_WIDTH * progress.share)
    bar = "#" * n_filled + "." * (_BAR_WIDTH - n_filled)
    return f"{progress.run}  {progress.block}  [{bar}] {progress.state} {progress.message}".rstrip()
