"""Findings as the page shows them, from what the rules report. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tb_neuromapper.numerics.findings.evidence import Finding
from tb_neuromapper.numerics.findings.rules import RULES, THRESHOLDS, RuleReport


def describe(report: RuleReport, thresholds: Mapping[str, float], tags: Sequence[str]) -> dict[str, Any]:
    """What the route answers.

    Args:
        report: What the rules say.
        thresholds: All thresholds as they were used.
        tags: The run's scalars, to which a finding may link.
    """
    return {
        "findings": [describe_finding(finding, tags) for finding in report.findings],
        "rules": [
            {"kind": rule.kind, "title": rule.title, "source": rule.source, "thresholds": list(rule.thresholds)}
            for rule in RULES
        ],
        "thresholds": [
            {
                "name": each.name,
                "title": each.title,
                "value": thresholds[each.name],
                "default": each.default,
                "low": each.low,
                "high": each.high,
                "unit": each.unit,
            }
            for each in THRESHOLDS.values()
        ],
        "healthy": report.healthy,
        "unchecked": report.unchecked,
    }


def describe_finding(finding: Finding, tags: Sequence[str]) -> dict[str, Any]:
    """One finding with the link to where it is seen: the screen, and of it the layer or tag, the step and the units."""
    tag = finding.evidence.get("tag", finding.where)
    is_scalar = tag in tags
    layer = "" if finding.where in tags else finding.where
    link = {
        "screen": "scalars" if is_scalar else "gradients",
        "tag": tag if is_scalar else None,
        "layer": layer or None,
        "unit": finding.units[0] if finding.units else None,
        "train_step": _shown_step(finding),
    }
    return {
        "kind": finding.kind,
        "where": finding.where,
        "units": finding.units,
        "steps": [list(each) for each in finding.steps],
        "message": finding.message,
        "evidence": _plain(finding.evidence),
        "link": link,
    }


def _shown_step(finding: Finding) -> int | None:
    """Where it is best seen: a persistent state at its end, an event where it began."""
    if not finding.steps:
        return None
    return finding.steps[-1][1] if finding.units else finding.steps[0][0]


def _plain(value: Any) -> Any:
    """As JSON can hold it: numbers that are not finite become None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
