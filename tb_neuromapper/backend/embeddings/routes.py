"""The routes of the embeddings screen (docs/http_api.md): layouts, and what is measured of them. A step is an epoch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from werkzeug.wrappers import Request, Response

from tb_neuromapper.backend.embeddings.measures import measure_preservation, measure_subclusters
from tb_neuromapper.backend.embeddings.nearest import nearest_samples
from tb_neuromapper.backend.embeddings.parameters import METRICS
from tb_neuromapper.backend.embeddings.projection import Projection
from tb_neuromapper.backend.embeddings.projection_request import parse_request
from tb_neuromapper.backend.embeddings.projections import Projections
from tb_neuromapper.backend.embeddings.quality import encode_shares
from tb_neuromapper.backend.embeddings.snapshot import PublishedLayout
from tb_neuromapper.backend.embeddings.view import quantize
from tb_neuromapper.backend.http.requests import (
    Application,
    HttpError,
    argument,
    by_method,
    integer_argument,
    json_body,
    listed,
    respond_frame,
    respond_json,
    route,
)
from tb_neuromapper.backend.log.blocks import block_names, block_slices, n_samples
from tb_neuromapper.backend.log.run_log import LogEntry, RunLog
from tb_neuromapper.backend.services import Services
from tb_neuromapper.numerics.quality.local_preservation import K

_MAX_IDS = 256
_MAX_NEIGHBORS = 200
_CHUNK_ROWS = 1 << 16
# A layout may be replaced while it is read, by the next one of a job or by the finished one; hardly twice in a row.
_N_LOOKS = 3


class Embeddings:
    """Answers the requests of the embeddings screen.

    Args:
        services: What all screens share.

    Attributes:
        projections: Computes and finds the layouts.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self.projections = Projections(services.cache, services.arrays, services.executor)

    def applications(self) -> dict[str, Application]:
        """WSGI applications by path."""
        return {
            "/neighbors": route(self.neighbors, "GET"),
            "/projections": by_method(GET=self.manifests, POST=self.request_projections),
            "/positions": route(self.positions, "GET"),
            "/preservation": route(self.preservation, "GET"),
            "/subclusters": route(self.subclusters, "GET"),
            "/cancel": route(self.cancel, "POST"),
        }

    def problems(self, run: str) -> list[str]:
        """Sentences about epochs of a run that could not be laid out."""
        return self.projections.problems(run)

    def warm_up(self) -> None:
        """Let the worker start and compile before the first layout is asked for."""
        self.projections.warm_up()

    def close(self) -> None:
        """Remove the folders of running jobs; the worker's end is not ours."""
        self.projections.clean_up()

    def neighbors(self, request: Request) -> Response:
        """The samples nearest to one in a block's activations."""
        log, block = self._services.run_log(argument(request, "run")), argument(request, "block")
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
        load_rows = self._services.arrays.load_rows
        query = load_rows(entry, tensor, row, row + 1)[0]
        chunks = (load_rows(entry, tensor, start, start + _CHUNK_ROWS) for start in range(0, n, _CHUNK_ROWS))
        rows, distances = nearest_samples(chunks, query, row=row, k=k, metric=metric)
        answer = {"run": log.name, "block": block, "step": step, "row": row, "metric": metric}
        return respond_json({**answer, "rows": rows.tolist(), "distances": distances.tolist()})

    def request_projections(self, request: Request) -> Response:
        """Start or extend the projections of some blocks; answers their manifests."""
        asked = parse_request(json_body(request))
        logs = [self._services.run_log(name) for name in asked.runs]
        blocks = _known_blocks(logs, asked.blocks)
        request_one, request_pair = self.projections.request, self.projections.request_pair
        parameters, stays = asked.parameters, asked.unless_cancelled
        if len(logs) == 1:
            return self._manifests(
                [request_one(logs[0], name, parameters, focus=asked.focus, unless_cancelled=stays) for name in blocks]
            )
        pair = (logs[0], logs[1])
        ids = self._sample_ids(pair)
        found = [request_pair(pair, ids, name, parameters, unless_cancelled=stays) for name in blocks]
        return self._manifests([side for sides in found for side in sides])

    def manifests(self, request: Request) -> Response:
        """How far some projections are, and what of them can be displayed."""
        return self._manifests([self._projection(key) for key in _ids(argument(request, "ids").split(","))])

    def cancel(self, request: Request) -> Response:
        """Cancel some projections; answers their manifests."""
        ids = json_body(request).get("ids")
        if not isinstance(ids, list) or not all(isinstance(key, str) for key in ids):
            raise HttpError(400, f"ids is {ids!r:.80}; only a list of projection ids is allowed.")
        found = [self._projection(key) for key in _ids(ids)]
        for projection in found:
            self.projections.cancel(projection.id)
        return self._manifests(found)

    def positions(self, request: Request) -> Response:
        """The positions of all samples at one step in some projections, as a frame."""
        step = integer_argument(request, "step")
        arrays, extents, revisions = {}, {}, {}
        for key in _ids(argument(request, "ids").split(",")):
            found = self._positions(key, step)
            if found is None:
                continue
            arrays[key], published = found
            extents[key], revisions[key] = published.extent, published.revisions[step][1]
        if not arrays:
            raise HttpError(404, f"there are no positions at step {step} yet.")
        return _respond_revisions(request, arrays, {"step": step, "extents": extents}, revisions)

    def preservation(self, request: Request) -> Response:
        """How faithful some projections are around each sample at one step, as a frame."""
        step = integer_argument(request, "step")
        arrays, revisions = {}, {}
        for key in _ids(argument(request, "ids").split(",")):
            projection = self._projection(key)
            published = projection.published
            if step not in published.snapshot.steps:
                continue
            try:
                shares = measure_preservation(self._services.cache, projection, step, K)
            except OSError:
                continue  # Replaced by a newer layout a moment ago; its revision will say so.
            if shares is not None:
                arrays[key], revisions[key] = encode_shares(shares), published.revisions[step][1]
        if not arrays:
            raise HttpError(404, f"the neighbours in the picture are not known at step {step} yet.")
        return _respond_revisions(request, arrays, {"step": step, "k": K}, revisions)

    def subclusters(self, request: Request) -> Response:
        """Into how many clusters a projection divides each class at one step."""
        step, projection = integer_argument(request, "step"), self._projection(argument(request, "id"))
        if step not in projection.published.snapshot.steps:
            raise HttpError(404, f"there are no positions at step {step} yet.")
        # The positions of two runs in one space are in the first one's rows.
        name = projection.pair.runs[0] if projection.pair is not None else projection.run
        probe = self._services.run_log(name).probe
        if probe is None or "probe/labels" not in probe.record.tensors:
            raise HttpError(404, f"the samples of run {name!r} have no classes.")
        labels = self._services.arrays.load(probe, "probe/labels").astype(np.int32)
        try:
            count = measure_subclusters(self._services.executor, projection, step, labels)
        except OSError:
            raise HttpError(404, f"the layout at step {step} has just been replaced; ask again.") from None
        return respond_json({"id": projection.id, "step": step, "per_class": count})

    def _positions(self, key: str, step: int) -> tuple[npt.NDArray[np.uint16], PublishedLayout] | None:
        """A step's positions and what they belong to; None if there are none."""
        for _ in range(_N_LOOKS):
            published = self._projection(key).published
            if step not in published.snapshot.steps or published.extent is None:
                return None
            with contextlib.suppress(OSError):  # Replaced a moment ago; the next look finds the newer layout.
                return quantize(published.snapshot.positions(step), published.extent), published
        return None

    def _sample_ids(self, logs: tuple[RunLog, RunLog]) -> tuple[Sequence[Any], Sequence[Any]]:
        """The ids of both runs' samples; their numbers serve as well if the sample sets are the same."""
        sets = {log.probe.record.sample_set if log.probe is not None else None for log in logs}
        if len(sets) == 1:
            return range(n_samples(logs[0])), range(n_samples(logs[1]))
        first, second = (
            range(n_samples(log)) if log.probe is None else self._services.arrays.load_list(log.probe, "probe/ids")
            for log in logs
        )
        return first, second

    def _projection(self, key: str) -> Projection:
        projection = self.projections.get(key)
        if projection is None:
            raise HttpError(404, f"there is no projection {key[:40]!r}; ask for it with POST projections first.")
        return projection

    def _manifests(self, projections: Iterable[Projection]) -> Response:
        return respond_json({"projections": [self.projections.manifest(item) for item in projections]})


