"""Facts about findings of networks with a fault that was planted, and of healthy ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from tb_neuromapper.numerics.findings.rules import run_rules
from tb_neuromapper.numerics.findings.units import persistent_units
from tb_neuromapper.numerics.findings.wording import format_number
from tests.numerics.findings.faults import close_units, hush_units, infinite_input, start_with_gain
from tests.numerics.findings.networks import HEALTHY, Detached, Transformer, Unused, cnn, data, mlp
from tests.numerics.findings.training import SEEDS, adam, findings, sgd, train

DEEP = (32, *(32,) * 5, 4)


def with_bias(layer, n, value):
    """Makes a perceptron in which n units of a layer begin with this bias."""

    def make():
        model = mlp()
        close_units(model.get_submodule(layer), n, value)
        return model

    return make


def with_gain(gain, widths, activation=nn.ReLU):
    """Makes a perceptron whose weights begin with this gain."""

    def make():
        model = mlp(widths, activation)
        start_with_gain(model, gain)
        return model

    return make


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("optimizer", [sgd(), adam()], ids=["sgd", "adam"])
def test_dead_units__are_those_with_a_large_negative_bias(optimizer, seed):
    """Half of a layer's ReLUs never open; they are named, one finding for the layer."""
    (finding,) = [
        each for each in findings(with_bias("fc2", 32, -50.0), optimizer, seed)["dead_units"] if each.where == "fc2"
    ]
    assert set(range(32)) <= set(finding.units)
    (since, until), n_records = finding.steps[0], finding.evidence["n_records"]
    assert (until, until - since) == (290, 10 * (n_records - 1))
    assert finding.evidence["n_always_dead"] >= 32
    assert f"{len(finding.units)} of the 64 units of fc2" in finding.message


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (0.0342, "0.034"),
        (1.1e-9, "1.1·10⁻⁹"),
        (120.4, "120"),
        (12345.6, "12,346"),
        (1.12e5, "110,000"),
        (2.5e24, "2.5·10²⁴"),
        (math.inf, "inf"),
    ],
)
def test_format_number__is_written_as_one_reads_it(value, words):
    """Thousands with commas, powers of ten as on the page."""
    assert format_number(value) == words


