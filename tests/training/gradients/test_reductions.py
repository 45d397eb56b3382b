"""Means of units against numpy, and what sampling them costs in accuracy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tb_neuromapper.training.gradients.reductions import MEAN_SIZE, absolute, beyond, itself, nonzero, unit_means
from tests.training.flows import (
    layers_of,
    record,
    sgd_step,
)

FUNCTIONS = [absolute, nonzero, itself, beyond(0.5, 0.45)]


def plain_means(values, axis):
    """(4, U): the means of FUNCTIONS in float64."""
    values = np.moveaxis(values.double().numpy(), axis, 0).reshape(values.shape[axis], -1)
    return np.stack([np.abs(values), values != 0, values, np.abs(values - 0.5) > 0.45]).mean(2)


@given(
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=5),
    axis=st.integers(-5, 4),
    last=st.booleans(),
    seed=st.integers(0, 99),
)
def test_unit_means__are_plain_means(shape, axis, last, seed):
    """Of all values, along any axis, in any memory layout."""
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).relu()
    axis = axis % len(shape)
    if last:
        values = values.movedim(axis, -1).contiguous().movedim(-1, axis)
    np.testing.assert_allclose(unit_means(values, axis, FUNCTIONS), plain_means(values, axis), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((32, 5, 32, 32), 1), ((64, 100, 6), 2), ((20_000, 3), 1), ((900, 4, 3, 3), 1), ((1, 2, 100_000), 1)],
)
@pytest.mark.parametrize("last", [False, True])
def test_unit_means__of_many_values_are_those_of_a_spread_sample(shape, axis, last):
    """Each is within six standard errors of MEAN_SIZE values, also where values follow rows, columns or batches."""
    values = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    for other in range(len(shape)):
        if other != axis:
            trend = torch.arange(shape[other]) % 8 < 2
            values = values * (1 + trend.view([-1 if i == other else 1 for i in range(len(shape))]))
    if last:
        values = values.movedim(axis, -1).contiguous().movedim(-1, axis)
    found, expected = unit_means(values, axis, FUNCTIONS), plain_means(values, axis)
    error = np.array([[float(values.std()), 0.5, float(values.std()), 0.5]]).T / math.sqrt(MEAN_SIZE)
    assert (np.abs(found.numpy() - expected) < 6 * error).all()
    everything = unit_means(values, axis, FUNCTIONS, values.numel())
    np.testing.assert_allclose(everything, expected, rtol=1e-4, atol=1e-5)


def test_one_value_of_a_hundred_thousand_that_is_not_finite__is_found(tmp_path):
    """Activations are sampled only where all are finite, so the first layer with a NaN is named."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    x = torch.randn(8, 1, 64, 64)
    x[3, 0, 17, 5] = math.nan

    step = sgd_step(model, x, None, loss_of=lambda a, _: a.sum())
    layers = layers_of(record(tmp_path, model, step, probe=torch.zeros(2, 1, 4, 4)).gradient_flow(0))
    assert [layers[name].n_nonfinite_activation for name in ("0", "3")] == [3, 2]
    assert layers["0"].parameters["0.weight"]["n_nonfinite_gradient"] == 3


def test_one_value_that_is_not_finite__is_found_behind_a_batch_norm(tmp_path):
    """There a sample is enough, as the norm makes all values of the unit NaN."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    x = torch.randn(8, 3, 64, 64)
    x[3, 1, 17, 5] = math.inf

    step = sgd_step(model, x, None, loss_of=lambda a, _: a.sum())
    run = record(tmp_path, model, step, n_steps=2, probe=torch.zeros(2, 3, 4, 4))
    for index in range(2):
        layers = layers_of(run.gradient_flow(index))
        assert layers["0"].n_nonfinite_activation >= 1
        assert np.isnan(layers["0"].unit_activation[1])
