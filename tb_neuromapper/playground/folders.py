"""Where a training's run goes: a new folder of its own in the log directory."""

from __future__ import annotations

from pathlib import Path

_MAX_RUNS_OF_A_NAME = 10_000


def claim_run_folder(log_dir: Path, name: str) -> Path:
    """Make a new folder for a run; if the name is taken, `name-2`, `name-3`, ...

    Args:
        log_dir: The log directory; made if it is missing.
        name: From the alphabet of `fields.NameField`.

    Raises:
        OSError: No folder can be made there; the message says where and why.
    """
    try:
        log_dir.mkdir(parents=True, exist_ok=True)
        for number in range(1, _MAX_RUNS_OF_A_NAME):
            folder = log_dir / (name if number == 1 else f"{name}-{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise OSError(
            f"no run can be written into the log directory {log_dir} ({error.strerror}); choose one that can be "
            "written to."
        ) from error
    raise OSError(f"the log directory {log_dir} has too many runs called {name}; choose another name.")
