"""The routes of the scalars screen (docs/http_api.md, "Scalars")."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from tb_neuromapper.backend.http.requests import Application, HttpError, argument, respond_json, route
from tb_neuromapper.backend.log.scalars import axis_of
from tb_neuromapper.backend.log.steps import counters
from tb_neuromapper.backend.scalars.view import describe_series
from tb_neuromapper.backend.services import Services


class Scalars:
    """Answers about the scalars of any run, also of those without our records.

    Args:
        services: What all screens share.
    """

    def __init__(self, services: Services) -> None:
        self._reader = services.reader
        self._scalars = services.scalars

    def applications(self) -> dict[str, Application]:
        """WSGI applications by path."""
        return {"/scalars": route(self.scalars, "GET"), "/scalars/series": route(self.series, "GET")}

    def scalars(self, request: Request) -> Response:  # noqa: ARG002
        """The scalars of all runs: how far each is, and on which axis."""
        with_data, _ = self._reader.run_names()
        runs = {}
        for name, tags in self._scalars.tags().items():
            last_counts = counters(self._reader.run_log(name) if name in with_data else None)
            runs[name] = {
                tag: {
                    "last_step": last_step,
                    "last_wall_time": wall_time_s,
                    "axis": axis_of(tag, last_step, *last_counts),
                }
                for tag, (last_step, wall_time_s) in tags.items()
            }
        return respond_json({"runs": runs})

    def series(self, request: Request) -> Response:
        """One scalar of one run."""
        run, tag = argument(request, "run"), argument(request, "tag")
        found = self._scalars.read(run, [tag])
        if tag not in found:
            known = ", ".join(list(self._scalars.tags(run).get(run, {}))[:20]) or "none"
            raise HttpError(404, f"run {run[:200]!r} has no scalar {tag[:200]!r}; it has {known}.")
        return respond_json(describe_series(run, tag, found[tag], self._scalars.n_kept))
