"""Records what a network makes of the probe set, epoch by epoch: the pass, its records, and what must stay the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from tb_neuromapper import schema
from tb_neuromapper.recording.records import RecordBatch, RecordDraft
from tb_neuromapper.recording.writer import RecordWriter
from tb_neuromapper.training.probe.answers import AnswerCollector, Setting
from tb_neuromapper.training.probe.blocks import choose_blocks
from tb_neuromapper.training.probe.description import Description, probe_draft
from tb_neuromapper.training.probe.distributed import gather, join_shares, on_every_rank, rank_and_size
from tb_neuromapper.training.probe.forward import PassResult, device_of, run_pass
from tb_neuromapper.training.probe.labels import Labels
from tb_neuromapper.training.probe.outcome_recorder import OutcomeRecorder
from tb_neuromapper.training.probe.records import activations_draft, kept_blocks
from tb_neuromapper.training.probe.source import Fingerprints, ProbeSource, content_hash, refuse_change
from tb_neuromapper.training.state import plain_precision


@dataclass(frozen=True)
class _FirstPass:
    """What the first pass settled about the n samples.

    Attributes:
        labels: Their classes or targets.
        sample_ids: Their n ids.
        sample_set: Hash of the ids.
        content: Hash of the inputs.
        fingerprints: int64 (n,), with which later passes are compared.
    """

    labels: Labels
    sample_ids: Sequence[Any]
    sample_set: str
    content: str
    fingerprints: npt.NDArray[np.int64]


class ProbeRecorder:
    """Runs the probe set through a network and makes records of what its blocks return.

    Args:
        model: The network, without wrappers.
        probe: As for `NeuroMapper`.
        description: What the user said about the samples.
        blocks: Names or patterns of the blocks, or None to find them automatically.
        batch_size: Samples per batch, unless `probe` is a DataLoader.
        max_dims: Wider blocks are reduced by PCA.
        dtype: "float16" or "float32" on disk.
        thumbnail_size: Longest side in pixels; 0 keeps no thumbnails.
        forward: Calls the network on a batch's inputs, where `model(inputs)` does not fit.
        outcomes: As for `NeuroMapper`.

    Raises:
        ValueError: The probe, the blocks or the number of samples cannot be used.
    """

    def __init__(
        self,
        model: nn.Module,
        probe: Any,
        description: Description,
        *,
        blocks: Sequence[str] | None,
        batch_size: int,
        max_dims: int,
        dtype: str,
        thumbnail_size: int,
        forward: Callable[[nn.Module, Any], Any] | None,
        outcomes: Setting = "auto",
    ) -> None:
        self._model, self._description, self._forward = model, description, forward
        self._names, self._is_automatic = choose_blocks(model, blocks), blocks is None
        self._source = ProbeSource(probe, batch_size)
        if self._source.n_samples is not None:
            description.check_size(self._source.n_samples)
        self._max_dims, self._dtype, self._thumbnail_size = max_dims, dtype, thumbnail_size
        self._fingerprints = Fingerprints()
        self._setting = outcomes
        self._outcomes = OutcomeRecorder(outcomes, description.labels, description.class_names)
        self._first: _FirstPass | None = None
        self._has_recorded = False
        self._rank, self._n_ranks = rank_and_size()

    def record(self, step: int, writer: RecordWriter | None, *, train_step: int) -> None:
        """Run the pass, every rank its share, and queue the records.

        Args:
            step: The epoch.
            writer: Where rank 0 queues the records; None on the other ranks.
            train_step: Training steps before this epoch.

        Raises:
            ValueError: As `NeuroMapper.log_epoch`; nothing is queued then.
            RuntimeError: The writer is closed, or another rank failed.
        """
        shares = gather(on_every_rank(self._run))
        on_every_rank(lambda: self._submit(step, shares, writer, train_step))
        self._has_recorded = True

    def _run(self) -> PassResult:
        return run_pass(
            self._model,
            self._source,
            self._names,
            fingerprints=self._fingerprints,
            answers=self._answers(),
            thumbnail_size=0 if self._has_recorded else self._thumbnail_size,
            forward=self._forward,
            rank=self._rank,
            n_ranks=self._n_ranks,
        )

    def _answers(self) -> AnswerCollector:
        given = self._description.labels
        return AnswerCollector(self._setting, None if given is None else given.values, self._outcomes.last)

    def _submit(
        self, step: int, shares: Sequence[PassResult] | None, writer: RecordWriter | None, train_step: int
    ) -> None:
        """Turn the shares of a pass into records and queue them (rank 0)."""
        if shares is None or writer is None:
            return
        device = device_of(self._model)
        with plain_precision(device):
            result = join_shares(shares, device)
            first = self._first or self._check_first(result)
            refuse_change(first.fingerprints, result.fingerprints, first.sample_ids)
            batch = RecordBatch(step, first.sample_set, first.content, *self._records(result, first, train_step))
            probe: RecordDraft | None = None
            if self._first is None:
                probe = probe_draft(self._description, first.labels, len(result.rows), result.thumbnails)
        writer.submit(batch, probe=probe)
        self._first = first
        writer.warn_of_failure(stacklevel=7)

    def _records(
        self, result: PassResult, first: _FirstPass, train_step: int
    ) -> tuple[list[RecordDraft], dict[str, float]]:
        """The records of a pass, and its scalars by tag."""
        blocks = kept_blocks(result.blocks, result.network, self._names, is_automatic=self._is_automatic)
        activations = activations_draft(blocks, max_dims=self._max_dims, dtype=self._dtype, sample_ids=first.sample_ids)
        found = self._outcomes.outcomes(result.answers)
        about = {"outcomes": found.about} if found.about else {}
        drafts = [
            replace(draft, attributes={**draft.attributes, **more, "train_step": train_step})
            for draft, more in ((activations, about), (found.draft, {}))
            if draft is not None
        ]
        return drafts, dict(found.scalars)

    def _check_first(self, result: PassResult) -> _FirstPass:
        """Check the samples at the first pass."""
        n_samples = len(result.rows)
        if n_samples == 0:
            raise ValueError("the probe is empty; give at least one sample.")
        self._description.check_size(n_samples)
        ids = self._description.ids(n_samples)
        return _FirstPass(
            labels=self._outcomes.settle(result.answers),
            sample_ids=ids,
            sample_set=schema.sample_set_hash(ids),
            content=content_hash(result.fingerprints),
            fingerprints=result.fingerprints,
        )
