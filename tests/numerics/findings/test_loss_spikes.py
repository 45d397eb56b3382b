"""Facts about spikes of the loss: that they are found, and in which layer they began."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tb_neuromapper.numerics.findings.loss_spikes import find_spikes
from tests.numerics.findings.faults import gradient_times, rate_times, weights_times, wrong_labels
from tests.numerics.findings.networks import Transformer, cnn, mlp
from tests.numerics.findings.training import SEEDS, adam, findings, sgd


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("disturb", [rate_times(300, 200), wrong_labels(200)], ids=["rate", "labels"])
@pytest.mark.parametrize("make", [mlp, cnn, Transformer])
def test_loss_spike__is_dated(make, disturb, seed):
    """One batch with wrong labels, or one step 300 times too large."""
    (finding,) = findings(make, sgd(), seed, disturb=disturb)["loss_spike"]
    assert any(first <= 202 and last >= 200 for first, last in finding.steps)
    assert finding.evidence["tag"] == "train/loss"


def weights_spoilt(weight, at):
    """The weights change sign and are eight times as large."""
    return weights_times(-8, weight, at)


def rate_of_one_spoilt(weight, at):
    """One step of this layer with a thousand times the rate."""
    return rate_times(1000, at, weight)


def gradient_spoilt(weight, at):
    """One gradient of this layer, a thousand times as large."""
    return gradient_times(1000, weight, at)


def spike_of(plant, layer, at, seed, optimizer=None):
    """The finding about the loss of a training in which a layer is disturbed, or None."""
    torch.manual_seed(seed)
    model = mlp()
    disturb = plant(model.get_submodule(layer).weight, at)
    found = findings(lambda: model, optimizer or sgd(), seed, disturb=disturb)
    return next(iter(found.get("loss_spike", [])), None)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("at", [20, 45, 90])
@pytest.mark.parametrize("optimizer", [sgd(0.01), adam()], ids=["sgd", "adam"])
def test_loss_spike__is_found_while_the_loss_still_falls(optimizer, at, seed):
    """What the loss has come down from hides no spike."""
    finding = spike_of(weights_spoilt, "fc4", at, seed, optimizer)
    assert at <= finding.steps[0][0] <= at + 2


def test_loss_spike__is_found_among_few_values():
    """A loss that was logged eleven times, seven of them before the spike."""
    falling = np.array([2.30, 2.21, 2.02, 1.74, 1.41, 1.12, 0.91, 5.2, 1.5, 0.9, 0.7])
    (spike,) = find_spikes(np.arange(11) * 10, falling, 8)
    assert (spike.first, spike.last, spike.peak) == (70, 70, 5.2)
    assert find_spikes(np.arange(10) * 10, np.delete(falling, 7), 8) == []


def test_loss_spike__is_not_hidden_by_what_leads_up_to_it():
    """A step too far is felt little at first: the loss rises over three values, each too low alone."""
    quiet = 0.02 + 0.02 * np.random.default_rng(0).random(60)
    losses = np.concatenate([np.linspace(1.4, 0.03, 40), quiet, [0.35, 0.2, 0.38, 0.95], quiet])
    (spike,) = find_spikes(np.arange(len(losses)), losses, 8)
    assert (spike.last, spike.peak) == (103, 0.95)


def test_loss_spike__is_none_in_a_loss_that_hardly_moves():
    """A network that learns nothing has a loss at ln 10 whose noise drifts."""
    drift = np.where(np.arange(120) // 10 % 2, 0.02, 0)
    noise = np.random.default_rng(0).normal(size=120) * 0.002
    assert find_spikes(np.arange(120), math.log(10) + drift + noise, 8) == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("layer", ["fc1", "fc2", "fc4"])
@pytest.mark.parametrize("at", [200, 208])
@pytest.mark.parametrize("plant", [weights_spoilt, rate_of_one_spoilt])
def test_loss_spike__began_in_the_layer_whose_weights_jumped(plant, layer, at, seed):
    """At a recorded step or between two: the weights' norm tells."""
    finding = spike_of(plant, layer, at, seed)
    assert (finding.where, finding.evidence["layer_measure"]) == (layer, "weight norm")
    assert finding.evidence["layer_step"] in (200, 210)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("layer", ["fc2", "fc4"])
def test_loss_spike__began_in_the_layer_whose_gradient_was_too_large(layer, seed):
    """A batch with wrong labels, of which one layer gets a gradient a thousand times too large."""
    finding = spike_of(gradient_spoilt, layer, 200, seed)
    assert (finding.where, finding.evidence["layer_step"]) == (layer, 200)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("make", [mlp, cnn, Transformer])
def test_loss_spike__of_a_rate_too_high_for_all_began_in_no_layer(make, every, seed):
    """The last layer's weights move most, but all updates were two hundred times too large."""
    found = findings(make, sgd(0.01), seed, disturb=rate_times(200, 100), every=every, n_steps=130)["loss_spike"]
    assert [each.evidence["layer"] for each in found] == [""]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("layer", "factor"), [("fc1", 1000), ("fc2", 1000), ("fc4", 3000)])
def test_loss_spike__began_in_the_layer_whose_update_was_too_large(layer, factor, seed):
    """Every step is recorded: the weights' norm hardly changes, the update of the step before the spike tells."""
    torch.manual_seed(seed)
    model = mlp()
    disturb = rate_times(factor, 100, model.get_submodule(layer).weight)
    (finding,) = findings(lambda: model, adam(), seed, disturb=disturb, every=1, n_steps=130)["loss_spike"]
    assert finding.where == layer


@pytest.mark.parametrize("seed", SEEDS)
def test_loss_spike__of_a_wrong_batch_began_in_no_layer(seed):
    """All layers get a larger gradient; none is blamed."""
    (finding,) = findings(mlp, sgd(), seed, disturb=wrong_labels(200))["loss_spike"]
    assert (finding.where, finding.evidence["layer"]) == ("train/loss", "")
    assert "no layer that stands out" in finding.message
