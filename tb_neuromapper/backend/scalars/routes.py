"""The routes of the scalars screen and of the findings (docs/http_api.md, "Scalars" and "Findings")."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from tb_neuromapper.backend.findings import view as findings
from tb_neuromapper.backend.findings.evidence import EvidenceReader
from tb_neuromapper.backend.http.requests import HttpError, argument, respond_json, route
from tb_neuromapper.backend.log.reader import LogReader
from tb_neuromapper.backend.log.scalars import ScalarReader, axis_of
from tb_neuromapper.backend.log.steps import counters as last_counters
from tb_neuromapper.backend.scalars import view as scalars
from tb_neuromapper.numerics.findings.rules import check_thresholds, judge

_MAX_THRESHOLDS_LETTERS = 4000


class ScalarRoutes:
    """Answers about scalars and findings of any run, also of those without our records.

    Args:
        reader: Indexes the runs with our records.
        scalar_reader: Reads scalars.
        evidence: Reads what the rules need.
    """

    def __init__(self, reader: LogReader, scalar_reader: ScalarReader, evidence: EvidenceReader) -> None:
        self._reader = reader
        self._scalars = scalar_reader
        self._evidence = evidence

    def applications(self) -> dict[str, Callable[..., Any]]:
        """WSGI applications by path."""
        return {
            "/scalars": route(self.scalars, "GET"),
            "/scalars/series": route(self.series, "GET"),
            "/findings": route(self.findings, "GET"),
        }

    def scalars(self, request: Request) -> Response:  # noqa: ARG002
        with_data, _ = self._reader.run_names()
        runs = {}
        for name, tags in self._scalars.tags().items():
            counters = last_counters(self._reader.run_log(name) if name in with_data else None)
            runs[name] = {
                tag: {
                    "last_step": last_step,
                    "last_wall_time": wall_time_s,
                    "axis": axis_of(tag, last_step, *counters),
                }
                for tag, (last_step, wall_time_s) in tags.items()
            }
        return respond_json({"runs": runs})

    def series(self, request: Request) -> Response:
        run, tag = argument(request, "run"), argument(request, "tag")
        found = self._scalars.read(run, [tag])
        if tag not in found:
            known = list(self._scalars.tags(run).get(run, {}))
            raise HttpError(
                404, f"run {run[:200]!r} has no scalar {tag[:200]!r}; it has {', '.join(known[:20]) or 'none'}."
            )
        return respond_json(scalars.describe_series(run, tag, found[tag], self._scalars.n_kept))

    def findings(self, request: Request) -> Response:
        run = argument(request, "run")
        thresholds = check_thresholds(_thresholds(request.args.get("thresholds", "{}")))
        log, tags = self._reader.run_log(run), self._scalars.tags(run).get(run, {})
        if log is None and not tags:
            raise HttpError(404, f"there is no run {run[:200]!r} with records or scalars.")
        verdict = judge(self._evidence.read(run, log), thresholds)
        return respond_json({"run": run, **findings.describe(verdict, thresholds, list(tags))})


def _thresholds(text: str) -> dict[str, float]:
    if len(text) > _MAX_THRESHOLDS_LETTERS:
        raise HttpError(400, f"thresholds has {len(text)} letters; at most {_MAX_THRESHOLDS_LETTERS} are allowed.")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise HttpError(400, "thresholds is not JSON; an object of names and numbers is needed.") from None
    if not isinstance(given, dict):
        raise HttpError(400, f"thresholds is a JSON {type(given).__name__}; an object of names and numbers is needed.")
    return given
