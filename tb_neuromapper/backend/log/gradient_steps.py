"""Reads what the steps of a run's gradient flow hold, each step once, and keeps what the screen asks for again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

from tb_neuromapper.backend.gradients import view as gradients
from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.gradient_flow import (
    GradientFlow,
    ParameterTable,
    load_flow,
    load_layers,
    load_parameters,
    load_units,
)
from tb_neuromapper.backend.log.reader import LogEntry, RunLog
from tb_neuromapper.schema import RecordError

T = TypeVar("T")
_MAX_BYTES = 192 << 20
_ITEM_BYTES = 4096  # What an entry costs beside its arrays, roughly.
_MAX_PROBLEMS = 20


class GradientSteps:
    """Loads steps. What is kept is keyed by the content's checksums, so it never has to be forgotten for being old.

    Args:
        loader: Loads arrays.
        max_bytes: How much may be kept; the least recently used goes first.
    """

    def __init__(self, loader: ArrayLoader, max_bytes: int = _MAX_BYTES) -> None:
        self._loader = loader
        self._kept = _Kept(max_bytes)
        self._problems: dict[str, dict[str, None]] = {}
        self._lock = threading.Lock()

    def problems(self, run: str) -> list[str]:
        """Sentences about steps of a run that could not be read."""
        with self._lock:
            return list(self._problems.get(run, {}))

    def flow(self, log: RunLog, step: int) -> GradientFlow:
        """One step's flow, whole.

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

    def units(self, log: RunLog, step: int) -> tuple[list[dict[str, Any]], gradients.Units] | None:
        """The layers' table and the units' arrays of a step; None, with a problem noted, if they cannot be read."""

        def load() -> tuple[list[dict[str, Any]], gradients.Units] | None:
            entry = log.entries["gradients"][step]
            layers = self.layers(entry)
            return layers, load_units(self._loader, entry, sum(row["n_units"] for row in layers))

        return self._try(log, step, "units", load, _units_bytes)

    def summary(self, log: RunLog, step: int) -> gradients.StepSummary | None:
        """A step's column of the overview; None, with a problem noted, if it cannot be read."""

        def load() -> gradients.StepSummary | None:
            entry = log.entries["gradients"][step]
            layers = self.layers(entry)
            units = load_units(self._loader, entry, sum(row["n_units"] for row in layers))
            return gradients.summarise(layers, units, self.parameters(log, step))

        return self._try(log, step, "summary", load, lambda value: value.measures.nbytes)

    def has_summary(self, log: RunLog, step: int) -> bool:
        """Whether a step's summary is kept."""
        return self._kept.has(("summary", gradients.version(log, step)))

    def ends(self, log: RunLog, step: int) -> Any:
        """`gradients.log_ends` of a step; None, with a problem noted, if it cannot be read."""
        return self._try(log, step, "ends", lambda: gradients.log_ends(self.flow(log, step)), lambda _: 0)

    def parameters(self, log: RunLog, step: int) -> ParameterTable | None:
        """A step's parameter statistics; None, with a problem noted, if there are none or they cannot be read."""
        entry = log.entries.get("parameters", {}).get(step)
        if entry is None:
            return None
        return self._try(
            log, step, "parameters", lambda: load_parameters(self._loader, entry), lambda table: table.statistics.nbytes
        )

    def _try(
        self, log: RunLog, step: int, what: str, load: Callable[[], T | None], n_bytes: Callable[[T], int]
    ) -> T | None:
        key = (what, gradients.version(log, step))
        found: T | None = self._kept.peek(key)
        if found is not None:
            return found
        try:
            value = load()
        except RecordError as error:
            self._note(log.name, f"step {step} of gradients: {error}")
            return None
        if value is not None:
            self._kept.put(key, value, n_bytes(value))
        return value

    def _note(self, run: str, problem: str) -> None:
        with self._lock:
            known = self._problems.setdefault(run, {})
            if len(known) < _MAX_PROBLEMS:
                known[problem] = None


class _Kept:
    """The most recently used values, up to a number of bytes. Threads may share it."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._n_bytes = 0

    def has(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._values

    def peek(self, key: Hashable) -> Any:
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def get(self, key: Hashable, load: Callable[[], T], n_bytes: int) -> T:
        found: T | None = self.peek(key)
        if found is None:
            found = load()
            self.put(key, found, n_bytes)
        return found

    def put(self, key: Hashable, value: Any, n_bytes: int) -> None:
        cost = n_bytes + _ITEM_BYTES
        with self._lock:
            self._n_bytes += cost - (self._values.pop(key)[1] if key in self._values else 0)
            self._values[key] = (value, cost)
            while self._n_bytes > self._max_bytes and len(self._values) > 1:
                _, (_, dropped) = self._values.popitem(last=False)
                self._n_bytes -= dropped


def _units_bytes(value: tuple[list[dict[str, Any]], gradients.Units]) -> int:
    return int(sum(np.asarray(array).nbytes for array in value[1].values()))
