"""The HTTP interface of docs/http_api.md: each route reads its arguments, asks, and answers."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from werkzeug.wrappers import Request, Response

from tb_neuromapper import __version__
from tb_neuromapper.backend.embeddings import quality
from tb_neuromapper.backend.embeddings import view as embeddings
from tb_neuromapper.backend.embeddings.nearest import nearest_samples
from tb_neuromapper.backend.embeddings.parameters import METRICS, parse_parameters
from tb_neuromapper.backend.embeddings.projection import Projection
from tb_neuromapper.backend.embeddings.projections import Projections
from tb_neuromapper.backend.embeddings.snapshot import Shown
from tb_neuromapper.backend.findings.evidence import EvidenceReader
from tb_neuromapper.backend.gradients import view as gradients
from tb_neuromapper.backend.gradients.routes import GradientRoutes
from tb_neuromapper.backend.http.frames import encode_frame
from tb_neuromapper.backend.http.requests import (
    HttpError,
    argument,
    by_method,
    integer_argument,
    json_body,
    respond_bytes,
    respond_json,
    route,
)
from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.gradient_steps import GradientSteps
from tb_neuromapper.backend.log.reader import LogEntry, LogReader, RunLog
from tb_neuromapper.backend.log.scalars import ScalarReader, finite_pairs
from tb_neuromapper.backend.log.steps import train_steps
from tb_neuromapper.backend.scalars.routes import ScalarRoutes
from tb_neuromapper.numerics.quality.local_preservation import K
from tb_neuromapper.schema import RecordError

FRAME_TYPE = "application/octet-stream"
_MAX_IDS = 256
_MAX_NEIGHBORS = 200
_CHUNK_ROWS = 1 << 16
# A layout may be replaced while it is read, by the next one of a job or by the finished one; hardly twice in a row.
_N_LOOKS = 3
# Under one of these names a training script logs the accuracy on what it trains on.
_TRAIN_TAGS = ("train/accuracy", "train/acc", "accuracy/train", "acc/train", "train_accuracy", "train_acc")
_MAX_SAFE_INTEGER = 2**53 - 1


class Routes:
    """Answers requests.

    Args:
        log_dir: What TensorBoard was started with, for display.
        reader: Indexes the runs.
        loader: Loads arrays.
        projections: Computes and finds layouts.
        scalars: Reads scalars.
        has_playground: Whether the page may offer trainings.
    """

    def __init__(
        self,
        log_dir: str,
        reader: LogReader,
        loader: ArrayLoader,
        projections: Projections,
        scalars: ScalarReader,
        *,
        has_playground: bool = False,
    ) -> None:
        self._log_dir = log_dir
        self._reader = reader
        self._loader = loader
        self._projections = projections
        self._scalars = scalars
        steps = GradientSteps(loader)
        self._gradients = GradientRoutes(self._log, steps)
        self._scalar_routes = ScalarRoutes(reader, scalars, EvidenceReader(loader, steps, scalars))
        self._has_playground = has_playground

    def applications(self) -> dict[str, Callable[..., Any]]:
        """WSGI applications by path."""
        return {
            "/runs": route(self.runs, "GET"),
            "/run": route(self.run, "GET"),
            "/samples": route(self.samples, "GET"),
            "/outcomes": route(self.outcomes, "GET"),
            "/thumbnails": route(self.thumbnails, "GET"),
            "/neighbors": route(self.neighbors, "GET"),
            "/projections": by_method(GET=self.projections, POST=self.request_projections),
            "/positions": route(self.positions, "GET"),
            "/preservation": route(self.preservation, "GET"),
            "/accuracy": route(self.accuracy, "GET"),
            "/subclusters": route(self.subclusters, "GET"),
            "/cancel": route(self.cancel, "POST"),
            **self._gradients.applications(),
            **self._scalar_routes.applications(),
        }

    def runs(self, request: Request) -> Response:  # noqa: ARG002
        self._projections.warm_up()  # Someone has opened the page.
        names, others = self._reader.run_names()
        logs = [log for log in map(self._reader.run_log, names) if log is not None]
        described = [
            {
                **embeddings.describe_briefly(log, self._projections.problems(log.name)),
                "gradients": gradients.describe_briefly(log),
            }
            for log in logs
        ]
        about = {"log_dir": self._log_dir, "version": __version__, "playground": self._has_playground}
        return respond_json({**about, "runs": described, "other_runs": others})

    def run(self, request: Request) -> Response:
        log = self._log(argument(request, "run"))
        problems = self._projections.problems(log.name)
        class_names = None
        if log.probe is not None and "probe/class_names" in log.probe.record.tensors:
            try:
                class_names = [str(name) for name in self._loader.load_list(log.probe, "probe/class_names")]
            except RecordError as error:
                problems.append(f"class names: {error}")
        described = embeddings.describe(log, class_names, problems)
        return respond_json({**described, "train_steps": train_steps(log)})

    def samples(self, request: Request) -> Response:
        log = self._log(argument(request, "run"))
        if log.probe is None:
            ids: list[Any] = list(range(embeddings.n_samples(log)))
            return respond_bytes(encode_frame({}, {"ids": ids, "metadata": {}}), FRAME_TYPE, cacheable=False)
        arrays, attributes = _samples(self._loader, log.probe)
        return respond_bytes(encode_frame(arrays, attributes), FRAME_TYPE, cacheable=False)

    def outcomes(self, request: Request) -> Response:
        log, step = self._log(argument(request, "run")), integer_argument(request, "step")
        entry = log.entries.get("outcomes", {}).get(step)
        if entry is None:
            raise HttpError(
                404, f"run {log.name!r} has no outcomes at step {step}; it has {_few(log.steps('outcomes'))}."
            )
        arrays = {}
        for name, spec in entry.record.tensors.items():
            values = self._loader.load(entry, name)
            dtype = np.int32 if spec.dtype in ("int64", "int32") else np.float32
            arrays[name.removeprefix("outcomes/")] = values.astype(dtype)
        return respond_bytes(encode_frame(arrays, {"step": step}), FRAME_TYPE, cacheable=False)

    def accuracy(self, request: Request) -> Response:
        log = self._log(argument(request, "run"))
        found = self._scalars.read(log.name, ["probe/accuracy", *_TRAIN_TAGS])
        tag = next((name for name in _TRAIN_TAGS if name in found), None)
        series = {"probe": found.get("probe/accuracy"), "train": found[tag] if tag is not None else None}
        finite = {name: [] if each is None else finite_pairs(each) for name, each in series.items()}
        return respond_json({"run": log.name, "train_tag": tag, **finite})

    def subclusters(self, request: Request) -> Response:
        step, projection = integer_argument(request, "step"), self._projection(argument(request, "id"))
        if step not in projection.shown.picture.steps:
            raise HttpError(404, f"there are no positions at step {step} yet.")
        # The positions of two runs side by side are in the first one's rows.
        name = projection.pair.runs[0] if projection.pair is not None else projection.run
        probe = self._log(name).probe
        if probe is None or "probe/labels" not in probe.record.tensors:
            raise HttpError(404, f"the samples of run {name!r} have no classes.")
        labels = self._loader.load(probe, "probe/labels").astype(np.int32)
        try:
            count = self._projections.subclusters(projection, step, labels)
        except OSError:
            raise HttpError(404, f"the layout at step {step} has just been replaced; ask again.") from None
        return respond_json({"id": projection.id, "step": step, "per_class": count})

    def thumbnails(self, request: Request) -> Response:
        log, index = self._log(argument(request, "run")), integer_argument(request, "sheet")
        spec = log.probe.record.tensors.get("probe/thumbnails") if log.probe is not None else None
        if spec is None or log.probe is None:
            raise HttpError(404, f"run {log.name!r} has no thumbnails.")
        start = index * embeddings.PER_SHEET
        if start >= spec.shape[0]:
            raise HttpError(404, f"sheet {index} does not exist; {spec.shape[0]} thumbnails fill the sheets before it.")
        rows = self._loader.load_rows(log.probe, "probe/thumbnails", start, start + embeddings.PER_SHEET)
        pixels = embeddings.sheet(rows)
        buffer = io.BytesIO()
        Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG", compress_level=3)
        cacheable = request.args.get("v") == embeddings.probe_version(log)
        return respond_bytes(buffer.getvalue(), "image/png", cacheable=cacheable)

    def neighbors(self, request: Request) -> Response:
        log, block = self._log(argument(request, "run")), argument(request, "block")
        step, row = integer_argument(request, "step"), integer_argument(request, "row")
        k = integer_argument(request, "k") if "k" in request.args else 10
        metric = request.args.get("metric", METRICS[0])
        if not 1 <= k <= _MAX_NEIGHBORS:
            raise HttpError(400, f"k is {k}; 1 to {_MAX_NEIGHBORS} are allowed.")
        if metric not in METRICS:
            raise HttpError(400, f"metric is {metric[:40]!r}; only {', '.join(METRICS)} are allowed.")
        entry, tensor = _activations(log, block, step)
        n = entry.record.tensors[tensor].shape[0]
        if row >= n:
            raise HttpError(404, f"there is no row {row}; run {log.name!r} has the rows 0 to {n - 1}.")
        query = self._loader.load_rows(entry, tensor, row, row + 1)[0]
        chunks = (
            self._loader.load_rows(entry, tensor, start, start + _CHUNK_ROWS) for start in range(0, n, _CHUNK_ROWS)
        )
        rows, distances = nearest_samples(chunks, query, row=row, k=k, metric=metric)
        answer = {"run": log.name, "block": block, "step": step, "row": row, "metric": metric}
        return respond_json({**answer, "rows": rows.tolist(), "distances": distances.tolist()})

    def request_projections(self, request: Request) -> Response:
        body = json_body(request)
        logs = [self._log(name) for name in _runs(body)]
        log = logs[0]
        known = [block for block in embeddings.block_names(log) if block in embeddings.block_names(logs[-1])]
        blocks = body.get("blocks", known)
        if not isinstance(blocks, list) or not all(isinstance(block, str) for block in blocks):
            raise HttpError(400, f"blocks is {blocks!r:.80}; only a list of block names is allowed.")
        unknown = [block for block in blocks if block not in known]
        if unknown:
            names = " and ".join(repr(each.name) for each in logs)
            them = "it has" if len(logs) == 1 else "both have"
            verb = "run" if len(logs) == 1 else "one of the runs"
            raise HttpError(404, f"{verb} {names} has no block {unknown[0]!r}; {them} {', '.join(known) or 'none'}.")
        parameters = body.get("parameters", {})
        if not isinstance(parameters, dict):
            raise HttpError(400, f"parameters is {parameters!r:.80}; only an object is allowed.")
        checked = parse_parameters(parameters)
        focus = body.get("focus")
        if focus is not None and (not isinstance(focus, int) or isinstance(focus, bool)):
            raise HttpError(400, f"focus is {focus!r:.80}; only a step is allowed.")
        stays = body.get("unless_cancelled", False)
        if not isinstance(stays, bool):
            raise HttpError(400, f"unless_cancelled is {stays!r:.80}; only true or false is allowed.")
        ask = self._projections
        if len(logs) == 1:
            asked = [ask.request(log, block, checked, focus=focus, unless_cancelled=stays) for block in blocks]
            return self._manifests(asked)
        both = (logs[0], logs[1])
        ids = self._sample_ids(both)
        sides = [ask.request_pair(both, ids, block, checked, unless_cancelled=stays) for block in blocks]
        return self._manifests([side for pair in sides for side in pair])

    def projections(self, request: Request) -> Response:
        return self._manifests([self._projection(key) for key in _ids(argument(request, "ids").split(","))])

    def cancel(self, request: Request) -> Response:
        ids = json_body(request).get("ids")
        if not isinstance(ids, list) or not all(isinstance(key, str) for key in ids):
            raise HttpError(400, f"ids is {ids!r:.80}; only a list of projection ids is allowed.")
        found = [self._projection(key) for key in _ids(ids)]
        for projection in found:
            self._projections.cancel(projection.id)
        return self._manifests(found)

    def positions(self, request: Request) -> Response:
        step = integer_argument(request, "step")
        arrays, extents, revisions = {}, {}, {}
        for key in _ids(argument(request, "ids").split(",")):
            found = self._positions(key, step)
            if found is None:
                continue
            arrays[key], shown = found
            extents[key], revisions[key] = shown.extent, shown.revisions[step][1]
        if not arrays:
            raise HttpError(404, f"there are no positions at step {step} yet.")
        data = encode_frame(arrays, {"step": step, "extents": extents, "revisions": revisions})
        cacheable = request.args.get("v") == ",".join(str(revision) for revision in revisions.values())
        return respond_bytes(data, FRAME_TYPE, cacheable=cacheable)

    def _positions(self, key: str, step: int) -> tuple[npt.NDArray[np.uint16], Shown] | None:
        """A step's positions and what they belong to; None if there are none."""
        for _ in range(_N_LOOKS):
            shown = self._projection(key).shown
            if step not in shown.picture.steps or shown.extent is None:
                return None
            with contextlib.suppress(OSError):  # Replaced a moment ago; the next look finds the newer layout.
                return embeddings.quantise(shown.picture.positions(step), shown.extent), shown
        return None

    def preservation(self, request: Request) -> Response:
        step = integer_argument(request, "step")
        arrays, revisions = {}, {}
        for key in _ids(argument(request, "ids").split(",")):
            projection = self._projection(key)
            shown = projection.shown
            if step not in shown.picture.steps:
                continue
            try:
                shares = self._projections.preservation(projection, step, K)
            except OSError:
                continue  # Replaced by a newer layout a moment ago; its revision will say so.
            if shares is not None:
                arrays[key], revisions[key] = quality.encode_shares(shares), shown.revisions[step][1]
        if not arrays:
            raise HttpError(404, f"the neighbours in the picture are not known at step {step} yet.")
        data = encode_frame(arrays, {"step": step, "k": K, "revisions": revisions})
        cacheable = request.args.get("v") == ",".join(str(revision) for revision in revisions.values())
        return respond_bytes(data, FRAME_TYPE, cacheable=cacheable)

    def _log(self, name: str) -> RunLog:
        log = self._reader.run_log(name)
        if log is None:
            names, _ = self._reader.run_names()
            raise HttpError(404, f"there is no run {name[:200]!r} with NeuroMapper data; there are {_few(names)}.")
        return log

    def _sample_ids(self, logs: tuple[RunLog, RunLog]) -> tuple[Sequence[Any], Sequence[Any]]:
        """The ids of both runs' samples; their numbers serve as well if the sample sets are the same."""
        sets = {log.probe.record.sample_set if log.probe is not None else None for log in logs}
        if len(sets) == 1:
            return range(embeddings.n_samples(logs[0])), range(embeddings.n_samples(logs[1]))
        first, second = (
            range(embeddings.n_samples(log)) if log.probe is None else self._loader.load_list(log.probe, "probe/ids")
            for log in logs
        )
        return first, second

    def _projection(self, key: str) -> Projection:
        projection = self._projections.get(key)
        if projection is None:
            raise HttpError(404, f"there is no projection {key[:40]!r}; ask for it with POST projections first.")
        return projection

    def _manifests(self, projections: list[Projection]) -> Response:
        return respond_json({"projections": [self._projections.manifest(item) for item in projections]})


