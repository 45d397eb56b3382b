"""An exported page: what the HTTP interface answers, recorded as files that the page can read without a server.

A page that was opened from disk may load scripts and pictures, but not fetch: so each frame of docs/http_api.md
becomes a script that hands it over as base64. The same log gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

from tb_neuromapper import __version__
from tb_neuromapper.backend.cache import ResultCache
from tb_neuromapper.backend.embeddings.nearest import neighbor_table
from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters
from tb_neuromapper.backend.embeddings.precompute import Progress, follow
from tb_neuromapper.backend.embeddings.routes import Embeddings
from tb_neuromapper.backend.export.answers import answer, frame_of, json_of
from tb_neuromapper.backend.export.page import page_html, script
from tb_neuromapper.backend.http.frames import encode_frame
from tb_neuromapper.backend.http.requests import HttpError
from tb_neuromapper.backend.log.blocks import block_names, block_slices
from tb_neuromapper.backend.log.reader import LogReader
from tb_neuromapper.backend.log.run_log import RunLog
from tb_neuromapper.backend.runs.routes import Runs
from tb_neuromapper.backend.services import open_services
from tb_neuromapper.schema import RecordError

MAX_NEIGHBORS = 30  # The cache keeps as many of every sample.
_FILES_PER_REPORT = 16
Manifests = list[dict[str, Any]]


@dataclass(frozen=True)
class Wanted:
    """What is exported.

    Attributes:
        log_dir: The log directory's name, for display.
        logs: The runs.
        blocks: Of each run these blocks; None: all.
        pairs: Runs that can be compared in one space.
        parameters: Of the layouts.
        n_neighbors: How many nearest samples of each sample; 0: none.
    """

    log_dir: str
    logs: list[RunLog]
    blocks: list[str] | None
    pairs: tuple[tuple[str, str], ...]
    parameters: ProjectionParameters
    n_neighbors: int

    def blocks_of(self, *logs: RunLog) -> list[str]:
        """The exported blocks that all these runs have, in the first one's order."""
        return [
            block
            for block in block_names(logs[0])
            if (self.blocks is None or block in self.blocks) and all(block in block_names(log) for log in logs)
        ]


@dataclass(frozen=True)
class PlannedFile:
    """A file below data/ and what makes its bytes.

    Attributes:
        name: Without .js.
        make: May raise HttpError, RecordError or ValueError: then there is no such file, and the page says why.
    """

    name: str
    make: Callable[[], bytes]


