"""A training whose evidence is computed plainly: what the callback records, without the callback."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from tb_neuromapper.numerics.findings.evidence import Evidence, FlowSeries, LayerSeries, LossSeries, ParameterSeries
from tb_neuromapper.numerics.findings.rules import run_rules
from tests.numerics.findings.networks import data

KINDS = {
    nn.Linear: "linear",
    nn.Conv2d: "conv",
    nn.BatchNorm1d: "norm",
    nn.BatchNorm2d: "norm",
    nn.LayerNorm: "norm",
    nn.MultiheadAttention: "attention",
}
ACTIVATIONS = (nn.ReLU, nn.GELU, nn.Tanh, nn.Sigmoid)
LOWEST = {nn.Tanh: -1, nn.Sigmoid: 0}

SEEDS = (0, 1, 2)


def sgd(lr=0.05):
    """Makes SGD with momentum for a model."""
    return lambda model: torch.optim.SGD(model.parameters(), lr, momentum=0.9)


def adam(lr=1e-3):
    """Makes Adam for a model."""
    return lambda model: torch.optim.Adam(model.parameters(), lr)


def findings(make, optimizer, seed, noise=1.0, **options):
    """The findings by kind of one small training."""
    torch.manual_seed(seed)
    model = make()
    evidence = train(model, optimizer(model), seed=seed, inputs=data(seed, n=2048, noise=noise), **options)
    found = {}
    for finding in run_rules(evidence).findings:
        found.setdefault(finding.kind, []).append(finding)
    return found


def train(model, optimizer, *, seed=0, n_steps=300, every=10, batch=32, inputs=None, disturb=None, criterion=None):
    """Train and record every `every` steps.

    Args:
        model: The network.
        optimizer: Its optimizer.
        seed: Of the data and the batches.
        n_steps: Steps of the training.
        every: Every so many steps are recorded.
        batch: Samples of a batch.
        inputs: Other data than `data(seed)`.
        disturb: disturb(step, x, y, optimizer) may return another batch.
        criterion: Cross-entropy if left out.
    """
    x, y = inputs or data(seed)
    generator = torch.Generator().manual_seed(seed)
    criterion = criterion or nn.functional.cross_entropy
    recorder = Recorder(model)
    losses = []
    for step in range(n_steps):
        recorder.outputs = {} if step % every == 0 else None
        rows = torch.randint(0, len(x), (batch,), generator=generator)
        drawn = x[rows], y[rows]
        if disturb is not None:
            drawn = disturb(step, *drawn, optimizer) or drawn
        loss = criterion(model(drawn[0]), drawn[1])
        optimizer.zero_grad()
        loss.backward()
        before = recorder.look()
        optimizer.step()
        recorder.record(step, before)
        losses.append(loss.item())
    return Evidence(recorder.flow(), [], [LossSeries("train/loss", np.arange(n_steps), np.array(losses), True)])


class Recorder:
    """Keeps everything of the recorded steps and reduces it at the end."""

    def __init__(self, model):
        self.model = model
        self.layers = {name: module for name, module in model.named_modules() if type(module) in KINDS}
        self.activations = dict(self._activations())
        self.outputs = None
        self.steps, self.units, self.parameters = [], [], []
        for name, layer in self.layers.items():
            source = self.activations.get(name, layer)
            source.register_forward_hook(lambda _module, _inputs, output, name=name: self._see(name, output))

    def _activations(self):
        """By layer the activation that directly follows it in a Sequential."""
        for parent, module in self.model.named_modules():
            if isinstance(module, nn.Sequential):
                names = [f"{parent}.{key}" if parent else key for key, _ in module.named_children()]
                children = list(module)
                for name, child in zip(names, children[1:], strict=False):
                    if name in self.layers and isinstance(child, ACTIVATIONS):
                        yield name, child

    def _see(self, name, output):
        if self.outputs is not None:
            output = output[0] if isinstance(output, tuple) else output
            if output.requires_grad:
                output.retain_grad()
            self.outputs[name] = output

    def look(self):
        """The parameters and their gradients before the step."""
        if self.outputs is None:
            return None
        return {
            name: (each.detach().clone(), None if each.grad is None else each.grad.clone())
            for name, each in self.model.named_parameters()
        }

    def record(self, step, before):
        """Keep what a recorded step has shown; `before` is what `look` returned."""
        if before is None:
            return
        self.steps.append(step)
        self.units.append({name: self._unit_figures(name, output) for name, output in self.outputs.items()})
        now = dict(self.model.named_parameters())
        self.parameters.append({name: (*pair, now[name].detach() - pair[0]) for name, pair in before.items()})

    def _unit_figures(self, name, output):
        axis = 1 if output.dim() == 4 else -1
        a = output.detach().movedim(axis, 0).flatten(1)
        lowest = LOWEST.get(type(self.activations.get(name)))
        beyond = ((a > 0.95) | (a < lowest + 0.05)).float().mean(1) if lowest is not None else a[:, 0] * math.nan
        gradient = math.nan if output.grad is None else output.grad.abs().mean().item()
        return a.abs().mean(1).numpy(), (a == 0).float().mean(1).numpy(), beyond.numpy(), gradient, a.shape[1]

    def flow(self):
        """The gradient flow of all recorded steps."""
        layers = [self._layer(name) for name in self.units[0]]
        modules = dict.fromkeys(name.rpartition(".")[0] for name, _ in self.model.named_parameters())
        steps = np.array(self.steps)
        is_scaled = np.zeros(len(steps), bool)
        return FlowSeries(steps, steps, layers, [self._module(name) for name in modules], is_scaled)

    def _layer(self, name):
        activation, zeros, beyond, gradient = (
            np.stack(each) for each in zip(*(row[name][:4] for row in self.units), strict=True)
        )
        return LayerSeries(
            name=name,
            kind=KINDS[type(self.layers[name])],
            unit="unit",
            activation=type(self.activations[name]).__name__ if name in self.activations else None,
            is_output=name == list(self.units[0])[-1],
            weights=name,
            n_values=self.units[-1][name][4],
            unit_activation=activation,
            unit_zeros=zeros,
            unit_saturated=beyond,
            mean_gradient=gradient,
            n_nonfinite=(~np.isfinite(activation)).sum(1),
        )

    def _module(self, module):
        own = {
            name: parameter for name, parameter in self.model.named_parameters() if name.rpartition(".")[0] == module
        }
        figures = [_module_figures({name: row[name] for name in own}) for row in self.parameters]
        is_frozen = not any(parameter.requires_grad for parameter in own.values())
        return ParameterSeries(module, is_frozen, *np.array(figures, float).T)


def _module_figures(rows):
    """Gradient per weight, gradient norm, update ratio, weight norm, and what is not finite: one module, one step."""
    weights = [row for name, row in rows.items() if "weight" in name.rpartition(".")[2]]
    gradients = [row[1] for row in rows.values() if row[1] is not None]
    of_weights = [row[1] for row in weights if row[1] is not None]
    n_weights = sum(row[0].numel() for row in weights)
    return (
        _norm(of_weights) / math.sqrt(n_weights) if of_weights else math.nan,
        _norm(gradients) if gradients else math.nan,
        _ratio(_norm([row[2] for row in weights]), _norm([row[0] + row[2] for row in weights])),
        _norm([row[0] + row[2] for row in weights]) if weights else math.nan,
        sum(int((~each.isfinite()).sum()) for each in gradients),
        sum(int((~row[0].isfinite()).sum()) for row in rows.values()),
    )


def _ratio(update, weight):
    return update / weight if weight > 0 else math.nan


def _norm(tensors):
    return math.sqrt(sum(float(each[each.isfinite()].double().square().sum()) for each in tensors))
