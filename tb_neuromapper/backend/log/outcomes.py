"""What a run's index says of its outcomes. Pure."""

from __future__ import annotations

from tb_neuromapper.backend.log.run_log import LogEntry, RunLog

OUTCOMES = "outcomes/"


def about_outcomes(log: RunLog) -> str | None:
    """What the network's output was taken for at the newest epoch, or why there are no outcomes; None = not said."""
    for kind, attribute in (("activations", "outcomes"), ("outcomes", "about")):
        newest = next(reversed(log.entries.get(kind, {}).values()), None)
        words = None if newest is None else newest.record.attributes.get(attribute)
        if isinstance(words, str) and words:
            return words
    return None


def outcome_columns(log: RunLog) -> list[str]:
    """The names of all columns of outcomes that any epoch has, those of the newest first."""
    names: dict[str, None] = {}
    for entry in reversed(log.entries.get("outcomes", {}).values()):
        names.update({name.removeprefix(OUTCOMES): None for name in entry.record.tensors})
    return list(names)


def texts_of(entry: LogEntry) -> dict[str, list[str]]:
    """By column of texts, the texts that its integers count from 0; a column whose texts cannot be used is left out."""
    texts = entry.record.attributes.get("texts")
    if not isinstance(texts, dict):
        return {}
    return {
        name: values
        for name, values in texts.items()
        if isinstance(values, list) and all(isinstance(value, str) for value in values)
    }
