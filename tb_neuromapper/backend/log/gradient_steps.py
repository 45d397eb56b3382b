"""Reads what the training steps of a run's gradient flow hold, each step once, and keeps what is asked for again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.gradient_flow import GradientFlow, load_flow
from tb_neuromapper.backend.log.layer_table import Units, load_layers, load_units
from tb_neuromapper.backend.log.parameter_table import ParameterTable, load_parameters
from tb_neuromapper.backend.log.recent import LruCache
from tb_neuromapper.backend.log.run_log import LogEntry, RunLog
from tb_neuromapper.backend.log.steps import version
from tb_neuromapper.schema import RecordError

T = TypeVar("T")
_MAX_BYTES = 192 << 20
_MAX_PROBLEMS = 20


class GradientSteps:
    """Loads steps. What is kept is keyed by the content's checksums, so it never has to be forgotten for being old.

    Args:
        loader: Loads arrays.
        max_bytes: How much may be kept; the least recently used goes first.
    """

    def __init__(self, loader: ArrayLoader, max_bytes: int = _MAX_BYTES) -> None:
        self._loader = loader
        self._kept = LruCache(max_bytes)
        self._problems: dict[str, dict[str, None]] = {}
        self._lock = threading.Lock()

    def problems(self, run: str) -> list[str]:
        """Sentences about steps of a run that could not be read, at most 20."""
        with self._lock:
            return list(self._problems.get(run, {}))

    def flow(self, log: RunLog, step: int) -> GradientFlow:
        """One step's flow, whole; it is not kept.

        Raises:
            RecordError: The record is missing or broken.
        """
        parameters = log.entries.get("parameters", {}).get(step)
        return load_flow(self._loader, log.entries["gradients"][step], parameters)

    def layers(self, entry: LogEntry) -> list[dict[str, Any]]:
        """The layers' table of a `gradients` record; most steps share one.

        Raises:
            RecordError: It is missing or broken.
        """
        spec = entry.record.tensors["gradients/layers"]
        return self._kept.get(("layers", spec.checksum), lambda: load_layers(self._loader, entry), spec.n_bytes)

    def read_units(self, log: RunLog, step: int) -> tuple[list[dict[str, Any]], Units]:
        """The layers' table and the units' arrays of a step; the arrays are not kept.

        Raises:
            RecordError: They are missing or broken.
        """
        entry = log.entries["gradients"][step]
        layers = self.layers(entry)
        return layers, load_units(self._loader, entry, layers)

    def units(self, log: RunLog, step: int) -> tuple[list[dict[str, Any]], Units] | None:
        """The layers' table and the units' arrays of a step; None, with a problem noted, if they cannot be read."""
        return self.keep(log, step, "units", lambda: self.read_units(log, step), _units_bytes)

    def parameters(self, log: RunLog, step: int) -> ParameterTable | None:
        """A step's parameter statistics; None, with a problem noted, if there are none or they cannot be read."""
        entry = log.entries.get("parameters", {}).get(step)
        if entry is None:
            return None
        return self.keep(
            log, step, "parameters", lambda: load_parameters(self._loader, entry), lambda table: table.statistics.nbytes
        )

    def holds(self, log: RunLog, step: int, what: str) -> bool:
        """Whether something of a step is kept."""
        return self._kept.has((what, version(log, step)))

    def keep(self, log: RunLog, step: int, what: str, load: Callable[[], T], n_bytes: Callable[[T], int]) -> T | None:
        """Something of a step: as it was kept, or loaded now.

        Args:
            log: The run.
            step: The training step.
            what: Names it among all that is kept of a step.
            load: Reads or computes it from the step's records.
            n_bytes: How much memory it takes.

        Returns:
            None, with a problem noted, if `load` raises RecordError.
        """
        key = (what, version(log, step))
        found: T | None = self._kept.peek(key)
        if found is not None:
            return found
        try:
            value = load()
        except RecordError as error:
            self._note(log.name, f"step {step} of gradients: {error}")
            return None
        self._kept.put(key, value, n_bytes(value))
        return value

    def _note(self, run: str, problem: str) -> None:
        with self._lock:
            known = self._problems.setdefault(run, {})
            if len(known) < _MAX_PROBLEMS:
                known[problem] = None


def _units_bytes(value: tuple[list[dict[str, Any]], Units]) -> int:
    return sum(array.nbytes for array in value[1].values())
