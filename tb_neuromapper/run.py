"""open_run(): what the dashboard shows, from Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.cache import ResultCache, default_folder
from tb_neuromapper.backend.embeddings.parameters import parse_parameters
from tb_neuromapper.backend.embeddings.projections import Projections
from tb_neuromapper.backend.findings.evidence import EvidenceReader
from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.blocks import block_names, n_samples
from tb_neuromapper.backend.log.gradient_flow import GradientFlow, load_flow
from tb_neuromapper.backend.log.gradient_steps import GradientSteps
from tb_neuromapper.backend.log.offline import read_run
from tb_neuromapper.backend.log.outcomes import OUTCOMES, about_outcomes, texts_of
from tb_neuromapper.backend.log.reader import LogReader
from tb_neuromapper.backend.log.run_log import LogEntry, RunLog
from tb_neuromapper.backend.log.scalars import ScalarReader
from tb_neuromapper.numerics.findings.evidence import Finding
from tb_neuromapper.numerics.findings.rules import run_rules
from tb_neuromapper.schema import KINDS

T = TypeVar("T")
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Outcomes:
    """The network's answers for the probe set at one epoch.

    Attributes:
        predicted: int (n,) classes, or float32 (n,) for one target; None where no single value stands for a sample.
        confidence: float32 (n,), the probability of the true class; None without one.
        loss: float32 (n,); None where the run's own function gives none.
        accuracy: float32 (n,), the share of a sample's labels (or positions) that are right; None for one label.
        columns: Any others that the run's own function gave, by name: float32 (n,), or lists of texts (None = none).
    """

    predicted: npt.NDArray[Any] | None
    confidence: FloatArray | None
    loss: FloatArray | None
    accuracy: FloatArray | None = None
    columns: Mapping[str, FloatArray | list[str | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class ProjectedBlock:
    """One block's aligned layout.

    Attributes:
        positions: float32 (T, n, 2).
        steps: The T steps, ascending.
        quality: Per step a dict with trustworthiness, continuity, preservation and movement, and of the activations
            alone `cka` (likeness to the step before) and `abrupt` (whether that change is an outlier).
        problems: Sentences about steps that were left out.
    """

    positions: FloatArray
    steps: list[int]
    quality: list[dict[str, Any]]
    problems: list[str]


def open_run(path: str | Path, *, cache: str | Path | None = None) -> Run:
    """Open one run.

    Args:
        path: The run's folder, the one with the event file in it.
        cache: Where computed layouts are kept; the user's cache directory, which the dashboard uses, if left out.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: The folder holds no NeuroMapper data.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder; give the folder of one run, for example runs/resnet18.")
    reader, log = read_run(folder)
    if log is None:
        raise ValueError(f"{folder} holds no NeuroMapper data; log some with tb_neuromapper.NeuroMapper(model, ...).")
    return Run(log, reader, ResultCache(Path(cache) if cache is not None else default_folder()))


