"""The command tb-neuromapper."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tb_neuromapper import __version__
from tb_neuromapper.backend.parameters import ProjectionParameters, parse_parameters

if TYPE_CHECKING:
    from tb_neuromapper.backend.offline import Progress

_START_TIMEOUT_S = 60
_FAREWELL_S = 3.0
_BAR_WIDTH = 24


def main(arguments: list[str] | None = None) -> int:
    """Run a subcommand; answers the exit status."""
    parser = argparse.ArgumentParser(prog="tb-neuromapper", description="See inside a network while it trains.")
    parser.add_argument("--version", action="version", version=f"tb-neuromapper {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="train a small network on handwritten digits and watch it in TensorBoard")
    demo.add_argument("--port", type=int, default=6006, help="TensorBoard's port (default: 6006)")
    demo.add_argument("--logdir", type=Path, default=Path("runs"), help="where the run is written (default: runs)")
    demo.add_argument("--epochs", type=int, default=30, help="epochs to train (default: 30)")
    demo.add_argument("--exit", action="store_true", help="end when the training ends, instead of at Ctrl-C")
    ahead = commands.add_parser("precompute", help="lay out all blocks of all runs, so that the tab shows them at once")
    ahead.add_argument("logdir", type=Path, help="the log directory")
    ahead.add_argument("--cache", type=Path, help="where layouts are kept (default: the user's cache directory)")
    for field in dataclasses.fields(ProjectionParameters):
        flag = f"--{field.name.replace('_', '-')}"
        ahead.add_argument(flag, type=type(field.default), help=f"default: {field.default}")
    options = parser.parse_args(arguments)
    if options.command == "demo":
        return run_demo(options.port, options.logdir, options.epochs, exit_when_trained=options.exit)
    given = {field.name: getattr(options, field.name) for field in dataclasses.fields(ProjectionParameters)}
    return run_precompute(
        options.logdir, options.cache, {key: value for key, value in given.items() if value is not None}
    )


def run_precompute(log_dir: Path, cache_folder: Path | None, parameters: dict[str, Any]) -> int:
    """Lay out every block of every run below a log directory, with a progress bar; 1 if one failed.

    Raises:
        SystemExit: No such folder, nothing in it, or a parameter that is not allowed.
    """
    from tb_neuromapper.backend import cache, jobs, offline

    if not log_dir.is_dir():
        _fail(f"{log_dir} is not a folder; give the log directory that TensorBoard is started with.")
    try:
        checked = parse_parameters(parameters)
    except ValueError as error:
        _fail(str(error))
    reader, logs = offline.read_log_directory(log_dir)
    if not logs:
        _fail(f"No run in {log_dir} has NeuroMapper data.")
    results = cache.ResultCache(cache_folder or cache.default_folder())
    worker = jobs.LocalWorker()
    failed = 0
    try:
        for progress in offline.precompute(reader, logs, checked, results, worker):
            _show_progress(progress)
            failed += progress.state == "failed"
    except KeyboardInterrupt:
        return 130
    finally:
        worker.shutdown(wait=False, cancel_futures=True)
    return 1 if failed else 0


def _show_progress(progress: Progress) -> None:
    """One line a block, rewritten in place on a terminal, written once at its end elsewhere."""
    is_over = progress.state not in ("queued", "running")
    if not (is_over or sys.stderr.isatty()):
        return
    n_filled = round(_BAR_WIDTH * progress.share)
    bar = "#" * n_filled + "." * (_BAR_WIDTH - n_filled)
    line = f"{progress.run}  {progress.block}  [{bar}] {progress.state} {progress.message}"
    print(f"\r\x1b[K{line}" if sys.stderr.isatty() else line, end="\n" if is_over else "", file=sys.stderr, flush=True)


def run_demo(port: int, log_dir: Path, n_epochs: int, *, exit_when_trained: bool) -> int:
    """Start TensorBoard, then a training beside it; both end with this process.

    Raises:
        SystemExit: Something is missing or taken; the message says what and what to do.
    """
    _check_demo(port, n_epochs)
    signal.signal(signal.SIGTERM, _interrupt)
    run = log_dir / time.strftime("digits-%Y%m%d-%H%M%S")
    children: list[subprocess.Popen[bytes]] = []
    try:
        _make_folder(run)
        flags = ["--logdir", str(log_dir), "--port", str(port), "--reload_interval", "1"]
        tensorboard = subprocess.Popen([sys.executable, "-m", "tensorboard.main", *flags])
        children.append(tensorboard)
        _wait_until_up(tensorboard, port)
        print(f"\nNeuroMapper: http://localhost:{port}/#neuromapper\n", flush=True)
        command = [sys.executable, "-m", "tb_neuromapper.demo", str(run), "--epochs", str(n_epochs)]
        training = subprocess.Popen(command)
        children.append(training)
        status = training.wait()
        if status == 0 and not exit_when_trained:
            print(f"\nTrained. Still showing http://localhost:{port}/#neuromapper; Ctrl-C ends.", flush=True)
            return tensorboard.wait()
        return status
    except KeyboardInterrupt:
        _wait(children, _FAREWELL_S)  # Ctrl-C reached them too; a second signal would interrupt their farewell.
        return 130
    finally:
        _end(children)


def _check_demo(port: int, n_epochs: int) -> None:
    for module, name in (("torch", "torch"), ("sklearn", "scikit-learn")):
        if importlib.util.find_spec(module) is None:
            _fail(f"The demo needs {name}, which is not installed: pip install 'tb-neuromapper[demo]'.")
    if not 0 < port < 65536:
        _fail(f"The port is {port}; only 1 to 65535 is allowed.")
    if n_epochs < 1:
        _fail(f"--epochs is {n_epochs}; at least 1 is needed.")
    with socket.socket() as probe:
        if os.name != "nt":  # There the option would hide a taken port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("localhost", port))
        except OSError as error:
            _fail(f"Port {port} cannot be used ({error.strerror}). Choose another: PORT={port + 1} make demo.")


def _wait_until_up(process: subprocess.Popen[bytes], port: int) -> None:
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            _fail(f"TensorBoard ended with status {process.returncode} before it answered; its message is above.")
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/data/plugins_listing", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    _fail(f"TensorBoard did not answer on port {port} within {_START_TIMEOUT_S} s.")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _fail(f"The log folder {folder} cannot be made ({error.strerror}); give another with --logdir.")


def _wait(children: list[subprocess.Popen[bytes]], seconds: float) -> None:
    """Wait until all have ended, or the seconds are over."""
    deadline_s = time.monotonic() + seconds
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=max(0.0, deadline_s - time.monotonic()))


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _fail(message: str) -> NoReturn:
    raise SystemExit(message)


if __name__ == "__main__":
    sys.exit(main())