def _respond_revisions(
    request: Request, arrays: Mapping[str, npt.NDArray[Any]], header: Mapping[str, Any], revisions: Mapping[str, int]
) -> Response:
    """A frame by id, which may be cached if the URL names its revisions."""
    cacheable = request.args.get("v") == ",".join(str(revision) for revision in revisions.values())
    return respond_frame(arrays, {**header, "revisions": revisions}, cacheable=cacheable)


def _activations(log: RunLog, block: str, step: int) -> tuple[LogEntry, str]:
    """The record and the tensor with a block's activations."""
    known = block_names(log)
    if block not in known:
        raise HttpError(404, f"run {log.name!r} has no block {block[:200]!r}; it has {listed(known)}.")
    tensors = {item.step: item.tensor for item in block_slices(log, block)}
    if step not in tensors:
        raise HttpError(404, f"block {block!r} has no activations at step {step}; it has {listed(list(tensors))}.")
    return log.entries["activations"][step], tensors[step]


def _known_blocks(logs: Sequence[RunLog], asked: list[str] | None) -> list[str]:
    """The blocks that were asked for, all of which one run, or both, must have; without any, all that there are."""
    known = [block for block in block_names(logs[0]) if block in block_names(logs[-1])]
    unknown = [block for block in asked or () if block not in known]
    if unknown:
        names = " and ".join(repr(log.name) for log in logs)
        subject, object_ = ("run", "it has") if len(logs) == 1 else ("one of the runs", "both have")
        there_is = f"{object_} {', '.join(known) or 'none'}"
        raise HttpError(404, f"{subject} {names} has no block {unknown[0]!r}; {there_is}.")
    return known if asked is None else asked


def _ids(keys: list[str]) -> list[str]:
    if not 1 <= len(keys) <= _MAX_IDS:
        raise HttpError(400, f"{len(keys)} ids; 1 to {_MAX_IDS} are allowed.")
    return keys
