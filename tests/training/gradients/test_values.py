"""Recorded gradient flow against a plain twin: the same network with its activations kept, and autograd.grad."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.training.flows import (
    edge_table,
    layers_of,
    record,
    sgd_step,
    signed,
    unit_figures,
)
from tests.training.gradients.twins import NETWORKS, Functional, X, Y, build


@pytest.mark.parametrize("name", NETWORKS)
def test_units__are_those_of_autograd(tmp_path, name):
    """Mean |a|, zeros, |dL/da| and dL/da of every unit are what autograd.grad gives for kept activations."""
    model, x = build(name)
    twin = copy.deepcopy(model)
    twin.is_twin = True
    run = record(tmp_path, model, sgd_step(model, x, Y))
    loss = F.cross_entropy(twin(x), Y)
    gradients = torch.autograd.grad(loss, [a for a, _ in twin.kept.values()])
    layers = layers_of(run.gradient_flow(0))
    assert list(layers) == list(twin.kept)
    for (layer, (a, axis)), gradient in zip(twin.kept.items(), gradients, strict=True):
        for key, expected in unit_figures(a, gradient, axis).items():
            found = getattr(layers[layer], key)
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-8, err_msg=f"{layer} {key}")
    assert run.gradient_flow(0).problems == []


@pytest.mark.parametrize("name", NETWORKS)
def test_connections__are_those_of_autograd(tmp_path, name):
    """dL/dw and w of every connection, all weights of a connection taken together, with the sign of their mean."""
    model, x = build(name)
    twin = copy.deepcopy(model)
    run = record(tmp_path, model, sgd_step(model, x, Y))
    F.cross_entropy(twin(x), Y).backward()
    layers = layers_of(run.gradient_flow(0))
    parameters, trained = dict(twin.named_parameters()), dict(model.named_parameters())
    for layer, (parameter, matrix) in twin.connections().items():
        found = layers[layer]
        weight, gradient = trained[parameter].detach(), parameters[parameter].grad
        wanted_gradient, wanted_weight = (signed(matrix(values).numpy()) for values in (gradient, weight))
        n_units = len(wanted_gradient)  # Of a recurrent layer, the forward direction.
        stored = edge_table(found, found.edge_gradient)[:n_units]
        np.testing.assert_allclose(stored, wanted_gradient, rtol=1e-4, atol=1e-8, err_msg=layer)
        np.testing.assert_allclose(edge_table(found, found.edge_weight)[:n_units], wanted_weight, rtol=1e-5)
        assert found.n_connections == len(found.edges)


def test_layers__are_described(tmp_path):
    """Kind, unit, activation, sources and flattening are found automatically."""
    model, x = build("convolutional")
    layers = layers_of(record(tmp_path, model, sgd_step(model, x, Y)).gradient_flow(0))
    described = {
        name: (layer.kind, layer.unit, layer.activation, layer.sources, layer.n_inputs, layer.inputs_per_source)
        for name, layer in layers.items()
    }
    assert described == {
        "plain": ("conv", "channel", None, [""], 2, 1),
        "norm": ("norm", "channel", "ReLU", ["plain"], 4, 1),
        "grouped": ("conv", "channel", "Tanh", ["norm"], 4, 1),
        "group_norm": ("norm", "channel", None, ["grouped"], 6, 1),
        "transposed": ("conv", "channel", "ReLU", ["group_norm"], 6, 1),
        "head": ("linear", "neuron", None, ["transposed"], 100, 25),
    }


def test_sources__follow_residual_paths(tmp_path):
    """A sum is fed by both of its branches."""
    model, x = build("transformer")
    layers = layers_of(record(tmp_path, model, sgd_step(model, x, Y)).gradient_flow(0))
    assert layers["attention"].sources == ["embed"]
    assert set(layers["norm"].sources) == {"embed", "attention"}
    assert (layers["attention"].kind, layers["attention"].unit, layers["attention"].n_units) == ("attention", "head", 2)
    assert (layers["embed"].kind, layers["embed"].sources) == ("embedding", [""])


@pytest.mark.parametrize(("function", "low", "high"), [(torch.sigmoid, 0.05, 0.95), (torch.tanh, -0.95, 0.95)])
def test_saturation__is_the_share_near_the_bounds(tmp_path, function, low, high):
    """Of a sigmoid below 0.05 or above 0.95, of a tanh beyond 0.95; other functions do not saturate."""
    torch.manual_seed(0)
    model = Functional(function)
    twin = copy.deepcopy(model)
    layers = layers_of(record(tmp_path, model, sgd_step(model, X * 9, Y)).gradient_flow(0))
    twin(X * 9)
    a = twin.kept["first"][0].detach().numpy()
    expected = ((a < low) | (a > high)).mean(0)
    assert 0 < expected.mean() < 1
    np.testing.assert_allclose(layers["first"].unit_saturated, expected, atol=1e-6)
    relu = layers_of(record(tmp_path / "relu", *relu_model()).gradient_flow(0))
    assert np.isnan(relu["0"].unit_saturated).all()


def relu_model():
    """A network with a ReLU, and a training step of it."""
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    return model, sgd_step(model, X, Y)