class Run:
    """One run's data and results. Made by `open_run`.

    Args:
        log: The run's index.
        reader: Reads its log.
        cache: Where results are found and stored.
    """

    def __init__(self, log: RunLog, reader: LogReader, cache: ResultCache) -> None:
        self._log = log
        self._loader = ArrayLoader(reader, cache)
        self._cache = cache
        self._evidence = EvidenceReader(self._loader, GradientSteps(self._loader), ScalarReader(reader.provider))

    def __repr__(self) -> str:
        """Name, blocks and numbers of steps."""
        counts = {kind: len(self.steps(kind)) for kind in ("activations", "gradients")}
        return f"<Run {self._log.name!r}: blocks {', '.join(self.blocks) or 'none'}; steps {counts}>"

    @property
    def problems(self) -> list[str]:
        """Sentences about records that could not be used."""
        return list(self._log.problems)

    @property
    def blocks(self) -> list[str]:
        """The names of the logged blocks, from input to output."""
        return block_names(self._log)

    @cached_property
    def labels(self) -> npt.NDArray[Any] | None:
        """int64 (n,) classes, -1 = none, or float32 (n,) targets; None if the probe has no labels."""
        for name in ("probe/labels", "probe/targets"):
            if self._log.probe is not None and name in self._log.probe.record.tensors:
                return self._loader.load(self._log.probe, name)
        return None

    @cached_property
    def class_names(self) -> list[str] | None:
        """The names of the classes, or None."""
        if self._log.probe is None or "probe/class_names" not in self._log.probe.record.tensors:
            return None
        return [str(name) for name in self._loader.load_list(self._log.probe, "probe/class_names")]

    @property
    def about_outcomes(self) -> str | None:
        """What the network's output was taken for at the last epoch, or why there are no outcomes; None = not said."""
        return about_outcomes(self._log)

    @cached_property
    def sample_ids(self) -> list[Any]:
        """The ids of the n probe samples, int or str."""
        if self._log.probe is None:
            return list(range(n_samples(self._log)))
        return self._loader.load_list(self._log.probe, "probe/ids")

    def steps(self, kind: str) -> list[int]:
        """The steps at which a kind was recorded, ascending.

        Args:
            kind: One of `schema.KINDS`. The steps are training steps for "gradients" and "parameters", else epochs.

        Raises:
            ValueError: The kind is unknown.
        """
        if kind not in KINDS:
            raise ValueError(f"kind is {kind!r}; allowed are {', '.join(KINDS)}.")
        if kind == "probe":
            return [self._log.probe.record.step] if self._log.probe is not None else []
        return self._log.steps(kind)

    def activations(self, block: str, step: int) -> FloatArray:
        """float32 (n, d): one block's reduced activations.

        Args:
            block: The block's name.
            step: The epoch, one of `steps("activations")`.

        Raises:
            ValueError: There is no such block or step.
            RecordError: The array is missing or broken.
        """
        self._check_block(block)
        return self._loader.load(self._entry("activations", step), f"activations/{block}").astype(np.float32)

    def outcomes(self, step: int) -> Outcomes:
        """The network's answers at one epoch.

        Args:
            step: The epoch, one of `steps("outcomes")`.

        Raises:
            ValueError: There is no such step.
            RecordError: An array is missing or broken.
        """
        entry = self._entry("outcomes", step)
        arrays = {name.removeprefix(OUTCOMES): self._loader.load(entry, name) for name in entry.record.tensors}
        known = {name: arrays.pop(name, None) for name in ("predicted", "confidence", "loss", "accuracy")}
        texts = texts_of(entry)
        columns = {name: _decoded(values, texts[name]) if name in texts else values for name, values in arrays.items()}
        return Outcomes(**known, columns=columns)

    def gradient_flow(self, step: int) -> GradientFlow:
        """The gradient flow at one training step: per layer its units, connections and parameters.

        Args:
            step: The training step, one of `steps("gradients")`.

        Raises:
            ValueError: There is no such step.
            RecordError: The record is broken; what is broken in part is among `.problems`.
        """
        parameters = self._log.entries.get("parameters", {}).get(step)
        return load_flow(self._loader, self._entry("gradients", step), parameters)

    def findings(self, thresholds: Mapping[str, float] | None = None) -> list[Finding]:
        """What is wrong with the training, as far as its log tells, the most urgent first (docs/findings.md).

        Args:
            thresholds: By name, those that are not the default, for example {"dormant_tau": 0.1}.

        Raises:
            ValueError: A threshold's name is unknown or its value not allowed.
        """
        return run_rules(self._evidence.read(self._log.name, self._log), thresholds).findings

    def project(self, block: str, **parameters: Any) -> ProjectedBlock:
        """One block's aligned layout over all logged steps, from the cache or computed now.

        Args:
            block: The block's name.
            parameters: As in `POST projections`: n_neighbors, min_dist, alignment, window, metric, engine, seed.

        Raises:
            ValueError: The block or a parameter is unknown or not allowed, or no step can be laid out.
        """
        self._check_block(block)
        service = Projections(self._cache, self._loader, _InThisThread())
        projection = service.request(self._log, block, parse_parameters(parameters))
        manifest = service.manifest(service.get(projection.id) or projection)
        if manifest["state"] != "done":
            raise ValueError(f"block {block!r} of {self._log.name!r} cannot be laid out: {manifest['message']}")
        positions = [projection.published.snapshot.positions(step) for step in manifest["steps"]]
        problems = service.problems(self._log.name)
        return ProjectedBlock(np.stack(positions), manifest["steps"], manifest["quality"], problems)

    def _entry(self, kind: str, step: int) -> LogEntry:
        entry = self._log.entries.get(kind, {}).get(step)
        if entry is None:
            raise ValueError(f"there is no step {step!r} of {kind}; there are {self._log.steps(kind)}.")
        return entry

    def _check_block(self, block: str) -> None:
        if block not in self.blocks:
            raise ValueError(f"there is no block {block!r}; there are {', '.join(self.blocks)}.")


def _decoded(codes: npt.NDArray[Any], texts: list[str]) -> list[str | None]:
    """The texts that integers count from 0; None for any other."""
    return [texts[code] if 0 <= code < len(texts) else None for code in codes.tolist()]


class _InThisThread(Executor):
    """Runs a job at once: a script waits for its result anyway."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
