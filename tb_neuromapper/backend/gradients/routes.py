"""The routes of the gradients screen (docs/http_api.md, "Gradients"). A step is a training step."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request, Response

from tb_neuromapper.backend.gradients import summaries
from tb_neuromapper.backend.gradients.view import (
    describe_briefly,
    distributions,
    flow_arrays,
    flow_layers,
    overview,
    scale,
    unit_history,
    weight_of,
)
from tb_neuromapper.backend.http.requests import (
    Application,
    HttpError,
    argument,
    integer_argument,
    respond_frame,
    respond_json,
    route,
)
from tb_neuromapper.backend.log.run_log import RunLog
from tb_neuromapper.backend.log.steps import epochs, subsample_steps, subsample_with_last, version
from tb_neuromapper.backend.services import Services

# The scale is that of so many steps, spread over the run.
_MAX_SCALE_STEPS = 32
_MAX_OVERVIEW_STEPS = 1024
_MAX_HISTORY_STEPS = 512
# One answer reads at most so many new steps; the client asks on for the rest.
_MAX_NEW_STEPS = 128


class Gradients:
    """Answers the requests of the gradients screen.

    Args:
        services: What all screens share.
    """

    def __init__(self, services: Services) -> None:
        self._run_log = services.run_log
        self._steps = services.gradient_steps

    def applications(self) -> dict[str, Application]:
        """WSGI applications by path."""
        return {
            "/gradients": route(self.gradients, "GET"),
            "/gradients/flow": route(self.flow, "GET"),
            "/gradients/overview": route(self.overview, "GET"),
            "/gradients/unit": route(self.unit, "GET"),
            "/gradients/distributions": route(self.distributions, "GET"),
        }

    def describe_run(self, log: RunLog) -> dict[str, Any]:
        """How many steps a run's gradient flow has, and a version; null without any."""
        return {"gradients": describe_briefly(log)}

    def gradients(self, request: Request) -> Response:
        """The recorded steps, the newest table of the layers, and the ends of the colour scales."""
        log = self._run_log(argument(request, "run"))
        steps = log.steps("gradients")
        ends = [summaries.ends(self._steps, log, step) for step in subsample_steps(steps, _MAX_SCALE_STEPS)[0]]
        return respond_json(
            {
                "run": log.name,
                "steps": steps,
                "epochs": epochs(log),
                "versions": [version(log, step) for step in steps],
                "layers": self._newest_layers(log),
                "scale": scale([item for item in ends if item is not None]),
                "problems": self._steps.problems(log.name),
            }
        )

    def flow(self, request: Request) -> Response:
        """All units and connections at one step, as a frame."""
        log, step = self._run_log(argument(request, "run")), integer_argument(request, "step")
        _check_step(log, step)
        flow = self._steps.flow(log, step)
        header = {
            "step": flow.step,
            "epoch": flow.epoch,
            "layers": flow_layers(flow),
            "problems": flow.problems,
            "version": version(log, step),
        }
        return respond_frame(flow_arrays(flow), header, cacheable=request.args.get("v") == header["version"])

    def overview(self, request: Request) -> Response:
        """Each measure of each layer over the steps, as a frame; of a long run only a part at once."""
        log = self._run_log(argument(request, "run"))
        after = integer_argument(request, "after") if "after" in request.args else -1
        kept, stride = subsample_steps(log.steps("gradients"), _MAX_OVERVIEW_STEPS)
        wanted = [step for step in kept if step > after]
        names = [layer["name"] for layer in self._newest_layers(log)]
        columns, n_new = [], 0
        for step in wanted:
            n_new += not summaries.has_summary(self._steps, log, step)
            if n_new > _MAX_NEW_STEPS:
                break
            columns.append(summaries.summary(self._steps, log, step))
        header = {
            "run": log.name,
            "steps": wanted[: len(columns)],
            "stride": stride,
            "layers": names,
            "complete": len(columns) == len(wanted),
        }
        return respond_frame(overview(columns, names), header)

    def unit(self, request: Request) -> Response:
        """One unit's figures over the steps."""
        log, layer = self._run_log(argument(request, "run")), argument(request, "layer")
        unit, n_units = integer_argument(request, "unit"), self._layer(log, layer)["n_units"]
        if unit >= n_units:
            raise HttpError(404, f"layer {layer!r} has no unit {unit}; it has the units 0 to {n_units - 1}.")
        steps = subsample_with_last(log.steps("gradients"), _MAX_HISTORY_STEPS)
        history = unit_history([self._steps.units(log, step) for step in steps], layer, unit)
        return respond_json({"run": log.name, "layer": layer, "unit": unit, "steps": steps, **history})

    def distributions(self, request: Request) -> Response:
        """Quantiles of one parameter of a layer, and of its gradient, over the steps."""
        log, layer = self._run_log(argument(request, "run")), argument(request, "layer")
        owner = self._layer(log, layer)["shares"] or layer
        steps = subsample_with_last(log.steps("parameters"), _MAX_HISTORY_STEPS)
        tables = [self._steps.parameters(log, step) for step in steps]
        newest = next((item for item in reversed(tables) if item is not None), None)
        weight, names = (None, []) if newest is None else weight_of(newest, owner)
        parameter = request.args.get("parameter", weight)
        if parameter is None or parameter not in names:
            known = ", ".join(names) or "none recorded"
            raise HttpError(404, f"layer {layer!r} has no parameter {parameter!r:.80}; it has {known}.")
        answer = {"run": log.name, "layer": layer, "parameter": parameter, "parameters": names, "steps": steps}
        return respond_json({**answer, **distributions(tables, parameter)})

    def _newest_layers(self, log: RunLog) -> list[dict[str, Any]]:
        entries = log.entries.get("gradients", {})
        return self._steps.layers(entries[next(reversed(entries))]) if entries else []

    def _layer(self, log: RunLog, name: str) -> dict[str, Any]:
        layers = self._newest_layers(log)
        for layer in layers:
            if layer["name"] == name:
                return layer
        known = ", ".join(layer["name"] for layer in layers[:20])
        raise HttpError(404, f"run {log.name!r} has no gradients of a layer {name[:200]!r}; it has {known or 'none'}.")


def _check_step(log: RunLog, step: int) -> None:
    steps = log.steps("gradients")
    if step in steps:
        return
    if not steps:
        advice = "call mapper.step() after optimizer.step() in its script"
        raise HttpError(404, f"run {log.name!r} has no gradient records; {advice}.")
    shown = ", ".join(map(str, steps[:10])) + (f" ... {steps[-1]}" if len(steps) > 10 else "")
    raise HttpError(404, f"run {log.name!r} has no gradients at step {step}; it has {shown}.")
