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

from tb_neuromapper import __version__
from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters
from tb_neuromapper.offline_commands import Choice, Source, fail, run_export, run_precompute
from tb_neuromapper.playground.command import add_arguments, run_train

_START_TIMEOUT_S = 60
_FAREWELL_S = 3.0


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
    _add_layout_flags(ahead)
    _add_export(commands)
    training = commands.add_parser("train", help="train a fully connected network of your own shape and log it")
    add_arguments(training)
    options = parser.parse_args(arguments)
    if options.command == "train":
        return run_train(options)
    if options.command == "demo":
        return run_demo(options.port, options.logdir, options.epochs, exit_when_trained=options.exit)
    given = {field.name: getattr(options, field.name) for field in dataclasses.fields(ProjectionParameters)}
    source = Source(options.logdir, options.cache, {key: value for key, value in given.items() if value is not None})
    if options.command == "precompute":
        return run_precompute(source)
    choice = Choice(options.run, options.block, [tuple(pair) for pair in options.beside], options.neighbors)
    return run_export(source, options.out, choice)


def _add_layout_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument("logdir", type=Path, help="the log directory")
    command.add_argument("--cache", type=Path, help="where layouts are kept (default: the user's cache directory)")
    for field in dataclasses.fields(ProjectionParameters):
        flag = f"--{field.name.replace('_', '-')}"
        command.add_argument(flag, type=type(field.default), help=f"default: {field.default}")


def _add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "export",
        help="write a page that shows the runs without any server",
        description="Write a folder with a page that shows the embeddings screen without any server: open its "
        "index.html in a browser, or put the folder on any web host. Other layouts and live growth need TensorBoard.",
    )
    _add_layout_flags(command)
    command.add_argument("out", type=Path, help="the folder to write: new, empty, or an earlier export")
    command.add_argument(
        "--run", action="append", default=[], metavar="NAME", help="export this run; may be repeated (default: all)"
    )
    command.add_argument(
        "--block", action="append", default=[], metavar="NAME", help="export this block; may be repeated (default: all)"
    )
    command.add_argument(
        "--beside",
        action="append",
        default=[],
        nargs=2,
        metavar=("A", "B"),
        help="export run B beside run A in one space as well; may be repeated",
    )
    command.add_argument(
        "--neighbors",
        type=int,
        default=10,
        metavar="K",
        help="nearest samples of each sample, block and epoch: most of the size (default: 10; 0: none)",
    )


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
            fail(f"The demo needs {name}, which is not installed: pip install 'tb-neuromapper[demo]'.")
    if not 0 < port < 65536:
        fail(f"The port is {port}; only 1 to 65535 is allowed.")
    if n_epochs < 1:
        fail(f"--epochs is {n_epochs}; at least 1 is needed.")
    with socket.socket() as probe:
        if os.name != "nt":  # There the option would hide a taken port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("localhost", port))
        except OSError as error:
            fail(f"Port {port} cannot be used ({error.strerror}). Choose another: PORT={port + 1} make demo.")


def _wait_until_up(process: subprocess.Popen[bytes], port: int) -> None:
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            fail(f"TensorBoard ended with status {process.returncode} before it answered; its message is above.")
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/data/plugins_listing", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    fail(f"TensorBoard did not answer on port {port} within {_START_TIMEOUT_S} s.")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"The log folder {folder} cannot be made ({error.strerror}); give another with --logdir.")


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


if __name__ == "__main__":
    sys.exit(main())