class SiteRecorder:
    """Records all that is wanted, folder by folder.

    Args:
        wanted: What.
        reader: Indexes the runs.
        cache: Keeps layouts and neighbours.
        executor: Computes layouts that are not there yet.
        write: Takes each file's name below the page's folder, and its bytes.
    """

    def __init__(
        self,
        wanted: Wanted,
        reader: LogReader,
        cache: ResultCache,
        executor: Executor,
        write: Callable[[str, bytes], None],
    ) -> None:
        services = open_services(reader, cache, executor, log_dir=wanted.log_dir)
        self._wanted = wanted
        self._cache = cache
        self._embeddings = Embeddings(services)
        self._projections = self._embeddings.projections
        self._runs = Runs(services, [self._embeddings])
        self._write = write
        self._digest = hashlib.sha256()
        self._folders: list[dict[str, Any]] = []
        self._missing: dict[str, str] = {}

    def record(self, page_code: str) -> Iterator[Progress]:
        """Lay out what is not laid out yet, and write every file; index.html is the last.

        Args:
            page_code: The built page.

        Raises:
            ValueError: The runs of a pair share no samples or no block.
            OSError: A file cannot be written.
        """
        logs = {log.name: log for log in self._wanted.logs}
        # Pairs first: that two runs have no sample in common is better reported before everything is laid out.
        for number, (first, second) in enumerate(self._wanted.pairs):
            yield from self._record_pair((logs[first], logs[second]), f"pair{number}")
        for number, log in enumerate(self._wanted.logs):
            yield from self._record_run(log, f"run{number}")
        site = json.dumps(
            {"runs": self._list_runs(), "folders": self._folders, "missing": self._missing}, sort_keys=True
        )
        self._digest.update(site.encode())
        digest = self._digest.hexdigest()[:16]
        self._write("data/site.js", f'neuromapperSite={{"digest":"{digest}",{site[1:]};\n'.encode())
        self._write("index.html", page_html(page_code, digest).encode())

    def _record_run(self, log: RunLog, folder: str) -> Iterator[Progress]:
        blocks = self._wanted.blocks_of(log)
        found = [self._projections.request(log, block, self._wanted.parameters) for block in blocks]
        for projection in found:
            yield from follow(self._projections, projection)
        manifests = self._manifests([projection.id for projection in found])
        details = json_of(self._runs.run, run=log.name)
        details["gradients"] = None  # Of the embeddings screen alone.
        details["blocks"] = [block for block in details["blocks"] if block["name"] in blocks]
        sheets = details["thumbnails"]["n_sheets"] if details["thumbnails"] else 0
        plan = [PlannedFile("samples", partial(frame_of, self._runs.samples, run=log.name))]
        for step in details["outcome_steps"]:
            make = partial(frame_of, self._runs.outcomes, run=log.name, step=step)
            plan.append(PlannedFile(f"outcomes-{step}", make))
        for sheet in range(sheets):
            plan.append(PlannedFile(f"thumbnails-{sheet}.png", partial(self._thumbnails, log, sheet)))
        plan += [*self._plan_layouts(manifests), *self._plan_neighbors(log, details, manifests)]
        yield from self._write_planned(log.name, folder, plan)
        accuracy = json_of(self._runs.accuracy, run=log.name)
        described = {"details": details, "accuracy": accuracy}
        self._folders.append({"folder": folder, "runs": [log.name], "projections": manifests, **described})

    def _record_pair(self, logs: tuple[RunLog, RunLog], folder: str) -> Iterator[Progress]:
        names, blocks = [log.name for log in logs], self._wanted.blocks_of(*logs)
        body = {"runs": names, "blocks": blocks, "parameters": self._wanted.parameters.as_dict()}
        if not blocks:
            raise ValueError(f"the runs {names[0]!r} and {names[1]!r} have no exported block in common.")
        ids = [item["id"] for item in json_of(self._embeddings.request_projections, body)["projections"]]
        for key in ids[::2]:  # Both sides are one layout.
            side = self._projections.get(key)
            assert side is not None
            yield from follow(self._projections, side)
        manifests = self._manifests(ids)
        yield from self._write_planned(" beside ".join(names[::-1]), folder, self._plan_layouts(manifests))
        described = {"subclusters": self._subclusters(manifests)}
        self._folders.append({"folder": folder, "runs": names, "projections": manifests, **described})

    def _plan_layouts(self, manifests: Manifests) -> list[PlannedFile]:
        """Positions and their faithfulness of all blocks, per step."""
        plan = []
        for step in sorted({step for manifest in manifests for step in manifest["steps"]}):
            query = {"ids": ",".join(item["id"] for item in manifests if step in item["steps"]), "step": step}
            for name, route in (
                ("positions", self._embeddings.positions),
                ("preservation", self._embeddings.preservation),
            ):
                plan.append(PlannedFile(f"{name}-{step}", partial(frame_of, route, **query)))
        return plan

    def _plan_neighbors(self, log: RunLog, details: dict[str, Any], manifests: Manifests) -> list[PlannedFile]:
        steps = {manifest["block"]: manifest["steps"] for manifest in manifests}
        k, metric, plan = self._wanted.n_neighbors, self._wanted.parameters.metric, []
        for number, block in enumerate(item["name"] for item in details["blocks"]) if k else ():
            for item in block_slices(log, block):
                if item.step in steps[block]:
                    make = partial(self._neighbors, item.checksum, metric, k)
                    plan.append(PlannedFile(f"neighbors-{number}-{item.step}", make))
        return plan

    def _neighbors(self, checksum: str, metric: str, k: int) -> bytes:
        found = self._cache.find_neighbors(checksum, metric, k)
        if found is None:
            raise ValueError("The nearest samples of this epoch were not in the cache when the page was exported.")
        arrays, attributes = neighbor_table(*found, k=k)
        return encode_frame(arrays, attributes)

    def _thumbnails(self, log: RunLog, sheet: int) -> bytes:
        return answer(self._runs.thumbnails, run=log.name, sheet=sheet).get_data()

    def _subclusters(self, manifests: Manifests) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for manifest in manifests:
            for step in manifest["steps"]:
                try:
                    answer = json_of(self._embeddings.subclusters, id=manifest["id"], step=step)
                except (HttpError, RecordError):
                    continue  # The page says that it does not hold it.
                found.setdefault(manifest["id"], {})[str(step)] = answer
        return found

    def _write_planned(self, run: str, folder: str, plan: list[PlannedFile]) -> Iterator[Progress]:
        for number, file in enumerate(plan):
            if number % _FILES_PER_REPORT == 0:
                yield Progress(run, "files", "running", number / len(plan), f"{number} of {len(plan)}")
            name = f"{folder}/{file.name}"
            try:
                data = file.make()
            except (HttpError, RecordError, ValueError) as error:
                self._missing[name] = str(error)
                continue
            self._digest.update(name.encode() + b"\0" + data)
            is_picture = name.endswith(".png")
            self._write(f"data/{name}" if is_picture else f"data/{name}.js", data if is_picture else script(name, data))
        yield Progress(run, "files", "done", 1.0, f"{len(plan)} written")

    def _manifests(self, ids: list[str]) -> Manifests:
        """Without the revisions, which differ from one process to the next: nothing changes in an exported page."""
        found = [self._projections.get(key) for key in ids]
        manifests = [self._projections.manifest(projection) for projection in found if projection is not None]
        return [{**manifest, "revisions": [0] * len(manifest["steps"])} for manifest in manifests]

    def _list_runs(self) -> dict[str, Any]:
        runs = []
        for folder in self._folders:
            if "details" in folder:
                details = folder["details"]
                kept = {name: details[name] for name in ("name", "n_samples", "steps", "problems", "gradients")}
                runs.append({**kept, "blocks": [block["name"] for block in details["blocks"]]})
        exported = {"pairs": [list(pair) for pair in self._wanted.pairs], "n_neighbors": self._wanted.n_neighbors}
        about = {"log_dir": self._wanted.log_dir, "version": __version__}
        return {**about, "runs": runs, "other_runs": [], "exported": exported}
