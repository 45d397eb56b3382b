"""What is missing or not finite is reported, and an error of ours never reaches the training."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tb_neuromapper import open_run
from tb_neuromapper.training.callback import NeuroMapper
from tb_neuromapper.training.gradients import edges as gradients_edges
from tb_neuromapper.training.gradients import statistics as gradients_statistics
from tests.training.flows import (
    n_hooks,
    record,
    sgd_step,
)
from tests.training.gradients.small import PROBE, X, Y, two_layers
from tests.training.reading import read_records


def test_no_backward__is_told(tmp_path):
    """Without a backward pass the record holds activations and says what is missing; the next one is whole."""
    model = two_layers()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        model(X)
        with pytest.warns(RuntimeWarning, match=r"at step 0: no gradient came; call backward\(\) between"):
            mapper.step()
        step(mapper)
    run = open_run(tmp_path)
    flow = run.gradient_flow(0)
    assert "no gradient came" in flow.problems[0]
    assert np.isfinite(flow.layers[0].unit_activation).all()
    assert np.isnan(flow.layers[0].unit_gradient).all()
    assert run.gradient_flow(1).problems == []


def test_nothing_at_all__is_told_and_not_recorded(tmp_path):
    """Steps without any training leave one warning and an empty run."""
    with NeuroMapper(two_layers(), tmp_path, probe=PROBE, gradient_every=2) as mapper:
        with pytest.warns(RuntimeWarning, match="neither a forward nor a backward pass"):
            mapper.step()
        for _ in range(10):
            mapper.step()
    assert not list(tmp_path.glob("*tfevents*"))


def test_parameters_without_gradients__are_unknown(tmp_path):
    """A part that the loss does not reach has NaN, which is not 0; it comes last, with no call."""
    model = two_layers()
    model.spare = nn.Linear(6, 2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, weight_decay=0.1)

    def step(mapper):
        F.cross_entropy(nn.Sequential.forward(nn.Sequential(*list(model)[:3]), X), Y).backward()
        optimizer.step()
        mapper.step()

    flow = record(tmp_path, model, step).gradient_flow(0)
    assert [(layer.name, layer.calls) for layer in flow.layers] == [("0", 1), ("2", 1), ("spare", 0)]
    spare = flow.layers[2]
    row = spare.parameters["spare.weight"]
    assert np.isnan([row["gradient_norm"], row["gradient_mean"], row["update_norm"], row["n_nonfinite_gradient"]]).all()
    assert row["weight_norm"] > 0
    assert np.isnan(spare.unit_gradient).all()
    assert len(spare.edges) == 0


def test_nan_gradients__are_counted_and_the_rest_stays(tmp_path):
    """Gradients that are not finite are counted per parameter and per unit; other layers keep their figures."""
    model = two_layers()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(mapper):
        hidden = model[:2](X)
        hidden.register_hook(lambda g: g * torch.tensor([float("nan")] + [1.0] * 5))
        F.cross_entropy(model[2](hidden), Y).backward()
        optimizer.step()
        mapper.step()

    run = record(tmp_path, model, step)
    flow = run.gradient_flow(0)
    first, second = flow.layers
    assert first.parameters["0.weight"]["n_nonfinite_gradient"] == 4
    assert first.parameters["0.bias"]["n_nonfinite_gradient"] == 1
    assert np.isnan(first.parameters["0.weight"]["gradient_norm"])
    assert second.parameters["2.weight"]["n_nonfinite_gradient"] == 0
    assert second.parameters["2.weight"]["gradient_norm"] > 0
    assert np.isfinite(second.unit_gradient).all()
    assert np.isfinite(first.edge_gradient[first.edges[:, 1] > 0]).all()
    assert flow.problems == [
        "2 of 4 parameters have weights that are not finite, first '0.weight'.",
        "2 of 4 parameters have gradients that are not finite, first '0.weight'.",
    ]


def test_infinite_activations__are_counted_per_unit(tmp_path):
    """A unit whose values overflow is unknown and counted; the other units of the layer stay."""
    model = two_layers()
    with torch.no_grad():
        model[0].bias[2] = float("inf")
    flow = record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0)
    first = flow.layers[0]
    assert np.isnan(first.unit_activation).tolist() == [False, False, True, False, False, False]
    assert first.n_nonfinite_activation == 1
    assert first.n_nonfinite_gradient == 6
    assert flow.layers[1].n_nonfinite_activation == 3


def test_an_error_inside__ends_recording_and_not_training(tmp_path, monkeypatch):
    """Whatever fails while recording is one warning; hooks go, training goes on, earlier records stay."""
    model = two_layers()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        step(mapper)

        def fail(*_):
            raise RuntimeError("out of memory")

        monkeypatch.setattr(gradients_edges, "signed_mean", fail)
        with pytest.warns(RuntimeWarning, match=r"stopped recording .* at step 1: RuntimeError: out of memory\. Train"):
            step(mapper)
        for _ in range(3):
            step(mapper)
        assert n_hooks(model) == 0
        mapper.flush()
    assert list(read_records(tmp_path, "gradients")) == [0]


@pytest.fixture
def late_failure(monkeypatch):
    """An event; once it is set, the writing thread fails to make a record."""
    is_due = threading.Event()

    def fail(_):
        assert is_due.wait(60)
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(gradients_statistics, "quartiles", fail)
    return is_due


def test_an_error_in_the_writing_thread__is_told_by_the_next_step(tmp_path, late_failure):
    """A failure while the record is made does not reach the loop either."""
    model = two_layers()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        step(mapper)
        late_failure.set()
        mapper.flush()
        with pytest.warns(RuntimeWarning, match="stopped recording gradient flow at step 0: ZeroDivisionError"):
            step(mapper)
        step(mapper)
        assert n_hooks(model) == 0
    assert read_records(tmp_path, "gradients") == {}


def test_an_error_at_the_last_step__is_told_by_close(tmp_path, late_failure):
    """No step comes after it."""
    model = two_layers()
    step = sgd_step(model, X, Y)
    mapper = NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1)
    step(mapper)
    late_failure.set()
    with pytest.warns(RuntimeWarning, match="at step 0: ZeroDivisionError") as caught:
        mapper.close()
    assert [warning.filename for warning in caught] == [__file__]
