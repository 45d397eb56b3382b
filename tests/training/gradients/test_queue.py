"""Recorded steps and a disk that is slower than the training."""

from __future__ import annotations

import pytest

from tb_neuromapper import open_run
from tb_neuromapper.recording import writer as writer_module
from tb_neuromapper.training.callback import NeuroMapper
from tests.training.flows import (
    sgd_step,
)
from tests.training.gradients.small import PROBE, X, Y, two_layers
from tests.training.reading import read_records


def test_a_slow_disk__neither_stalls_training_nor_loses_silently(tmp_path, monkeypatch, stalled_disk):
    """While too many bytes wait, steps are left out with one warning; the next record says how many."""
    monkeypatch.setattr(writer_module, "_MAX_WAITING_BYTES", 200_000)
    model = two_layers()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        step(mapper)
        with pytest.warns(RuntimeWarning, match="faster than it can be written") as caught:
            take_steps(step, mapper, 30)
        stalled_disk.set()
        mapper.flush()
        step(mapper)
    assert len(caught) == 1
    run = open_run(tmp_path)
    steps = run.steps("gradients")
    assert steps == [*range(len(steps) - 1), 31]
    assert 2 <= len(steps) < 20
    lost = f"{32 - len(steps)} recorded steps before this one could not be written"
    assert lost in run.gradient_flow(31).problems[0]


def test_the_probe__is_written_with_its_epoch(tmp_path, stalled_disk):
    """A step's records that are queued before the first epoch do not take its probe record along."""
    model = two_layers()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=(X, Y), gradient_every=1) as mapper:
        for _ in range(3):
            step(mapper)
        mapper.log_epoch(0)
        stalled_disk.set()
    run = open_run(tmp_path)
    assert run.problems == []
    assert run.steps("activations") == [0]
    assert run.steps("gradients") == [0, 1, 2]
    assert run.labels.tolist() == Y.tolist()


def test_recorded_steps__do_not_take_the_epochs_room(tmp_path, stalled_disk):
    """Epochs wait for epochs only: with a queue of one, log_epoch does not block behind waiting steps."""
    model = two_layers()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1, queue_size=1) as mapper:
        for _ in range(5):
            step(mapper)
        mapper.log_epoch(0)
        stalled_disk.set()
    assert list(read_records(tmp_path, "activations")) == [0]
    assert len(read_records(tmp_path, "gradients")) == 5


def take_steps(step, mapper, n):
    """Train for n steps."""
    for _ in range(n):
        step(mapper)
