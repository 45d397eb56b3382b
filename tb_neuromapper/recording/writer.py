"""Records to disk in the background: first the arrays' file, whole, then the event that announces it."""

from __future__ import annotations

import atexit
import os
import queue
import secrets
import threading
import warnings
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import safetensors.numpy

from tb_neuromapper import schema
from tb_neuromapper.recording.events import (
    EventSink,
    OwnEventFile,
    SharedWriter,
    record_summary,
    scalar_summary,
)
from tb_neuromapper.recording.files import write_whole
from tb_neuromapper.recording.lock import RunLock
from tb_neuromapper.recording.records import DeferredBatch, RecordBatch, RecordDraft, index_of, little_endian
from tb_neuromapper.recording.termination import TerminationGuard

Payload = Literal["file", "event"]

# Of the training steps that wait to be written. More do not stop training: they are refused.
_MAX_WAITING_BYTES = 64 << 20


# A hook at fork can never be removed, so that there is one for all writers, which keeps none of them alive.
_writers: weakref.WeakSet[RecordWriter] = weakref.WeakSet()


def _forget_in_child() -> None:
    for writer in list(_writers):
        writer.forget_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)


class RecordWriter:
    """Writes batches of records in order in a background thread.

    Args:
        run_dir: The run's directory.
        summary_writer: The user's SummaryWriter to share, or None to own the run's event file.
        payload: "file" for safetensors files beside the event file, "event" for arrays inside the event.
        queue_size: Epochs that may wait; `submit` blocks while so many do.

    Raises:
        RunLockedError: Another NeuroMapper writes into the run.
    """

    def __init__(self, run_dir: Path, *, summary_writer: Any, payload: Payload, queue_size: int) -> None:
        self.folder = run_dir / schema.ASSET_FOLDER
        self._payload = payload
        self._shared = None if summary_writer is None else SharedWriter(summary_writer)
        self._sink: EventSink = self._shared or OwnEventFile(run_dir)
        self._lock: RunLock | None = None
        self._failure: Exception | None = None
        self._has_warned = False
        self._is_closed = False
        self._is_terminated = False
        # Between `submit` and `finish`, so that nothing is queued behind the end. Reentrant, because the user's
        # signal handler may close the mapper in the middle of a `submit`.
        self._admission = threading.RLock()
        self._probe: RecordDraft | None = None
        self._process_id = os.getpid()
        self._queue: queue.Queue[RecordBatch | DeferredBatch | None] = queue.Queue()
        self._room_for_epochs = threading.Semaphore(queue_size)
        self._n_waiting_bytes = 0
        self._counting = threading.Lock()
        try:
            self._open()
        except OSError as error:
            self._failure = error
        self._thread = threading.Thread(target=self._work, name="neuromapper-writer", daemon=True)
        self._thread.start()
        self._guard = TerminationGuard(_weakly(self, "terminate"))
        self._guard.install()
        self._at_exit = atexit.register(_weakly(self, "finish"))
        _writers.add(self)
        self.warn_of_failure(stacklevel=6)

    def submit(self, batch: RecordBatch, *, probe: RecordDraft | None = None) -> None:
        """Queue an epoch; blocks only while the queue is full. After SIGTERM it is dropped, as the process ends.

        Args:
            batch: Its arrays must not change afterwards.
            probe: The probe record, to be written before anything else.

        Raises:
            RuntimeError: This writer, or the SummaryWriter that it shares, is closed.
        """
        with self._admission:
            self.check_open()
            if self._is_terminated:
                return
            if probe is not None:
                self._probe = probe
            self._room_for_epochs.acquire()
            self._queue.put(batch)

    def submit_step(self, step: DeferredBatch) -> bool:
        """Queue a training step's records without ever blocking; False if too many bytes wait, and nothing was queued.

        Raises:
            RuntimeError: As in `submit`.
        """
        # Another thread may be ending this writer and hold the lock while it drains; training does not wait for that.
        if not self._admission.acquire(blocking=False):
            return False
        try:
            self.check_open()
            if self._is_terminated:
                return True
            with self._counting:
                if self._n_waiting_bytes and self._n_waiting_bytes + step.n_bytes > _MAX_WAITING_BYTES:
                    return False
                self._n_waiting_bytes += step.n_bytes
            self._queue.put(step)
            return True
        finally:
            self._admission.release()

    def check_open(self) -> None:
        """Raise RuntimeError if nothing can be written any more; not after SIGTERM, when training should not notice."""
        if self._is_closed and not self._is_terminated:
            raise RuntimeError("this NeuroMapper is closed; make a new one to log more.")
        if self._process_id != os.getpid():
            raise RuntimeError("this NeuroMapper belongs to the parent process; log there, or make one here.")
        if self._shared is not None and not self._shared.is_open():
            raise RuntimeError("the SummaryWriter given as `writer` is closed; close it after the NeuroMapper.")

    def flush(self) -> None:
        """Wait until all that was submitted is on disk, or has failed.

        Raises:
            RuntimeError: As in `submit`.
        """
        self.check_open()
        self._queue.join()
        self.warn_of_failure()

    def close(self) -> None:
        """Write what waits and free the run; calling it again does nothing."""
        self.finish()
        self.warn_of_failure()

    def finish(self) -> None:
        """Write what waits and stop; may run in any thread, at exit, or twice."""
        # The garbage collector may call this in the writing thread itself; it drains at exit then.
        if self._process_id != os.getpid() or threading.current_thread() is self._thread:
            return
        with self._admission:
            self._is_closed = True
            if self._thread.is_alive():
                self._queue.put(None)
                self._thread.join()
            self._guard.remove()
            atexit.unregister(self._at_exit)
            if self._lock is not None:
                self._lock.release()

    def terminate(self) -> None:
        """Write what waits, because the process is about to be ended by a signal while its training goes on."""
        with self._admission:
            self._is_terminated = self._is_terminated or not self._is_closed
            self.finish()

    def warn_of_failure(self, *, stacklevel: int = 4) -> None:
        """Say once, in the caller's thread, that the disk refused something.

        Args:
            stacklevel: Frames from here out to the user's line, which the warning names.
        """
        if self._failure is None or self._has_warned:
            return
        self._has_warned = True
        warnings.warn(
            f"NeuroMapper could not write to {self.folder.parent.parent} ({self._failure}). Training goes on; epochs "
            "that cannot be written are missing from the log. Free space or check the permissions.",
            RuntimeWarning,
            stacklevel=stacklevel,
        )

    def _open(self) -> None:
        if self._lock is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = RunLock(self.folder / "writer.lock")
        for leftover in self.folder.glob("*.tmp"):
            leftover.unlink(missing_ok=True)

    def _work(self) -> None:
        is_running = True
        while is_running:
            item = self._queue.get()
            if isinstance(item, RecordBatch):
                self._room_for_epochs.release()
            try:
                if item is None:
                    is_running = False
                    self._sink.close()
                else:
                    batch = item.finish() if isinstance(item, DeferredBatch) else item
                    if batch is not None:
                        self._write(batch)
            except Exception as error:
                self._failure = self._failure or error
            finally:
                self._queue.task_done()
                if isinstance(item, DeferredBatch):
                    with self._counting:
                        self._n_waiting_bytes -= item.n_bytes
                # While the next one is awaited, nothing is kept alive.
                item = batch = None

    def _write(self, batch: RecordBatch) -> None:
        self._open()
        # A training step is not about samples; the probe waits for the epoch that it came with.
        probe, drafts = self._probe if batch.sample_set else None, list(batch.drafts)
        if probe is not None:
            drafts.insert(0, probe)
        file_name = f"{batch.step:06d}-{secrets.token_hex(3)}.safetensors"
        summaries = self._store(batch, drafts, self.folder / file_name)
        summaries += [scalar_summary(name, value) for name, value in batch.scalars.items()]
        try:
            self._sink.write(summaries, batch.step)
            self._sink.flush()
        except Exception:
            # Our own event file is cut back, so nothing names the arrays; of a shared one we do not know.
            if self._shared is None:
                (self.folder / file_name).unlink(missing_ok=True)
            raise
        if probe is not None and self._probe is probe:
            self._probe = None

    def _store(self, batch: RecordBatch, drafts: Sequence[RecordDraft], path: Path) -> list[Any]:
        """Write the arrays if they have a file of their own; return the announcements."""
        if self._payload == "event":
            return [
                record_summary(index_of(draft, batch, None), [*map(little_endian, draft.arrays.values())])
                for draft in drafts
            ]
        records = [index_of(draft, batch, path.name) for draft in drafts]
        arrays = {name: little_endian(array) for draft in drafts for name, array in draft.arrays.items()}
        write_whole(path, safetensors.numpy.save(arrays))
        return [record_summary(record) for record in records]

    def forget_in_child(self) -> None:
        """In a forked child: leave the run and its signal to the parent."""
        self._admission = threading.RLock()
        if self._lock is not None:
            self._lock.release()
        self._guard.remove()


def _weakly(writer: RecordWriter, method: str) -> Any:
    """Call a method if its object still lives; keeps no reference to it."""
    reference = weakref.ref(writer)

    def call() -> None:
        target = reference()
        if target is not None:
            getattr(target, method)()

    return call