def test_persistent_units__can_ask_for_more_records_than_there_are():
    """Then the unit must be in the state at all."""
    flags = np.ones((6, 2), bool)
    flags[0, 1] = False
    found = persistent_units(flags, np.ones(6, bool), np.arange(6), n_last=40)
    assert (found.units.tolist(), found.n_records, found.n_always) == ([0], 6, 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_dead_units__of_small_batches_are_dead_indeed(seed):
    """Units that answer to one sample in fifty are often 0 for all eight, five times in a row."""
    torch.manual_seed(seed)
    inputs, model = data(seed, n=2048), mlp()
    with torch.no_grad():
        model.fc1.bias -= torch.quantile(model.fc1(inputs[0]), 0.98, dim=0)
    evidence = train(model, sgd(1e-6)(model), seed=seed, batch=8, inputs=inputs)
    with torch.no_grad():
        is_dead = (model[:2](inputs[0]) == 0).all(0)
    assert not is_dead.any()
    assert "fc1" not in [each.where for each in run_rules(evidence).findings if each.kind == "dead_units"]
    zeros = evidence.flow.layers[0].unit_zeros
    assert (zeros[-5:] == 1).all(0).mean() >= 0.3


def test_persistent_units__begins_where_the_last_of_its_units_joins():
    """Of three units two are in the state to the end: one always, one from the third record on."""
    flags = np.array([[1, 0, 1], [1, 0, 1], [1, 1, 1], *[[1, 1, 0]] * 5], bool)
    found = persistent_units(flags, np.ones(8, bool), np.arange(8) * 10)
    assert found.units.tolist() == [0, 1]
    assert (found.steps, found.n_records, found.n_always) == ([(20, 70)], 6, 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_dead_units__are_found_if_they_are_few_but_dead_from_the_start(seed):
    """Ten of 64 that never put out anything are found."""
    found = findings(with_bias("fc2", 10, -50.0), sgd(), seed)["dead_units"]
    assert any(each.where == "fc2" and set(range(10)) <= set(each.units) for each in found)


@pytest.mark.parametrize("seed", SEEDS)
def test_dormant_units__are_those_with_tiny_weights(seed):
    """GELU units with weights a hundred thousand times too small say nothing, though they are not 0."""

    def make():
        model = mlp(activation=nn.GELU)
        hush_units(model.fc2, model.fc3, 40)
        return model

    (finding,) = findings(make, sgd(1e-3), seed)["dormant_units"]
    assert finding.where == "fc2"
    assert set(range(40)) <= set(finding.units)
    assert finding.evidence["largest_score"] <= 0.025


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("optimizer", [sgd(), adam()], ids=["sgd", "adam"])
def test_vanishing_gradient__is_that_of_a_deep_sigmoid_network(optimizer, seed):
    """Each of six sigmoids passes at most a quarter of the gradient."""
    (finding,) = findings(lambda: mlp(DEEP, nn.Sigmoid), optimizer, seed)["vanishing_gradient"]
    assert finding.where == "fc1"
    assert finding.evidence["median_ratio"] < 0.01
    assert finding.evidence["layers"][-1] == "fc6"


@pytest.mark.parametrize("seed", SEEDS)
def test_vanishing_gradient__is_reported_once(seed):
    """That the layers without gradient hardly move is the same fault; what else moves too little is one finding."""
    found = findings(lambda: mlp((32, *(32,) * 8, 4), nn.Sigmoid), lambda m: torch.optim.SGD(m.parameters(), 0.1), seed)
    (vanishing,) = found["vanishing_gradient"]
    gradients = vanishing.evidence["gradient_per_weight"]
    died = {f"fc{index}" for index, value in enumerate(gradients, 1) if value < 0.01 * gradients[-1]}
    updates = found.get("update_ratio", [])
    assert len(updates) <= 1
    assert not died & {name for each in updates for name in each.evidence["layers"]}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("optimizer", [sgd(1e-4), sgd(1e-2), adam()], ids=["sgd", "fast sgd", "adam"])
def test_exploding_gradient__is_that_of_large_initial_weights(optimizer, seed):
    """Weights 3.5 times too large in seven layers without norm."""
    (finding,) = findings(with_gain(5, (32, *(64,) * 6, 4)), optimizer, seed)["exploding_gradient"]
    assert finding.where == "fc1"
    assert finding.evidence["median_ratio"] > 100


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("activation", [nn.Tanh, nn.Sigmoid])
def test_saturated_units__are_those_behind_large_weights(activation, seed):
    """What comes into the activation is far beyond where it is steep."""
    gain = 8 if activation is nn.Tanh else 30
    found = findings(with_gain(gain, (32, 64, 64, 64, 4), activation), adam(), seed)["saturated_units"]
    assert "fc1" in [each.where for each in found]
    assert "fc4" not in [each.where for each in found]
    assert all(each.evidence["mean_saturation"] >= 0.75 for each in found)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("make", "optimizer"),
    [(mlp, sgd(1e-7)), (mlp, adam(1e-6)), (cnn, adam(1e-6)), (Transformer, adam(3e-7))],
    ids=["mlp sgd", "mlp adam", "cnn", "transformer"],
)
def test_update_ratio__of_a_tiny_learning_rate_is_too_small(make, optimizer, seed):
    """One finding of the whole network, since the rate is that of all layers."""
    (finding,) = findings(make, optimizer, seed, n_steps=100)["update_ratio"]
    assert finding.where == ""
    assert finding.evidence["median"] < 1e-5
    assert "too small" in finding.message


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("make", "optimizer"),
    [(mlp, adam(0.1)), (mlp, adam(0.3)), (cnn, sgd(20.0)), (Transformer, adam(0.3))],
    ids=["mlp", "mlp faster", "cnn", "transformer"],
)
def test_update_ratio__of_a_huge_learning_rate_is_too_large(make, optimizer, seed):
    """Also where the weights have grown so fast that later steps look small beside them: nothing else is said."""
    (finding,) = findings(make, optimizer, seed, n_steps=100)["update_ratio"]
    assert finding.where == ""
    assert "too large" in finding.message


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("make", "layer", "is_called"), [(Unused, "forgotten", False), (Detached, "cut", True)], ids=["unused", "detached"]
)
def test_no_gradient__is_that_of_a_layer_out_of_the_graph(make, layer, is_called, seed):
    """A layer that is never called, and one whose output is detached."""
    (finding,) = findings(make, adam(), seed, n_steps=100)["no_gradient"]
    assert finding.where == layer
    assert finding.evidence["is_called"] is is_called


def test_no_gradient__is_silent_about_frozen_layers():
    """What is frozen on purpose gets no gradient, rightly."""

    def make():
        model = Unused()
        model.forgotten.requires_grad_(False)
        return model

    assert "no_gradient" not in findings(make, adam(), 0, n_steps=100)


@pytest.mark.parametrize("seed", SEEDS)
def test_non_finite__began_where_it_was_planted(seed):
    """In the forward pass the first layer whose output is not finite, with finite weights before it."""
    (finding,) = findings(mlp, sgd(), seed, disturb=infinite_input(150))["non_finite"]
    assert (finding.where, finding.evidence["first_step"]) == ("fc1", 150)
    assert "weights were still finite" in finding.message
    assert finding.evidence["losses"] == ["train/loss"]


@pytest.mark.parametrize("seed", SEEDS)
def test_non_finite__of_a_logarithm_of_zero_is_seen_first_in_the_last_gradient(seed):
    """The activations are finite, the loss is not: gradients spread from the last layer back."""

    def log_of_zero(outputs, labels):
        return -torch.log(torch.softmax(3000 * outputs, 1).gather(1, labels[:, None])).mean()

    (finding,) = findings(mlp, sgd(), seed, criterion=log_of_zero, n_steps=20)["non_finite"]
    assert (finding.where, finding.evidence["what"], finding.evidence["first_step"]) == ("fc4", "gradients", 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_non_finite__of_an_overflow_is_in_the_layer_that_overflows(seed):
    """Each layer multiplies by some 10^5, so that a single precision number ends in the eighth."""
    (finding,) = findings(with_gain(1e5, (32, *(64,) * 8, 4)), sgd(), seed, n_steps=20)["non_finite"]
    assert (finding.where, finding.evidence["what"]) == ("fc8", "activations")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("optimizer", [sgd(), adam()], ids=["sgd", "adam"])
@pytest.mark.parametrize("make", HEALTHY.values(), ids=HEALTHY.keys())
def test_run_rules__says_little_of_healthy_networks(make, optimizer, seed):
    """At most one finding of a training that is as it should be."""
    found = findings(make, optimizer, seed)
    assert sum(map(len, found.values())) <= 1, found
