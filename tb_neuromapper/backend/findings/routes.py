"""The route of the findings (docs/http_api.md, "Findings")."""

from __future__ import annotations

import json

from werkzeug.wrappers import Request, Response

from tb_neuromapper.backend.findings.evidence import EvidenceReader
from tb_neuromapper.backend.findings.view import describe
from tb_neuromapper.backend.http.requests import Application, HttpError, argument, respond_json, route
from tb_neuromapper.backend.services import Services
from tb_neuromapper.numerics.findings.rules import check_thresholds, run_rules

_MAX_THRESHOLDS_LETTERS = 4000


class Findings:
    """Answers what is wrong with any run, also with one without our records.

    Args:
        services: What all screens share.
    """

    def __init__(self, services: Services) -> None:
        self._reader = services.reader
        self._scalars = services.scalars
        self._evidence = EvidenceReader(services.arrays, services.gradient_steps, services.scalars)

    def applications(self) -> dict[str, Application]:
        """WSGI applications by path."""
        return {"/findings": route(self.findings, "GET")}

    def findings(self, request: Request) -> Response:
        """What the rules find in a run, and which of them had nothing to read."""
        run = argument(request, "run")
        thresholds = check_thresholds(_thresholds(request.args.get("thresholds", "{}")))
        log, tags = self._reader.run_log(run), self._scalars.tags(run).get(run, {})
        if log is None and not tags:
            raise HttpError(404, f"there is no run {run[:200]!r} with records or scalars.")
        report = run_rules(self._evidence.read(run, log), thresholds)
        return respond_json({"run": run, **describe(report, thresholds, list(tags))})


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
