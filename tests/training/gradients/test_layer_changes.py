"""A network whose layers come, go and change while it trains."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from tb_neuromapper import open_run
from tb_neuromapper.training.callback import NeuroMapper
from tests.training.gradients.small import PROBE, X, Y, two_layers


def test_a_model_whose_layers_change__is_followed_and_told(tmp_path):
    """Layers that come or go between steps are in the records, with a sentence."""
    model = two_layers()

    def step(mapper):
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        F.cross_entropy(model(X), Y).backward()
        optimizer.step()
        mapper.step()

    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=2) as mapper:
        step(mapper)
        model[2] = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))
        for _ in range(2):
            step(mapper)
        # In the middle of a step that is followed: what came is seen as far as it goes.
        step(mapper)
        model[2] = nn.Linear(6, 3)
        step(mapper)
        assert sum(len(module._forward_hooks) for module in model.modules()) == 0
    run = open_run(tmp_path)
    assert [layer.name for layer in run.gradient_flow(0).layers] == ["0", "2"]
    flow = run.gradient_flow(2)
    assert [layer.name for layer in flow.layers] == ["0", "2.0", "2.2"]
    assert flow.problems == ["the network's layers have changed since step 0: there came '2.0', '2.2' and went '2'."]
    assert run.steps("gradients") == [0, 2, 4]
    last = run.gradient_flow(4)
    assert [(layer.name, layer.calls) for layer in last.layers] == [("0", 1), ("2", 0)]
    assert last.problems[-1] == "layers changed while this step was followed; those that came are unknown at it."
    assert run.problems == []


def plain_step(model):
    """A step of training whose optimizer knows the layers of the moment."""
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    optimizer.zero_grad()
    F.cross_entropy(model(X), Y).backward()
    optimizer.step()


def test_a_layer_of_another_size__is_told(tmp_path):
    """Names alone do not show that a layer was widened, or replaced by one of the same size."""
    model = two_layers()
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=2) as mapper:
        for step in range(5):
            plain_step(model)
            mapper.step()
            if step == 0:
                model[0], model[2] = nn.Linear(4, 9), nn.Linear(9, 3)
            if step == 2:
                model[2] = nn.Linear(9, 3)
    run = open_run(tmp_path)
    changed = "the network's layers have changed since step"
    sizes = "'0' has 9 units and 4 inputs, which were 6 and 4; '2' has 3 units and 9 inputs, which were 3 and 6"
    assert run.gradient_flow(2).problems == [f"{changed} 0: {sizes}."]
    assert run.gradient_flow(4).problems == [f"{changed} 2: '2' is another module of the same size."]


def test_a_step_in_which_all_layers_are_replaced__is_missing_and_told(tmp_path):
    """The next record says so; no message advises to call step() elsewhere."""
    model = two_layers()
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        for step in range(3):
            if step == 1:
                model[0], model[2] = nn.Linear(4, 9), nn.Linear(9, 3)
            plain_step(model)
            mapper.step()
    run = open_run(tmp_path)
    assert run.steps("gradients") == [0, 2]
    problems = run.gradient_flow(2).problems
    assert problems[1] == "1 recorded step before this one is missing, as all layers were replaced while followed."
    assert [layer.n_units for layer in run.gradient_flow(2).layers] == [9, 3]


def test_a_layer_added_to_a_followed_step__is_in_its_table(tmp_path):
    """What it did in that step is unknown; the others are recorded."""
    model = two_layers()
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        for step in range(2):
            if step == 1:
                model.append(nn.Linear(3, 3))
            plain_step(model)
            mapper.step()
    flow = open_run(tmp_path).gradient_flow(1)
    assert [(layer.name, layer.calls, len(layer.edges)) for layer in flow.layers] == [
        ("0", 1, 24),
        ("2", 1, 18),
        ("3", 0, 0),
    ]
    assert flow.problems == [
        "the network's layers have changed since step 0: there came '3'.",
        "layers changed while this step was followed; those that came are unknown at it.",
    ]
