"""The playground's routes: a form, and trainings to start, watch and stop. Off unless a flag says otherwise."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request, Response

from tb_neuromapper.backend.http.loopback import check_flags, check_request
from tb_neuromapper.backend.http.requests import (
    Application,
    Handler,
    HttpError,
    by_method,
    json_body,
    respond_json,
    route,
)
from tb_neuromapper.backend.playground.trainings import MAX_RUNNING, CannotTrainError, Trainings
from tb_neuromapper.backend.services import Services
from tb_neuromapper.playground.data_sets import SHAPES, missing
from tb_neuromapper.playground.fields import ParameterError, shorten
from tb_neuromapper.playground.parameters import FIELDS, parse_training

_OFF = "the playground is off; start TensorBoard with --neuromapper_playground, on the machine where it trains."


class Playground:
    """Answers requests about trainings.

    Args:
        services: What all screens share; the flags say whether the playground is on.

    Raises:
        ValueError: It is on, but other machines can reach this TensorBoard.
    """

    def __init__(self, services: Services) -> None:
        self._maybe_trainings = _open_trainings(services.flags)

    def applications(self) -> dict[str, Application]:
        """WSGI applications by path."""
        return {
            "/playground": route(self._guarded(self.form), "GET"),
            "/trainings": by_method(GET=self._guarded(self.trainings), POST=self._guarded(self.start)),
            "/trainings/stop": route(self._guarded(self.stop), "POST"),
        }

    def describe_server(self) -> dict[str, bool]:
        """Whether the page may offer trainings."""
        return {"playground": self._maybe_trainings is not None}

    def form(self, request: Request) -> Response:  # noqa: ARG002
        """What may be trained here: fields with bounds, data sets, limits."""
        trainings = self._trainings
        data_sets = {
            name: {**asdict(shape), "missing": missing(name, trainings.data_folder)} for name, shape in SHAPES.items()
        }
        answer = {"why_not": trainings.why_not(), "fields": [field.described() for field in FIELDS]}
        limits = {"max_running": MAX_RUNNING, **asdict(trainings.limits)}
        return respond_json({**answer, "data_sets": data_sets, "limits": limits})

    def trainings(self, request: Request) -> Response:  # noqa: ARG002
        """The trainings of this TensorBoard."""
        return respond_json({"trainings": self._trainings.described()})

    def start(self, request: Request) -> Response:
        """Start a training."""
        try:
            parameters = parse_training(_parameters_in(json_body(request)))
        except ParameterError as error:
            return respond_json({"error": str(error), "field": error.field}, 400)
        try:
            training = self._trainings.start(parameters)
        except CannotTrainError as error:
            raise HttpError(409, str(error)) from error
        return respond_json({"training": training.described()})

    def stop(self, request: Request) -> Response:
        """Ask a training to stop; answers as `trainings`."""
        key = json_body(request).get("id")
        if not isinstance(key, str) or not self._trainings.stop(key):
            known = ", ".join(training["id"] for training in self._trainings.described()) or "none"
            raise HttpError(404, f"there is no training {shorten(key)}; there are {known}.")
        return self.trainings(request)

    def close(self) -> None:
        """Ask all trainings to stop; they end on their own if this process is killed."""
        if self._maybe_trainings is not None:
            self._maybe_trainings.close()

    @property
    def _trainings(self) -> Trainings:
        assert self._maybe_trainings is not None
        return self._maybe_trainings

    def _guarded(self, handler: Handler) -> Handler:
        def guarded(request: Request) -> Response:
            if self._maybe_trainings is None:
                raise HttpError(404, _OFF)
            check_request(request)
            return handler(request)

        return guarded


def _parameters_in(body: dict[str, Any]) -> Any:
    """The parameters in a request's body.

    Raises:
        ParameterError: There is something else in it.
    """
    unknown = next((name for name in body if name != "parameters"), None)
    if unknown is not None:
        raise ParameterError(
            "",
            f"the request has {shorten(unknown)}, which is unknown; only parameters is allowed. Put names and values "
            'into it: {"parameters": {"hidden": [64, 32]}}.',
        )
    return body.get("parameters", {})


def _open_trainings(flags: argparse.Namespace) -> Trainings | None:
    """As TensorBoard's flags want it; None if the playground is off."""
    if not getattr(flags, "neuromapper_playground", False):
        return None
    check_flags(flags)
    log_dir = getattr(flags, "logdir", "") or ""
    is_local = bool(log_dir) and "://" not in log_dir
    folder = Path(log_dir).expanduser().absolute() if is_local else None
    return Trainings(folder, Path(flags.neuromapper_data).expanduser().absolute())
