"""Faults to plant: in a network before its training, or at one step of it (`disturb` of `training.train`)."""

from __future__ import annotations

import math

import torch
from torch import nn


def close_units(layer, n, value=-50.0):
    """The first n units of a layer get a bias that no input outweighs."""
    with torch.no_grad():
        layer.bias[:n].fill_(value)


def hush_units(layer, after, n):
    """The first n units of a layer say next to nothing, and the layer after it hardly listens to them."""
    with torch.no_grad():
        layer.weight[:n] *= 1e-5
        layer.bias[:n] *= 1e-5
        after.weight[:, :n] *= 1e-5


def start_with_gain(model, gain):
    """Weights of gain / sqrt(inputs), where sqrt(2) would be right for a ReLU and 1 for a tanh."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0, gain / math.sqrt(layer.in_features))
            nn.init.zeros_(layer.bias)


def weights_times(factor, weight, at):
    """A layer's weights are multiplied before a step."""

    def disturb(step, _x, _y, _optimizer):
        if step == at:
            with torch.no_grad():
                weight.mul_(factor)

    return disturb


def gradient_times(factor, weight, at):
    """A layer's gradient is multiplied at a step whose labels are wrong."""
    handles = []

    def disturb(step, x, y, _optimizer):
        if step == at:
            handles.append(weight.register_hook(lambda gradient: gradient * factor))
            return x, (y + 1) % 4
        while handles:
            handles.pop().remove()
        return None

    return disturb


def rate_times(factor, at, weight=None):
    """The learning rate is multiplied for one step: that of one weight, which gets a group of its own, or of all."""

    def disturb(step, _x, _y, optimizer):
        if weight is not None and len(optimizer.param_groups) == 1:
            (group,) = optimizer.param_groups
            group["params"] = [each for each in group["params"] if each is not weight]
            optimizer.add_param_group({**group, "params": [weight]})
        group = optimizer.param_groups[-1]
        group["lr"] = group.setdefault("usual", group["lr"]) * (factor if step == at else 1)

    return disturb


def wrong_labels(at):
    """One batch has wrong labels."""
    return lambda step, x, y, _optimizer: (x, (y + 1) % 4) if step == at else None


def infinite_input(at):
    """One number of one batch is infinite."""

    def disturb(step, x, y, _optimizer):
        if step != at:
            return None
        x = x.clone()
        x[3, 0] = math.inf
        return x, y

    return disturb
