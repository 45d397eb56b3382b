"""Ways of using gradients that must not be misread: accumulation, clipping, scaling, several optimizers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.training.flows import (
    ARRAYS,
    assert_same_flow,
    layers_of,
    record,
)
from tests.training.gradients.small import X, Y, three_layers


def test_accumulation__adds_gradients_up(tmp_path, plain):
    """Four backward passes over quarters of the batch give the connections of one pass over all; each is counted."""
    model = three_layers()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(mapper):
        optimizer.zero_grad()
        for x, y in zip(X.chunk(4), Y.chunk(4), strict=True):
            (F.cross_entropy(model(x), y) / 4).backward()
        optimizer.step()
        mapper.step()

    flow = record(tmp_path / "a", model, step).gradient_flow(0)
    assert_same_flow(flow, plain)
    assert [layer.calls for layer in flow.layers] == [4, 4, 4]
    wanted = plain.layers[0].parameters["0.weight"]
    assert flow.layers[0].parameters["0.weight"] == pytest.approx(wanted, rel=1e-4, abs=1e-7)


def test_clipping__shows_both_norms(tmp_path, plain):
    """The gradient's norm is that before clipping; what the optimizer saw stands beside it."""
    model = three_layers()
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    norms = []

    def step(mapper):
        optimizer.zero_grad()
        F.cross_entropy(model(X), Y).backward()
        norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), 0.01)))
        optimizer.step()
        mapper.step()

    flow = record(tmp_path / "a", model, step).gradient_flow(0)
    assert_same_flow(flow, plain, arrays=ARRAYS[:-1])  # The weights are those after the step.
    rows = [row for layer in flow.layers for row in layer.parameters.values()]
    assert np.hypot.reduce([row["gradient_norm"] for row in rows]) == pytest.approx(norms[0], rel=1e-4)
    assert np.hypot.reduce([row["clipped_norm"] for row in rows]) == pytest.approx(0.01, rel=1e-3)
    assert np.hypot.reduce([row["update_norm"] for row in rows]) == pytest.approx(0.005, rel=1e-3)


@pytest.mark.parametrize("is_clipped", [False, True])
@pytest.mark.parametrize("is_given", [False, True])
def test_grad_scaler__values_are_unscaled(tmp_path, plain, is_clipped, is_given):
    """With the loss scaled by 4,096 all values are those of the plain step, and the scale is recorded."""
    model = three_layers()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=4096.0)

    def step(mapper):
        optimizer.zero_grad()
        scaler.scale(F.cross_entropy(model(X), Y)).backward()
        if is_clipped:
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 0.01)
        scaler.step(optimizer)
        scaler.update()
        mapper.step()

    options = {"scaler": scaler} if is_given else {}
    run = record(tmp_path / "a", model, step, **options)
    flow = run.gradient_flow(0)
    assert_same_flow(flow, plain, arrays=ARRAYS[:-1] if is_clipped else ARRAYS)
    assert run._log.entries["gradients"][0].record.attributes["amp_scale"] == 4096
    found, wanted = (of.layers[1].parameters["2.weight"] for of in (flow, plain))
    assert found["gradient_norm"] == pytest.approx(wanted["gradient_norm"], rel=1e-4)
    assert found["gradient_median"] == pytest.approx(wanted["gradient_median"], rel=1e-4)
    if not is_clipped:
        assert found["clipped_norm"] == pytest.approx(wanted["clipped_norm"], rel=1e-4)
    assert found["clipped_norm"] <= found["gradient_norm"] * 1.001


def test_grad_scaler__step_left_out_is_recorded(tmp_path):
    """After an overflow the scaler leaves the step out: the record says so, counts, and the next one is whole."""
    model = three_layers()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)

    def step(mapper):
        optimizer.zero_grad()
        factor = float("inf") if mapper.number == 1 else 1.0
        (scaler.scale(F.cross_entropy(model(X), Y)) * factor).backward()
        scaler.step(optimizer)
        scaler.update()
        mapper.step()
        mapper.number += 1

    def numbered(mapper):
        mapper.number = getattr(mapper, "number", 0)
        step(mapper)

    run = record(tmp_path, model, numbered, n_steps=3)
    assert run.steps("gradients") == [0, 1, 2]
    flow = run.gradient_flow(1)
    assert "the GradScaler left this step out" in flow.problems[0]
    assert "not finite" in flow.problems[1]
    row = flow.layers[0].parameters["0.weight"]
    assert row["n_nonfinite_gradient"] == 24
    assert row["update_norm"] == 0
    assert np.isnan(row["gradient_norm"])
    scales = [run._log.entries["gradients"][step].record.attributes["amp_scale"] for step in range(3)]
    assert scales == [1024, 1024, 512]
    assert run.gradient_flow(2).problems == []