def _activations(log: RunLog, block: str, step: int) -> tuple[LogEntry, str]:
    known = embeddings.block_names(log)
    if block not in known:
        raise HttpError(404, f"run {log.name!r} has no block {block[:200]!r}; it has {_few(known)}.")
    slices = {item.step: item.tensor for item in embeddings.block_slices(log, block)}
    if step not in slices:
        raise HttpError(404, f"block {block!r} has no activations at step {step}; it has {_few(list(slices))}.")
    return log.entries["activations"][step], slices[step]


def _samples(loader: ArrayLoader, probe: LogEntry) -> tuple[dict[str, Any], dict[str, Any]]:
    arrays: dict[str, Any] = {}
    tensors = probe.record.tensors
    if "probe/labels" in tensors:
        arrays["labels"] = loader.load(probe, "probe/labels").astype(np.int32)
    elif "probe/targets" in tensors:
        arrays["targets"] = loader.load(probe, "probe/targets").astype(np.float32)
    prefix = "probe/metadata/"
    columns = [name for name in tensors if name.startswith(prefix)]
    attributes: dict[str, Any] = {
        "ids": _readable(loader.load_list(probe, "probe/ids")),
        "metadata": {name.removeprefix(prefix): _readable(loader.load_list(probe, name)) for name in columns},
    }
    if "probe/descriptions" in tensors:
        attributes["descriptions"] = loader.load_list(probe, "probe/descriptions")
    return arrays, attributes


