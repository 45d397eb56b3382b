"""Which calls of a layer count: of shared and frozen ones, of those that run twice, and what follows them."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from tb_neuromapper.training.gradients.layers import find_layers, sources_in_order
from tests.training.flows import (
    ARRAYS,
    assert_same_flow,
    layers_of,
    record,
    sgd_step,
    unit_figures,
)
from tests.training.gradients.small import X, Y, three_layers


class Shared(nn.Module):
    """A linear layer that runs twice, and a head that shares the embedding's weight."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.twice, self.head = nn.Embedding(7, 6), nn.Linear(6, 6), nn.Linear(6, 7, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x):
        """(n, tokens) to (n, 7)."""
        x = F.relu(self.twice(self.embed(x).mean(1)))
        return self.head(F.relu(self.twice(x)))


def test_shared_weights__are_one_parameter_of_two_layers(tmp_path):
    """The second layer names the first; a module that runs twice is one layer with two calls."""
    model = Shared()
    flow = record(tmp_path, model, sgd_step(model, torch.randint(0, 7, (8, 3)), Y)).gradient_flow(0)
    layers = layers_of(flow)
    assert {name: (layer.shares, layer.calls) for name, layer in layers.items()} == {
        "embed": (None, 1),
        "twice": (None, 2),
        "head": ("embed", 1),
    }
    assert layers["twice"].sources == ["embed"]
    assert set(layers["head"].parameters) == {"embed.weight"}
    embed, head = (
        {(a, b): value for (a, b), value in zip(layers[name].edges.tolist(), layers[name].edge_gradient, strict=True)}
        for name in ("embed", "head")
    )
    assert embed == {(b, a): value for (a, b), value in head.items()}
    assert flow.problems == []


def test_calls__are_averaged_over_all_their_values(tmp_path):
    """A module that runs twice has the figures of both calls together."""
    model = Shared()
    twin = copy.deepcopy(model)
    tokens = torch.randint(0, 7, (8, 3))
    layer = layers_of(record(tmp_path, model, sgd_step(model, tokens, Y)).gradient_flow(0))["twice"]
    first = F.relu(twin.twice(twin.embed(tokens).mean(1)))
    second = F.relu(twin.twice(first))
    gradients = torch.autograd.grad(F.cross_entropy(twin.head(second), Y), [first, second])
    for key, expected in unit_figures(torch.cat([first, second]), torch.cat(gradients), 1).items():
        np.testing.assert_allclose(getattr(layer, key), expected, rtol=1e-4, atol=1e-8, err_msg=key)
    assert layer.n_values == len(first) + len(second)


def test_frozen_layers__have_activations_and_no_gradient(tmp_path):
    """A frozen first part is marked, keeps its place and sources, and its units' gradient is unknown."""
    model = three_layers()
    for parameter in model[:4].parameters():
        parameter.requires_grad_(False)
    flow = record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0)
    assert [(layer.frozen, layer.sources, layer.activation) for layer in flow.layers] == [
        (True, [""], "ReLU"),
        (True, ["0"], "Tanh"),
        (False, ["2"], None),
    ]
    first, second, head = flow.layers
    assert np.isnan(first.unit_gradient).all()
    assert (first.unit_zeros > 0).any()
    assert np.isfinite(second.unit_activation).all()
    assert np.isfinite(head.unit_gradient).all()
    assert len(first.edges) == 0
    row = first.parameters["0.weight"]
    assert np.isnan([row["gradient_norm"], row["update_norm"], row["clipped_norm"]]).all()
    assert row["weight_norm"] == pytest.approx(float(model[0].weight.norm()))
    assert flow.problems == []


def test_frozen_head__lets_the_gradient_through(tmp_path):
    """Units of a frozen layer behind a trained one do receive gradients."""
    model = three_layers()
    model[4].requires_grad_(False)
    flow = record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0)
    assert np.isfinite(flow.layers[2].unit_gradient).all()
    assert flow.layers[2].frozen


class Checkpointed(nn.Module):
    """The small network with its middle recomputed in the backward pass."""

    def __init__(self, is_reentrant):
        super().__init__()
        self.body, self.is_reentrant = three_layers(), is_reentrant

    def forward(self, x):
        """(n, 4) to (n, 3)."""
        x = self.body[:2](x)
        x = checkpoint(self.body[2:4], x, use_reentrant=self.is_reentrant)
        return self.body[4](x)


