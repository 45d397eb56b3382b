"""Of very many connections the strongest are kept."""

from __future__ import annotations

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.training.flows import (
    edge_table,
    layers_of,
    record,
    sgd_step,
)
from tests.training.gradients.twins import X, Y


def test_connections__beyond_the_budget_are_the_strongest(tmp_path):
    """Of 300 x 300 connections each unit keeps its strongest 66, which is what 20,000 a layer allow."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 300), nn.Tanh(), nn.Linear(300, 300), nn.Tanh(), nn.Linear(300, 3))
    twin = copy.deepcopy(model)
    layer = layers_of(record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0))["2"]
    F.cross_entropy(twin(X), Y).backward()
    gradient = twin[2].weight.grad.numpy()
    assert layer.n_connections == 90_000
    assert len(layer.edges) == 300 * 66
    stored = edge_table(layer, layer.edge_gradient)
    assert (np.isfinite(stored).sum(1) == 66).all()
    np.testing.assert_allclose(stored[np.isfinite(stored)], gradient[np.isfinite(stored)], rtol=1e-3, atol=1e-9)
    weakest = np.sort(np.abs(gradient), 1)[:, -66]
    assert (np.nanmin(np.abs(stored), 1) >= weakest * 0.999).all()


def test_connections__of_very_many_units_are_one_each(tmp_path):
    """Of a layer with more units than edges allowed, the units with the strongest connections keep one each."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 2), nn.Tanh(), nn.Linear(2, 30_000))
    twin = copy.deepcopy(model)
    layer = layers_of(record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0))["2"]
    F.cross_entropy(twin(X), Y).backward()
    gradient = np.abs(twin[2].weight.grad.numpy())
    assert len(layer.edges) == len(set(layer.edges[:, 1].tolist())) == 20_000
    units, inputs = layer.edges[:, 1], layer.edges[:, 0]
    np.testing.assert_allclose(np.abs(layer.edge_gradient), gradient[units, inputs], rtol=1e-3, atol=1e-10)
    assert np.abs(layer.edge_gradient).min() >= np.sort(gradient.max(1))[10_000] * 0.999


def test_connections__of_all_layers_keep_to_one_budget(tmp_path):
    """Many large layers share 200,000 edges; small ones stay whole."""
    torch.manual_seed(0)
    wide = [module for _ in range(14) for module in (nn.Linear(150, 150), nn.Tanh())]
    model = nn.Sequential(nn.Linear(4, 150), nn.Tanh(), *wide, nn.Linear(150, 3))
    flow = record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0)
    kept = [len(layer.edges) for layer in flow.layers]
    assert kept[0] == 600
    assert kept[-1] == 450
    assert len(set(kept[1:-1])) == 1
    assert 190_000 < sum(kept) <= 200_000