def _readable(values: list[Any]) -> list[Any]:
    """As JavaScript can read them: null for what is not finite, strings for integers that a double cannot hold."""

    def readable(value: Any) -> Any:
        if isinstance(value, float):
            return value if np.isfinite(value) else None
        return str(value) if isinstance(value, int) and abs(value) > _MAX_SAFE_INTEGER else value

    return [readable(value) for value in values]


def _ids(keys: list[str]) -> list[str]:
    if not 1 <= len(keys) <= _MAX_IDS:
        raise HttpError(400, f"{len(keys)} ids; 1 to {_MAX_IDS} are allowed.")
    return keys


def _runs(body: dict[str, Any]) -> list[str]:
    """The run, or the two different runs, that a body names."""
    names = body.get("runs")
    if names is None:
        return [_string(body, "run")]
    is_pair = isinstance(names, list) and len(names) == 2 and all(isinstance(name, str) for name in names)
    if not is_pair or names[0] == names[1] or "run" in body:
        raise HttpError(400, f"runs is {names!r:.80}; only the names of two different runs, without run, are allowed.")
    return list(names)


def _string(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise HttpError(400, f"{name} is {value!r:.80}; only a string is allowed.")
    return value


def _few(values: list[Any]) -> str:
    shown = ", ".join(map(str, values[:20]))
    return f"{shown} and {len(values) - 20} more" if len(values) > 20 else shown or "none"
