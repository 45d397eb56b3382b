"""`tb-neuromapper train`: a fully connected network from the shell."""

from __future__ import annotations

import argparse
import importlib.util
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tb_neuromapper.playground.fields import ChoiceField
from tb_neuromapper.playground.folders import claim_run_folder
from tb_neuromapper.playground.parameters import FIELDS, parse_training, run_name

if TYPE_CHECKING:
    from tb_neuromapper.playground.trainer import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `tb-neuromapper train`, one for each parameter."""
    for field in FIELDS:
        default = ",".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
        choices = f"; one of {', '.join(field.choices)}" if isinstance(field, ChoiceField) else ""
        shown = f" (default: {default})" if default != "" else ""
        parser.add_argument(field.flag, metavar="VALUE", dest=field.name, help=f"{field.hint}{choices}{shown}")
    parser.add_argument("--logdir", type=Path, default=Path("runs"), help="where the run is written (default: runs)")
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="where MNIST's files are (default: data)")


def run_train(options: argparse.Namespace) -> int:
    """Train in this process; Ctrl-C ends it after the step that is under way, and keeps the run.

    Returns:
        0; 1 if the training failed; 130 if it was stopped.

    Raises:
        SystemExit: Something is missing or not allowed; says what and what to do.
    """
    given = {field.name: getattr(options, field.name) for field in FIELDS}
    try:
        parameters = parse_training(
            {field.name: field.from_text(given[field.name]) for field in FIELDS if given[field.name] is not None}
        )
    except ValueError as error:
        _fail(str(error))
    if importlib.util.find_spec("torch") is None:
        _fail("Training needs torch, which is not installed: pip install 'tb-neuromapper[demo]'.")
    is_interrupted = _watch_interrupts()
    from tb_neuromapper.playground.data_sets import load_data_set
    from tb_neuromapper.playground.trainer import run_training

    try:
        data = load_data_set(parameters.data, options.data_dir)
        folder = claim_run_folder(options.logdir, run_name(parameters))
    except (ValueError, OSError) as error:
        _fail(f"{str(error)[:1].upper()}{str(error)[1:]}")
    print(f"{folder}: {len(data.labels)} samples to train on, {len(data.probe_labels)} to look at.", flush=True)
    last = run_training(
        parameters, data, folder, report=_printer(), why_stop=lambda: "stopped" if is_interrupted.is_set() else ""
    )
    return _farewell(last, options.logdir)


def _farewell(last: Progress, log_dir: Path) -> int:
    if last.state == "failed":
        print(f"{last.message[:1].upper()}{last.message[1:]}", file=sys.stderr)
        return 1
    if last.state == "stopped":
        print(f"{last.message[:1].upper()}{last.message[1:]}")
        return 130
    print(f"Done. Look at it: tensorboard --logdir {log_dir}")
    return 0


def _printer() -> Any:
    """A function that prints one line an epoch."""
    shown = 0

    def report(progress: Progress) -> None:
        nonlocal shown
        if progress.epoch > shown:
            shown = progress.epoch
            print(progress.message, flush=True)

    return report


def _watch_interrupts() -> threading.Event:
    """An event that the first Ctrl-C sets; the second interrupts as usual."""
    event = threading.Event()

    def note(*_: object) -> None:
        event.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, note)
    return event


def _fail(message: str) -> NoReturn:
    raise SystemExit(message)