class Functional(nn.Module):
    """Functions rather than modules follow the layers; one writes over what it is given."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm, self.second, self.last = (
            nn.Linear(4, 6),
            nn.BatchNorm1d(6),
            nn.Linear(6, 5),
            nn.Linear(5, 3),
        )

    def forward(self, x):
        """(n, 4) to (n, 3)."""
        x = F.relu(self.norm(self.first(x)), inplace=True)
        return self.last(torch.tanh(self.second(x)))


@pytest.mark.parametrize(
    "make",
    [three_layers, Functional, lambda: Checkpointed(True), lambda: Checkpointed(False)],
    ids=["modules", "functions", "reentrant checkpoint", "checkpoint"],
)
def test_expected_activations__leave_the_record_as_it_was(tmp_path, make):
    """From the second record on, outputs that an activation follows are not measured before it; no figure changes."""
    model = make()
    run = record(tmp_path, model, sgd_step(model, X, Y, lr=0.0), n_steps=3)
    first = run.gradient_flow(0)
    assert any(layer.activation for layer in first.layers)
    for step in (1, 2):
        assert_same_flow(run.gradient_flow(step), first, rtol=1e-6)


class Fickle(nn.Module):
    """What follows the first layer changes from step to step."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(4, 6), nn.Linear(6, 3)
        self.follower = torch.relu_

    def forward(self, x):
        """(n, 4) to (n, 3)."""
        self.seen = self.follower(self.first(x))
        return self.last(self.seen)


def test_an_expected_activation_that_does_not_come__leaves_the_layers_own_output(tmp_path):
    """It is measured after all; only where it has been written over is it unknown, in that step alone."""
    model = Fickle()
    train, seen = sgd_step(model, X, Y, lr=0.0), []

    def step(mapper):
        model.follower = [torch.relu_, lambda a: a, torch.relu_, lambda a: a.add_(1), lambda a: a.add_(1)][len(seen)]
        train(mapper)
        seen.append(model.seen.detach().double().abs().mean(0).numpy())

    run = record(tmp_path, model, step, n_steps=5)
    layers = [layers_of(run.gradient_flow(index))["first"] for index in range(5)]
    assert [layer.activation for layer in layers] == ["ReLU", None, "ReLU", None, None]
    for index in (0, 1, 2):
        np.testing.assert_allclose(layers[index].unit_activation, seen[index], rtol=1e-5)
    assert np.isnan(layers[3].unit_activation).all()
    np.testing.assert_allclose(layers[4].unit_activation, layers[1].unit_activation, rtol=1e-5)


@pytest.mark.parametrize("is_reentrant", [True, False])
def test_checkpointing__counts_each_layer_once(tmp_path, plain, is_reentrant):
    """A part that runs again in the backward pass has the figures of one run, in its place."""
    model = Checkpointed(is_reentrant)
    flow = record(tmp_path / "a", model, sgd_step(model, X, Y)).gradient_flow(0)
    assert [(layer.name, layer.calls) for layer in flow.layers] == [("body.0", 1), ("body.2", 1), ("body.4", 1)]
    for found, wanted in zip(flow.layers, plain.layers, strict=True):
        for name in ARRAYS:
            np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-4, atol=1e-8, err_msg=name)


def test_evaluation__between_forward_and_step_is_not_counted(tmp_path, plain):
    """Passes without gradients, or without a backward pass, leave the figures of the training pass."""
    model = three_layers()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(mapper):
        with torch.no_grad():
            model(X * 100)
        model(X * 100)
        F.cross_entropy(model(X), Y).backward()
        mapper.log_epoch(0)
        optimizer.step()
        mapper.step()

    assert_same_flow(record(tmp_path / "a", model, step).gradient_flow(0), plain)


@pytest.mark.parametrize(
    ("modules", "sources"),
    [
        ([nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)], [[""], ["0"]]),
        ([nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(36, 3)], [[""], ["0"], ["1"]]),
        ([nn.Linear(4, 6), nn.Linear(4, 6), nn.Linear(6, 3)], [[], [], []]),
        ([nn.MultiheadAttention(8, 2), nn.Linear(8, 3)], [[], []]),
    ],
)
def test_sources_in_order__are_those_of_a_chain(modules, sources):
    """Layers that were not seen to run follow each other if all widths fit; else what feeds them is unknown."""
    layers = find_layers(nn.Sequential(*modules))
    found = sources_in_order(layers)
    assert [found.get(layer.name, []) for layer in layers] == sources