def test_several_optimizers__are_told_apart(tmp_path):
    """Each parameter has the learning rate of its own group, whichever optimizer that is in."""
    model = three_layers()
    first = torch.optim.SGD([{"params": model[0].parameters(), "lr": 0.3}, {"params": model[2].parameters()}], 0.2)
    second = torch.optim.Adam(model[4].parameters(), 0.01)

    def step(mapper):
        F.cross_entropy(model(X), Y).backward()
        for optimizer in (first, second):
            optimizer.step()
            optimizer.zero_grad()
        mapper.step()

    run = record(tmp_path, model, step)
    rows = run._loader.load_list(run._log.entries["parameters"][0], "parameters/rows")
    assert [row["learning_rate"] for row in rows] == [0.3, 0.3, 0.2, 0.2, 0.01, 0.01]
    flow = run.gradient_flow(0)
    assert flow.problems == []
    assert all(row["update_norm"] > 0 for layer in flow.layers for row in layer.parameters.values())


def test_an_adversary__does_not_spill_into_the_other_network(tmp_path):
    """After its optimizer has stepped, a parameter's gradient of this step is final; further ones do not count."""
    model = nn.ModuleDict({"d": nn.Linear(4, 1), "g": nn.Linear(4, 4)})
    d_optimizer, g_optimizer = (torch.optim.SGD(model[key].parameters(), 0.1) for key in "dg")
    norms = []

    def step(mapper):
        d_optimizer.zero_grad()
        (model["d"](X).mean() - model["d"](model["g"](X).detach()).mean()).backward()
        norms.append(float(model["d"].weight.grad.norm()))
        d_optimizer.step()
        g_optimizer.zero_grad()
        (100 * model["d"](model["g"](X)).mean()).backward()
        g_optimizer.step()
        mapper.step()

    layers = layers_of(record(tmp_path, model, step).gradient_flow(0))
    assert layers["d"].parameters["d.weight"]["gradient_norm"] == pytest.approx(norms[0], rel=1e-4)
    assert layers["d"].parameters["d.weight"]["clipped_norm"] == pytest.approx(norms[0], rel=1e-4)
    assert layers["g"].parameters["g.weight"]["gradient_norm"] > 0


class Descent:
    """An optimizer that is not torch's."""

    def __init__(self, parameters):
        self.parameters = list(parameters)

    def step(self):
        """Move the parameters down their gradients."""
        with torch.no_grad():
            for parameter in self.parameters:
                parameter -= 0.1 * parameter.grad


def test_a_foreign_optimizer__is_told_and_its_update_measured(tmp_path, plain):
    """Without torch's optimizer the clipped norm is unknown, which a warning and the record say; the rest is there."""
    model = three_layers()
    optimizer = Descent(model.parameters())

    def step(mapper):
        model.zero_grad()
        F.cross_entropy(model(X), Y).backward()
        optimizer.step()
        mapper.step()

    with pytest.warns(RuntimeWarning, match="no optimizer of torch.optim took a step"):
        flow = record(tmp_path / "a", model, step).gradient_flow(0)
    assert_same_flow(flow, plain)
    assert "no optimizer of torch.optim" in flow.problems[0]
    found, wanted = (of.layers[0].parameters["0.weight"] for of in (flow, plain))
    assert np.isnan(found["clipped_norm"])
    for column in ("gradient_norm", "update_norm", "update_ratio"):
        assert found[column] == pytest.approx(wanted[column], rel=1e-4)


def test_a_closure__shows_what_the_optimizer_saw(tmp_path):
    """L-BFGS runs backward inside its step; its gradients are seen there."""
    model = three_layers()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=1)

    def step(mapper):
        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X), Y)
            loss.backward()
            return loss

        optimizer.step(closure)
        mapper.step()

    flow = record(tmp_path, model, step, n_steps=2).gradient_flow(1)
    row = flow.layers[0].parameters["0.weight"]
    assert row["clipped_norm"] == pytest.approx(row["gradient_norm"], rel=1e-4)
    assert row["update_norm"] > 0
    assert flow.problems == []


def test_gradients__set_by_hand_are_those_the_optimizer_sees(tmp_path):
    """Where no backward pass fills `grad`, what the optimizer finds there counts."""
    model = three_layers()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(mapper):
        gradients = torch.autograd.grad(F.cross_entropy(model(X), Y), list(model.parameters()))
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
        mapper.step()

    flow = record(tmp_path, model, step).gradient_flow(0)
    row = flow.layers[0].parameters["0.weight"]
    assert row["gradient_norm"] == pytest.approx(row["clipped_norm"], rel=1e-6)  # One of them is summed on the host.
    assert row["update_norm"] == pytest.approx(0.1 * row["clipped_norm"], rel=1e-3) != 0
    assert len(flow.layers[0].edges) == 24


@pytest.mark.parametrize("to_none", [True, False])
def test_zero_grad__may_come_before_step(tmp_path, plain, to_none):
    """Gradients are read when they arrive, so it does not matter that they are gone when the step ends."""
    model = three_layers()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(mapper):
        F.cross_entropy(model(X), Y).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=to_none)
        mapper.step()

    flow = record(tmp_path / "a", model, step).gradient_flow(0)
    assert_same_flow(flow, plain)
    wanted = plain.layers[2].parameters["4.weight"]
    assert flow.layers[2].parameters["4.weight"] == pytest.approx(wanted, rel=1e-4, abs=1e-7)
