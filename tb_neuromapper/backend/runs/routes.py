"""The routes of the runs and of their samples, which all screens share (docs/http_api.md)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from werkzeug.wrappers import Request, Response

from tb_neuromapper import __version__
from tb_neuromapper.backend.http.requests import (
    Application,
    HttpError,
    argument,
    integer_argument,
    listed,
    respond_bytes,
    respond_frame,
    respond_json,
    route,
)
from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.blocks import n_samples, probe_version
from tb_neuromapper.backend.log.outcomes import texts_of
from tb_neuromapper.backend.log.run_log import LogEntry, RunLog
from tb_neuromapper.backend.log.scalars import finite_pairs
from tb_neuromapper.backend.log.steps import train_steps
from tb_neuromapper.backend.runs.view import PER_SHEET, describe, describe_briefly, readable, thumbnail_sheet
from tb_neuromapper.backend.services import (
    DescribesRuns,
    DescribesServer,
    FindsProblems,
    Screen,
    Services,
    WarmsUp,
)
from tb_neuromapper.schema import RecordError

# Under one of these names a training script logs the accuracy on what it trains on.
_TRAIN_TAGS = ("train/accuracy", "train/acc", "accuracy/train", "acc/train", "train_accuracy", "train_acc")


class Runs:
    """Answers what runs there are, what is in them, and about the probe's samples.

    Args:
        services: What all screens share.
        screens: The screens: each adds its own part to the answers about runs.
    """

    def __init__(self, services: Services, screens: Sequence[Screen]) -> None:
        self._services = services
        self._screens = screens

    def applications(self) -> dict[str, Application]:
        """WSGI applications by path."""
        return {
            "/runs": route(self.runs, "GET"),
            "/run": route(self.run, "GET"),
            "/samples": route(self.samples, "GET"),
            "/outcomes": route(self.outcomes, "GET"),
            "/thumbnails": route(self.thumbnails, "GET"),
            "/accuracy": route(self.accuracy, "GET"),
        }

    def runs(self, request: Request) -> Response:  # noqa: ARG002
        """All runs, each as briefly as its screens describe it; a page asks for them again and again."""
        for screen in self._screens:
            if isinstance(screen, WarmsUp):
                screen.warm_up()
        names, others = self._services.reader.run_names()
        logs = [log for log in map(self._services.reader.run_log, names) if log is not None]
        about: dict[str, Any] = {"log_dir": self._services.log_dir, "version": __version__}
        for screen in self._screens:
            if isinstance(screen, DescribesServer):
                about.update(screen.describe_server())
        return respond_json({**about, "runs": [self._describe_briefly(log) for log in logs], "other_runs": others})

    def run(self, request: Request) -> Response:
        """One run in detail."""
        log = self._services.run_log(argument(request, "run"))
        problems = self._problems(log.name)
        class_names = None
        if log.probe is not None and "probe/class_names" in log.probe.record.tensors:
            try:
                class_names = [str(name) for name in self._services.arrays.load_list(log.probe, "probe/class_names")]
            except RecordError as error:
                problems.append(f"class names: {error}")
        return respond_json({**describe(log, class_names, problems), "train_steps": train_steps(log)})

    def samples(self, request: Request) -> Response:
        """The probe's samples: a frame of their labels or targets, with ids, metadata and descriptions."""
        log = self._services.run_log(argument(request, "run"))
        if log.probe is None:
            return respond_frame({}, {"ids": list(range(n_samples(log))), "metadata": {}})
        return respond_frame(*_samples(self._services.arrays, log.probe))

    def outcomes(self, request: Request) -> Response:
        """The network's answers for the probe at one epoch, as a frame."""
        log, epoch = self._services.run_log(argument(request, "run")), integer_argument(request, "step")
        entry = log.entries.get("outcomes", {}).get(epoch)
        if entry is None:
            known = listed(log.steps("outcomes"))
            raise HttpError(404, f"run {log.name!r} has no outcomes at step {epoch}; it has {known}.")
        arrays = {}
        for name, spec in entry.record.tensors.items():
            values = self._services.arrays.load(entry, name)
            dtype = np.int32 if spec.dtype in ("int64", "int32") else np.float32
            arrays[name.removeprefix("outcomes/")] = values.astype(dtype)
        return respond_frame(arrays, {"step": epoch, "texts": texts_of(entry)})

    def accuracy(self, request: Request) -> Response:
        """The accuracies on probe and training set that the run logged as scalars."""
        log = self._services.run_log(argument(request, "run"))
        found = self._services.scalars.read(log.name, ["probe/accuracy", *_TRAIN_TAGS])
        tag = next((name for name in _TRAIN_TAGS if name in found), None)
        series = {"probe": found.get("probe/accuracy"), "train": found[tag] if tag is not None else None}
        finite = {name: [] if each is None else finite_pairs(each) for name, each in series.items()}
        return respond_json({"run": log.name, "train_tag": tag, **finite})

    def thumbnails(self, request: Request) -> Response:
        """A sheet of thumbnails as PNG."""
        log, index = self._services.run_log(argument(request, "run")), integer_argument(request, "sheet")
        spec = log.probe.record.tensors.get("probe/thumbnails") if log.probe is not None else None
        if spec is None or log.probe is None:
            raise HttpError(404, f"run {log.name!r} has no thumbnails.")
        start = index * PER_SHEET
        if start >= spec.shape[0]:
            raise HttpError(404, f"sheet {index} does not exist; {spec.shape[0]} thumbnails fill the sheets before it.")
        rows = self._services.arrays.load_rows(log.probe, "probe/thumbnails", start, start + PER_SHEET)
        cacheable = request.args.get("v") == probe_version(log)
        return respond_bytes(_png(thumbnail_sheet(rows)), "image/png", cacheable=cacheable)

    def _describe_briefly(self, log: RunLog) -> dict[str, Any]:
        described = describe_briefly(log, self._problems(log.name))
        for screen in self._screens:
            if isinstance(screen, DescribesRuns):
                described.update(screen.describe_run(log))
        return described

    def _problems(self, run: str) -> list[str]:
        finders = [screen for screen in self._screens if isinstance(screen, FindsProblems)]
        return [problem for screen in finders for problem in screen.problems(run)]


def _samples(loader: ArrayLoader, probe: LogEntry) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays and attributes of the samples' frame."""
    arrays: dict[str, Any] = {}
    tensors = probe.record.tensors
    if "probe/labels" in tensors:
        arrays["labels"] = loader.load(probe, "probe/labels").astype(np.int32)
    elif "probe/targets" in tensors:
        arrays["targets"] = loader.load(probe, "probe/targets").astype(np.float32)
    prefix = "probe/metadata/"
    columns = [name for name in tensors if name.startswith(prefix)]
    attributes: dict[str, Any] = {
        "ids": readable(loader.load_list(probe, "probe/ids")),
        "metadata": {name.removeprefix(prefix): readable(loader.load_list(probe, name)) for name in columns},
    }
    if "probe/descriptions" in tensors:
        attributes["descriptions"] = loader.load_list(probe, "probe/descriptions")
    return arrays, attributes


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """An image (h, w, 1 or 3) as PNG."""
    from PIL import Image  # Takes as long as fifty of our modules; TensorBoard's start does not wait for it.

    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
