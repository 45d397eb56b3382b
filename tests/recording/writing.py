"""Small records, and a writer for them."""

from __future__ import annotations

import numpy as np

from tb_neuromapper.recording.records import RecordBatch, RecordDraft
from tb_neuromapper.recording.writer import RecordWriter

PROBE = RecordDraft("probe", {"probe/ids": np.arange(3)}, {"n_samples": 3})


def batch_of(step, value=1.0):
    """One step's activations of three samples, all of one value, which is a scalar, too."""
    rows = np.full((3, 2), value, np.float16)
    activations = RecordDraft("activations", {"activations/a": rows}, {"blocks": {}})
    return RecordBatch(step, "ab" * 32, "cd" * 32, [activations], {"probe/loss": value})


def open_writer(run_dir, *, payload="file", queue_size=3, summary_writer=None):
    """A writer with the callback's defaults."""
    return RecordWriter(run_dir, summary_writer=summary_writer, payload=payload, queue_size=queue_size)
