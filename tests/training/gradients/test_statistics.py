"""Statistics of parameters and of single tensors against numpy."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tb_neuromapper.training.gradients.statistics import STATISTICS, TensorStatistics, reduce
from tb_neuromapper.training.gradients.transfer import Transfer
from tests.training.flows import (
    layers_of,
    record,
    sgd_step,
)
from tests.training.gradients.twins import X, Y


def statistics(of, values):
    """The columns of a tensor's values, as numpy computes them."""
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    figures = {"norm": np.linalg.norm(values), "l1": np.abs(values).sum(), "sum": values.sum(), "mean": values.mean()}
    figures |= {"std": values.std(), "min": values.min(), "q1": q1, "median": median, "q3": q3, "max": values.max()}
    return {**{f"{of}_{name}": value for name, value in figures.items()}, f"n_nonfinite_{of}": 0}


def test_parameters__are_plain_statistics(tmp_path):
    """Every column is what numpy says of the weight after the step, its gradient and its change."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    twin = copy.deepcopy(model)
    run = record(tmp_path, model, sgd_step(model, X, Y, lr=0.5))
    F.cross_entropy(twin(X), Y).backward()
    layers = layers_of(run.gradient_flow(0))
    rows = {**layers["0"].parameters, **layers["2"].parameters}
    assert list(rows) == [name for name, _ in model.named_parameters()]
    after = dict(model.named_parameters())
    for name, parameter in twin.named_parameters():
        before, gradient = parameter.detach().double().numpy(), parameter.grad.double().numpy()
        weight = after[name].detach().double().numpy()
        expected = {**statistics("weight", weight), **statistics("gradient", gradient)}
        expected["clipped_norm"] = expected["gradient_norm"]
        expected["update_norm"] = np.linalg.norm(weight - before)
        expected["update_ratio"] = expected["update_norm"] / expected["weight_norm"]
        assert set(expected) == set(rows[name])
        for column, value in expected.items():
            assert rows[name][column] == pytest.approx(value, rel=1e-4, abs=1e-7), (name, column)
    assert layers["0"].update_ratio == pytest.approx(rows["0.weight"]["update_ratio"])


def test_quartiles__of_a_large_tensor_are_close(tmp_path):
    """Beyond 8,192 values the quartiles and the update are those of an even sample."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 600), nn.ReLU(), nn.Linear(600, 600), nn.Linear(600, 3))
    before = model[2].weight.detach().clone().numpy()
    run = record(tmp_path, model, sgd_step(model, X, Y))
    row = layers_of(run.gradient_flow(0))["2"].parameters["2.weight"]
    weight = model[2].weight.detach().numpy()
    assert row["update_norm"] == pytest.approx(float(np.linalg.norm(weight - before)), rel=0.05)
    spread = float(weight.max() - weight.min())
    for name, share in (("q1", 0.25), ("median", 0.5), ("q3", 0.75)):
        assert row[f"weight_{name}"] == pytest.approx(np.quantile(weight, share), abs=0.03 * spread)


def figures_of(tensor):
    """A tensor's statistics, after a transfer."""
    transfer = Transfer()
    figures = TensorStatistics(reduce(tensor), transfer)
    transfer.fetch()
    return figures.named()


@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
    seed=st.integers(0, 99),
)
def test_figures_of_a_small_tensor__are_numpys(sizes, dtype, seed):
    """All values count."""
    tensor = torch.randn(sizes, generator=torch.Generator().manual_seed(seed)).to(dtype)
    values = tensor.double().numpy().ravel()
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    norms = np.linalg.norm(values), np.abs(values).sum()
    expected = (*norms, values.sum(), values.mean(), values.std(), values.min(), q1, median, q3, values.max())
    found = figures_of(tensor)
    assert [found[name] for name in STATISTICS] == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert found["n_nonfinite"] == 0


def test_figures_of_a_large_tensor__are_close_and_bounds_exact():
    """Norm and extremes are those of all values; the rest is within the error of a sample of 14,000."""
    tensor = torch.randn(900, 111, generator=torch.Generator().manual_seed(0)) * 3 + 1
    tensor[700, 7] = 99
    values = tensor.double().numpy()
    found = figures_of(tensor)
    assert [found[name] for name in ("norm", "max", "min")] == pytest.approx(
        [np.linalg.norm(values), 99, values.min()], rel=1e-5
    )
    assert found["mean"] == pytest.approx(values.mean(), abs=0.15)
    assert found["std"] == pytest.approx(values.std(), rel=0.03)
    assert found["l1"] == pytest.approx(np.abs(values).sum(), rel=0.03)
    assert found["median"] == pytest.approx(np.median(values), abs=0.3)


@pytest.mark.parametrize("size", [40, 90_000])
def test_figures__of_what_is_not_finite_are_unknown_and_counted(size):
    """Also if the sample has missed it."""
    tensor = torch.ones(size)
    tensor[[1, size - 2]] = torch.tensor([math.nan, math.inf])
    found = figures_of(tensor)
    assert found["n_nonfinite"] == 2
    assert np.isnan([found[name] for name in STATISTICS]).all()
