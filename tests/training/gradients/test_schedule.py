"""Which steps are recorded, and under which numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tb_neuromapper import open_run
from tb_neuromapper.training.callback import NeuroMapper
from tests.training.flows import (
    Named,
    n_hooks,
    sgd_step,
)
from tests.training.gradients.small import PROBE, X, Y, two_layers
from tests.training.reading import read_records, scalars


def test_step__records_the_first_and_every_nth(tmp_path):
    """With gradient_every=4 the calls 0, 4 and 8 are recorded; hooks stand during those iterations only."""
    model, hooked = two_layers(), []
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=4) as mapper:
        for _ in range(10):
            hooked.append(n_hooks(model) > 0)
            step(mapper)
    assert hooked == [True, False, False, False] * 2 + [True, False]
    assert n_hooks(model) == 0
    run = open_run(tmp_path)
    assert run.steps("gradients") == run.steps("parameters") == [0, 4, 8]
    files = list((tmp_path / "plugins/neuromapper").glob("*.safetensors"))
    assert len(files) == 3
    assert len(list(tmp_path.glob("*tfevents*"))) == 1


@pytest.mark.parametrize(("every", "n_steps", "expected"), [(1, 3, [0, 1, 2]), (2, 5, [0, 2, 4]), (0, 3, [])])
def test_gradient_every__sets_the_distance(tmp_path, every, n_steps, expected):
    """1 records each step, 0 none, without a hook or a file."""
    model = two_layers()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=every) as mapper:
        assert (n_hooks(model) > 0) == (every > 0)
        for _ in range(n_steps):
            step(mapper)
        mapper.flush()
    assert list(read_records(tmp_path, "gradients")) == expected if expected else not list(tmp_path.glob("*tfevents*"))


@pytest.mark.parametrize("loss", [1, 0.5, np.float32(2), torch.tensor([3.0])])
def test_loss__may_be_any_number(tmp_path, loss):
    """A number of Python's or numpy's, or a tensor with one value."""
    model = two_layers()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE) as mapper:
        step(Named(mapper, loss=loss))
    assert scalars(tmp_path, "train/loss") == {0: float(loss)}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"step": -1}, "step is -1; only an integer of 0 or more"),
        ({"step": 1.5}, "step is 1.5"),
        ({"step": True}, "step is True"),
        ({"step": 2**53}, "below 2 \\*\\* 53"),
        ({"loss": "low"}, "loss is a str; give a number"),
        ({"loss": torch.ones(2)}, r"loss is a tensor of shape \(2,\)"),
    ],
)
def test_step__refuses_wrong_arguments(tmp_path, arguments, words):
    """A wrong argument is an error with a message; the step can be repeated with a right one."""
    model = two_layers()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE) as mapper:
        with pytest.raises(ValueError, match=words):
            step(Named(mapper, **arguments))
        step(mapper)
    assert list(read_records(tmp_path, "gradients")) == [0]


def test_step__may_be_numbered(tmp_path):
    """Numbers of the caller's become the records' steps, for a run that resumes."""
    model = two_layers()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=(X, Y), gradient_every=2) as mapper:
        for number in (1000, 1001, 1002):
            step(Named(mapper, step=number))
        mapper.log_epoch(7)
    assert list(read_records(tmp_path, "gradients")) == [1000, 1002]
    assert read_records(tmp_path, "activations")[7][0].attributes["train_step"] == 1003


def test_a_step_logged_twice__is_told_and_leaves_later_numbers_alone(tmp_path):
    """The newer record of the step is shown, and says so; one that goes back counts on, until the numbers catch up."""
    model = two_layers()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        step(Named(mapper, step=0))
        step(Named(mapper, step=1))
        with pytest.warns(UserWarning, match=r"step\(step=1\) was given twice; .* the newer one is shown"):
            step(Named(mapper, step=1))
        step(Named(mapper, step=0))
        step(Named(mapper, step=5))
        step(mapper)
    run = open_run(tmp_path)
    assert run.steps("gradients") == run.steps("parameters") == [0, 1, 2, 5, 6]
    problems = {number: run.gradient_flow(number).problems for number in run.steps("gradients")}
    assert problems.pop(1) == ["step 1 was recorded before; this record takes the place of that one."]
    assert not any(problems.values())
    assert run.problems == []


def test_steps_that_begin_again_with_every_epoch__are_counted_on(tmp_path):
    """A loop that gives the number of the batch loses no record; one warning says how they are numbered."""
    model = two_layers()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        for number in (0, 1, 2):
            step(Named(mapper, step=number))
        with pytest.warns(UserWarning, match=r"step\(step=0\) came after step 2 and is counted on as step 3"):
            step(Named(mapper, step=0))
        for number in (1, 2, 0, 1, 2):
            step(Named(mapper, step=number))
    assert open_run(tmp_path).steps("gradients") == list(range(9))
