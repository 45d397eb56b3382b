"""The playground's routes: a form, and trainings to start, watch and stop. Off unless a flag says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tensorboard.plugins import base_plugin
from werkzeug.wrappers import Request, Response

from tb_neuromapper.backend.http.loopback import check_flags, check_request
from tb_neuromapper.backend.http.requests import Handler, HttpError, by_method, json_body, respond_json, route
from tb_neuromapper.backend.playground.trainings import MAX_RUNNING, CannotTrainError, Trainings
from tb_neuromapper.playground.data_sets import SHAPES, missing
from tb_neuromapper.playground.fields import ParameterError, shorten
from tb_neuromapper.playground.parameters import FIELDS, parse_training

_OFF = "the playground is off; start TensorBoard with --neuromapper_playground, on the machine where it trains."


class Playground:
    """Answers requests about trainings.

    Args:
        trainings: Starts and stops them; None if the playground is off.
    """

    def __init__(self, trainings: Trainings | None) -> None:
        self._maybe_trainings = trainings

    @property
    def is_on(self) -> bool:
        return self._maybe_trainings is not None

    def applications(self) -> dict[str, Callable[..., Any]]:
        """WSGI applications by path."""
        return {
            "/playground": route(self._guarded(self.form), "GET"),
            "/trainings": by_method(GET=self._guarded(self.trainings), POST=self._guarded(self.start)),
            "/trainings/stop": route(self._guarded(self.stop), "POST"),
        }

    def form(self, request: Request) -> Response:  # noqa: ARG002
        trainings = self._trainings
        data_sets = {
            name: {**asdict(shape), "missing": missing(name, trainings.data_folder)} for name, shape in SHAPES.items()
        }
        answer = {"why_not": trainings.why_not(), "fields": [field.described() for field in FIELDS]}
        limits = {"max_running": MAX_RUNNING, **asdict(trainings.limits)}
        return respond_json({**answer, "data_sets": data_sets, "limits": limits})

    def trainings(self, request: Request) -> Response:  # noqa: ARG002
        return respond_json({"trainings": self._trainings.described()})

    def start(self, request: Request) -> Response:
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
        key = json_body(request).get("id")
        if not isinstance(key, str) or not self._trainings.stop(key):
            known = ", ".join(training["id"] for training in self._trainings.described()) or "none"
            raise HttpError(404, f"there is no training {shorten(key)}; there are {known}.")
        return self.trainings(request)

    def close(self) -> None:
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


def open_playground(context: base_plugin.TBContext) -> Playground:
    """The playground as TensorBoard's flags want it.

    Raises:
        ValueError: It is on, but other machines can reach this TensorBoard.
    """
    flags = context.flags
    if not getattr(flags, "neuromapper_playground", False):
        return Playground(None)
    check_flags(flags)
    log_dir = getattr(flags, "logdir", "") or ""
    is_local = bool(log_dir) and "://" not in log_dir
    folder = Path(log_dir).expanduser().absolute() if is_local else None
    return Playground(Trainings(folder, Path(flags.neuromapper_data).expanduser().absolute()))
