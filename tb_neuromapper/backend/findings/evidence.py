"""Gathers from a run's log what the rules of numerics/findings read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tb_neuromapper.backend.findings.series import flow_series, probe_units, unit_blocks
from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.blocks import ACTIVATIONS
from tb_neuromapper.backend.log.gradient_steps import GradientSteps
from tb_neuromapper.backend.log.parameter_table import ParameterTable
from tb_neuromapper.backend.log.run_log import RunLog
from tb_neuromapper.backend.log.scalars import ScalarReader, axis_of, loss_tags
from tb_neuromapper.backend.log.steps import counters, subsample_with_last, train_steps
from tb_neuromapper.numerics.findings.evidence import Evidence, FlowSeries, LossSeries, ProbeUnits
from tb_neuromapper.schema import RecordError

# Figures of layers are read at so many steps at most, those of single units at fewer; the last ones always.
_MAX_TRAIN_STEPS = 1024
_MAX_UNIT_STEPS = 64
_N_LAST = 8
_MAX_PROBE_EPOCHS = 8
_NON_FINITE_COLUMNS = ("n_nonfinite_weight", "n_nonfinite_gradient")


class EvidenceReader:
    """Reads the evidence of runs. What it reads of each step is kept by `GradientSteps`.

    Args:
        loader: Loads arrays.
        steps: Loads training steps.
        scalars: Reads scalars.
    """

    def __init__(self, loader: ArrayLoader, steps: GradientSteps, scalars: ScalarReader) -> None:
        self._loader = loader
        self._steps = steps
        self._scalars = scalars

    def read(self, run: str, log: RunLog | None) -> Evidence:
        """A run's evidence; `log` is None where it has nothing but scalars."""
        losses = self._losses(run, log)
        if log is None:
            return Evidence(None, [], losses)
        return Evidence(self._flow(log), self._probes(log), losses)

    def _flow(self, log: RunLog) -> FlowSeries | None:
        all_steps = sorted({*log.steps("gradients"), *log.steps("parameters")})
        steps = subsample_with_last(all_steps, _MAX_TRAIN_STEPS, n_last=_N_LAST)
        tables = {step: table for step in steps if (table := self._steps.parameters(log, step)) is not None}
        sampled = subsample_with_last(log.steps("gradients"), _MAX_UNIT_STEPS, n_last=_N_LAST)
        wanted = {*sampled, *_around_first_bad(tables, steps)}
        units = {}
        for step in sorted(wanted & set(log.steps("gradients"))):
            found = self._steps.units(log, step)
            if found is not None:
                units[step] = found
        if not tables and not units:
            return None
        scaled = {
            step for step, entry in log.entries.get("gradients", {}).items() if _is_scaled(entry.record.attributes)
        }
        return flow_series(sorted({*steps, *units}), tables, units, scaled)

    def _probes(self, log: RunLog) -> list[ProbeUnits]:
        """Some epochs, the last among them, of the blocks that were logged unit by unit, not projected."""
        entries = log.entries.get("activations", {})
        epochs = subsample_with_last(list(entries), _MAX_PROBE_EPOCHS)
        counted = dict(zip(entries, train_steps(log), strict=True))
        probes = []
        for block in unit_blocks(entries[epoch].record for epoch in epochs):
            found = {}
            for epoch in epochs:
                try:
                    values = self._loader.load(entries[epoch], f"{ACTIVATIONS}{block}")
                except RecordError:
                    continue  # The log's problems are reported where the log is read.
                train_step = counted[epoch]
                found[epoch if train_step is None else train_step] = values
            if len({values.shape for values in found.values()}) == 1:
                probes.append(probe_units(block, found))
        return probes

    def _losses(self, run: str, log: RunLog | None) -> list[LossSeries]:
        tags = self._scalars.tags(run).get(run, {})
        wanted = loss_tags(list(tags))
        if not wanted:
            return []
        last_train_step, last_epoch = counters(log)
        return [
            LossSeries(
                tag,
                series.steps,
                series.values,
                axis_of(tag, tags[tag][0], last_train_step, last_epoch) == "train_step",
            )
            for tag, series in self._scalars.read(run, wanted).items()
        ]


def _around_first_bad(tables: Mapping[int, ParameterTable], steps: Sequence[int]) -> set[int]:
    """The first step whose weights or gradients are not all finite, and its neighbours."""
    for index, step in enumerate(steps):
        table = tables.get(step)
        if table is not None and any((table.column(name) > 0).any() for name in _NON_FINITE_COLUMNS):
            return set(steps[max(0, index - 1) : index + 3])
    return set()


def _is_scaled(attributes: Mapping[str, Any]) -> bool:
    scale = attributes.get("amp_scale")
    return isinstance(scale, int | float) and not isinstance(scale, bool) and np.isfinite(scale) and scale != 1
