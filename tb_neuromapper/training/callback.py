"""The callback: four lines in a training script."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from torch import nn

from tb_neuromapper.recording.writer import RecordWriter
from tb_neuromapper.training.arguments import check_options, find_run_dir, is_compiled, unwrap, warn_of_other_writers
from tb_neuromapper.training.gradients.recorder import GradientRecorder
from tb_neuromapper.training.gradients.schedule import RecordingSchedule
from tb_neuromapper.training.probe.description import describe_probe
from tb_neuromapper.training.probe.distributed import on_every_rank, rank_and_size
from tb_neuromapper.training.probe.outcome_recorder import check_setting
from tb_neuromapper.training.probe.recorder import ProbeRecorder

# From here on, not every integer is a JSON number that every reader keeps exactly.
_MAX_EPOCH = 2**53


class NeuroMapper:
    """Records what a network's blocks make of a fixed set of samples, epoch by epoch.

    ```python
    with NeuroMapper(model, "runs/resnet18", probe=val_subset, class_names=names) as mapper:
        for epoch in range(n_epochs):
            for x, y in loader:
                ...                      # forward, backward, optimizer.step()
                mapper.step()
            mapper.log_epoch(epoch)
    ```

    Training goes on as if it were not there: modes, buffers, random states and weights are left bit for bit as they
    were. In a torch.distributed program every rank makes one and calls it alike; ranks share the probe, rank 0 writes.

    Args:
        model: The network. Wrappers (DistributedDataParallel, DataParallel, torch.compile) are looked through; one that
            FSDP or the like shards is refused.
        log_dir: The run's directory; its only event file is then ours. Give either this or `writer`
            (ranks other than 0 may give neither).
        writer: A `torch.utils.tensorboard.SummaryWriter` whose event file is shared; close it after the NeuroMapper.
        probe: A Dataset, a DataLoader that does not shuffle, a tensor (n, ...), or a tuple (inputs, labels) of tensors.
            Samples may be tensors, tuples (x, y) or dicts (called as `model(**sample)`, without "labels" or "label").
        labels: One per sample, or as many as the output has values: classes (ints, -1 or -100 = none; texts; one-hot)
            or targets (floats, NaN = none), or classes at positions (n, ...). None takes them from the probe.
        class_names: One text per class.
        blocks: Names of modules or shell patterns ("layer*"); None finds the blocks automatically (`find_blocks`). The
            network's own output is always logged too, as block "output", unless one of the blocks is that ("output
            (network)" where a module named "output" is something else).
        sample_ids: Unique ints or texts, one per sample; None numbers them.
        metadata: Columns to colour and filter by: name to one number or text per sample.
        describe: Gives the text shown for a sample, from its row.
        max_dims: Wider blocks are reduced by PCA.
        dtype: "float16" or "float32" on disk; blocks that float16 cannot hold are stored as float32.
        gradient_every: Gradient flow and parameter statistics are recorded at the first call of `step` and at every
            so many after it; 0 records none. Choose it so that a run holds some hundreds of records: each is a file
            of up to some megabytes. Of several ranks, rank 0 records its own share of the batch, with gradients as
            they are before they are averaged.
        payload: "file" puts arrays beside the event file, "event" inside it (for pipelines that ship events only).
        batch_size: Samples per batch of the probe pass, unless `probe` is a DataLoader.
        thumbnail_size: Longest side in pixels, at most 128, of the pictures kept of image samples; 0 keeps none.
        forward: Calls the network on a batch's inputs, `forward(model, inputs)`, where `model(inputs)` does not fit.
        outcomes: What the network's output means, so that loss and accuracy are right. "auto" decides from labels,
            output and the network's last module, and says in the log and on the page what it took the output for; where
            that is not clear, it records none and says why. "classes": scores of classes (at each position, where the
            labels have positions); "binary": one logit or, after a Sigmoid, probability of class 1; "multilabel": one
            for each of several labels 0 or 1; "targets": predictions of numbers. None: labels only colour the samples.
            A function `outcomes(output, labels)` gets what the network returned for a batch and the batch's labels, and
            returns a dict of columns, one number, boolean or text per sample; "predicted", "confidence", "loss" and
            "accuracy" are what their names say, any others are columns of their own.
        scaler: The training's `torch.amp.GradScaler`, if it has one. It is also found automatically, when an
            optimizer of torch steps for the first time.
        queue_size: Epochs that may wait to be written; `log_epoch` blocks only while so many do. Recorded steps never
            block: while 64 MB of them wait, further ones are left out, with a warning and a count in the next record.

    Raises:
        ValueError: An argument that cannot be used; says what came, what is allowed and what to do.
        RuntimeError: Another NeuroMapper writes into the run, or `writer` is closed.
    """

    def __init__(
        self,
        model: nn.Module,
        log_dir: str | Path | None = None,
        *,
        writer: Any = None,
        probe: Any,
        labels: Any = None,
        class_names: Sequence[str] | None = None,
        blocks: Sequence[str] | None = None,
        sample_ids: Sequence[int] | Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        describe: Callable[[int], str] | None = None,
        max_dims: int = 256,
        dtype: Literal["float16", "float32"] = "float16",
        gradient_every: int = 50,
        payload: Literal["file", "event"] = "file",
        batch_size: int = 256,
        thumbnail_size: int = 32,
        forward: Callable[[nn.Module, Any], Any] | None = None,
        outcomes: Literal["auto", "classes", "binary", "multilabel", "targets"]
        | Callable[[Any, Any], Mapping[str, Any]]
        | None = "auto",
        scaler: Any = None,
        queue_size: int = 3,
    ) -> None:
        self._writer: RecordWriter | None = None
        self._gradients: GradientRecorder | None = None
        self._last_epoch: int | None = None
        self._is_closed = False
        check_setting(outcomes)
        check_options(max_dims, dtype, gradient_every, payload, thumbnail_size, queue_size)
        network = unwrap(model)
        self._probe = ProbeRecorder(
            network,
            probe,
            describe_probe(
                labels=labels,
                class_names=class_names,
                sample_ids=sample_ids,
                metadata=metadata,
                describe=describe,
                outcomes=outcomes,
            ),
            blocks=blocks,
            batch_size=batch_size,
            max_dims=max_dims,
            dtype=dtype,
            thumbnail_size=thumbnail_size,
            forward=forward,
            outcomes=outcomes,
        )
        self._writer = on_every_rank(partial(_open_writer, log_dir, writer, payload, queue_size))
        if self._writer is not None:
            weakref.finalize(self, self._writer.finish).atexit = False
            if gradient_every:
                self._gradients = GradientRecorder(
                    network, self._writer.submit_step, scaler=scaler, is_compiled=is_compiled(model)
                )
                weakref.finalize(self, self._gradients.stop).atexit = False
        self._schedule = RecordingSchedule(self._gradients, gradient_every)

    def step(self, step: int | None = None, *, loss: Any = None) -> None:
        """Call it after each `optimizer.step()`, before or after `zero_grad`; every `gradient_every` calls it records.

        Costs well under a microsecond where nothing is recorded. What fails while recording ends the recording with
        one warning; training goes on.

        Args:
            step: The training step's number over the whole run; None counts calls from 0. Give it when a run resumes.
                Of a number given twice the newer record is shown; numbers that go back are counted on. Both warn.
            loss: The step's loss, a number or a tensor with one; of recorded steps it becomes the scalar "train/loss".

        Raises:
            ValueError: `step` or `loss` is something else.
            RuntimeError: This NeuroMapper is closed.
        """
        if self._is_closed:
            self._check_open()
        self._schedule.count(step, loss, self._last_epoch)

    def log_epoch(self, epoch: int) -> None:
        """Run the probe set and log activations and outcomes; returns before they are on disk.

        Args:
            epoch: The step of the records, an integer of 0 or more and below 2 ** 53, greater than at the last call.

        Raises:
            ValueError: The epoch repeats or goes back, the probe changed, labels do not fit, a chosen block is
                never called, or activations are NaN or infinite. Nothing is logged for this epoch then; what was
                logged before stays.
            RuntimeError: This NeuroMapper, or the SummaryWriter that it shares, is closed.
        """
        step = on_every_rank(lambda: self._check_epoch(epoch))
        with self._gradients.paused() if self._gradients is not None else nullcontext():
            self._probe.record(step, self._writer, train_step=self._schedule.next_step)
        self._last_epoch = step

    def flush(self) -> None:
        """Wait until everything logged so far is on disk."""
        self._check_open()
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Write what waits and free the run. Calling it again does nothing."""
        if not self._is_closed:
            self._is_closed = True
            if self._gradients is not None:
                self._gradients.stop()
            if self._writer is not None:
                self._writer.close()
            if self._gradients is not None:
                self._gradients.warn_pending(stacklevel=3)

    def __enter__(self) -> NeuroMapper:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise RuntimeError("this NeuroMapper is closed; make a new one to log more.")
        if self._writer is not None:
            self._writer.check_open()

    def _check_epoch(self, epoch: Any) -> int:
        self._check_open()
        if isinstance(epoch, bool) or not isinstance(epoch, (int, np.integer)) or epoch < 0:
            raise ValueError(f"log_epoch got {epoch!r}; only an integer of 0 or more is allowed.")
        if epoch >= _MAX_EPOCH:
            raise ValueError(f"log_epoch got {epoch!r}; readers take integers below 2 ** 53 only. Count from 0.")
        if self._last_epoch is not None and epoch <= self._last_epoch:
            raise ValueError(
                f"log_epoch({epoch}) after log_epoch({self._last_epoch}); epochs must increase. Count them over the "
                "whole run."
            )
        return int(epoch)


def _open_writer(
    log_dir: str | Path | None, writer: Any, payload: Literal["file", "event"], queue_size: int
) -> RecordWriter | None:
    """Rank 0 writes; the others have no writer."""
    if rank_and_size()[0] > 0:
        return None
    run_dir = find_run_dir(log_dir, writer)
    if writer is None:
        warn_of_other_writers(run_dir)
    return RecordWriter(run_dir, summary_writer=writer, payload=payload, queue_size=queue_size)
