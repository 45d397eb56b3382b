"""Makes the outcomes of every epoch of what the network answered, and says what its output was taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.recording.records import RecordDraft
from tb_neuromapper.training.probe.answers import NO_LABELS, Answers, Setting
from tb_neuromapper.training.probe.labels import Labels, RawLabels, read_labels
from tb_neuromapper.training.probe.meaning import (
    HOW_TO_SET,
    SETTINGS,
    Evidence,
    Meaning,
    colors_only,
    decide,
    is_one_hot,
)
from tb_neuromapper.training.probe.outcome_columns import as_codes
from tb_neuromapper.training.probe.outcomes import Outcomes
from tb_neuromapper.training.probe.positions import outcomes_of_positions
from tb_neuromapper.training.probe.scoring import compute
from tb_neuromapper.training.probe.user_warning import warn_user


@dataclass(frozen=True)
class EpochOutcomes:
    """The outcomes of one epoch.

    Attributes:
        draft: Their record, or None.
        scalars: "probe/loss" and "probe/accuracy", where they are right.
        about: A sentence that says what the output was taken for, or why there are no outcomes; "" = nothing to say.
    """

    draft: RecordDraft | None = None
    scalars: Mapping[str, float] = field(default_factory=dict)
    about: str = ""


def check_setting(setting: Any) -> None:
    """Raise ValueError for what `outcomes` of `NeuroMapper` may not be."""
    if setting is None or callable(setting) or (isinstance(setting, str) and setting in SETTINGS):
        return
    allowed = ", ".join(f'"{name}"' for name in SETTINGS)
    raise ValueError(
        f"outcomes is {setting!r}; allowed are {allowed}, None, and a function of the network's output and a batch's "
        "labels that returns a dict of columns."
    )


class OutcomeRecorder:
    """Makes the outcomes of the epochs of one run.

    Args:
        setting: As `outcomes` of `NeuroMapper`.
        given: The labels that the user gave apart from the probe, or None.
        class_names: The user's names of the classes, or None.
    """

    def __init__(self, setting: Setting, given: RawLabels | None, class_names: Sequence[str] | None) -> None:
        self._setting, self._class_names = setting, class_names
        self._raw = given
        self._meaning: Meaning | None = None
        self._last: str | None = None
        self._has_warned = False

    @property
    def last(self) -> str | None:
        """Class name of the module that gave the output at the first pass, "" = not known; None before it."""
        return self._last

    def settle(self, answers: Answers) -> Labels:
        """Decide at the first pass what the output means; the labels that colour the samples.

        Raises:
            ValueError: Labels cannot be used.
        """
        self._last = answers.last
        raw = self._raw or self._from_probe(answers.labels)
        self._raw = raw
        rows = answers.rows
        if raw is not None and rows is not None and isinstance(self._setting, str):
            self._meaning = decide(self._setting, Evidence(rows, answers.last, raw, self._class_names))
            return self._meaning.labels
        can_color = raw is not None and (raw.is_flat or is_one_hot(raw.values))
        return colors_only(raw, self._class_names, as_targets=self._setting == "targets") if can_color else Labels()

    def outcomes(self, answers: Answers) -> EpochOutcomes:
        """The outcomes of an epoch; warns once if there are none although there could be."""
        if self._setting is None:
            return EpochOutcomes()
        found = self._of_function(answers) if callable(self._setting) else self._of_output(answers, self._setting)
        if not isinstance(found, str):
            return found
        is_expected = found == NO_LABELS and self._setting == "auto"
        if not is_expected and not self._has_warned:
            self._has_warned = True
            remedy = "Correct the function, or leave `outcomes` out." if callable(self._setting) else HOW_TO_SET
            warn_user(f"NeuroMapper logs no outcomes: {found}. {remedy}")
        return EpochOutcomes(about="" if is_expected else f"no outcomes: {found}")

    def _of_output(self, answers: Answers, setting: str) -> EpochOutcomes | str:
        if answers.positions:
            found = outcomes_of_positions(answers.positions, setting)
            return found if isinstance(found, str) else _with_draft(*found)
        if self._raw is None and not answers.has_labels:
            return NO_LABELS
        if answers.problem or answers.rows is None:
            return answers.problem or "the network's output cannot be read"
        meaning = self._meaning
        if meaning is None:
            return "the labels have no shape that fits the output"
        if not meaning.kind:
            return meaning.why_not
        if len(meaning.truth) != len(answers.rows):
            return "the output's shape changes from epoch to epoch"
        return _with_draft(*compute(meaning, answers.rows, answers.last))

    def _of_function(self, answers: Answers) -> EpochOutcomes | str:
        if answers.problem or not answers.columns:
            return answers.problem or "outcomes() returned no columns"
        columns = answers.columns
        scalars = {
            f"probe/{name}": float(np.nanmean(columns[name].astype(np.float64)))
            for name in ("loss", "accuracy")
            if name in columns and not np.isnan(columns[name]).all()
        }
        return _draft(columns, scalars, "function", f"outcomes from a function: {', '.join(columns)}")

    def _from_probe(self, values: npt.NDArray[Any] | None) -> RawLabels | None:
        """Labels as the probe gives them; none if it gives something else."""
        if values is None:
            return None
        return read_labels(values, self._class_names, origin="the probe's labels")


def _with_draft(outcomes: Outcomes, about: str) -> EpochOutcomes:
    columns = {name: values.cpu().numpy() for name, values in outcomes.columns.items()}
    return _draft(columns, outcomes.scalars, outcomes.scores, about)


def _draft(
    columns: Mapping[str, npt.NDArray[Any]], scalars: Mapping[str, float], scores: str, about: str
) -> EpochOutcomes:
    arrays: dict[str, npt.NDArray[Any]] = {}
    texts: dict[str, list[str]] = {}
    for name, values in columns.items():
        if values.dtype == object:
            arrays[f"outcomes/{name}"], texts[name] = as_codes(values)
        else:
            arrays[f"outcomes/{name}"] = values
    attributes: dict[str, Any] = {"scores": scores, "about": about}
    if texts:
        attributes["texts"] = texts
    return EpochOutcomes(RecordDraft("outcomes", arrays, attributes), scalars, about)
