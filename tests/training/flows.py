"""Train a little with gradients recorded, and read the records back."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

from tb_neuromapper import open_run
from tb_neuromapper.training.callback import NeuroMapper

ARRAYS = ("unit_activation", "unit_zeros", "unit_gradient", "unit_signed", "edge_gradient", "edge_weight")


def record(run_dir, model, train_step, *, n_steps=1, every=1, **options):
    """Call `train_step(mapper)` n_steps times; the run."""
    probe = options.pop("probe", torch.zeros(2, 4))
    with NeuroMapper(model, run_dir, probe=probe, gradient_every=every, **options) as mapper:
        for _ in range(n_steps):
            train_step(mapper)
    return open_run(run_dir, cache=run_dir / "cache")


def sgd_step(model, x, y, *, lr=0.1, loss_of=F.cross_entropy):
    """A step of plain training as a function of the mapper; the model's call goes through `model`."""
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr)

    def step(mapper):
        optimizer.zero_grad()
        loss_of(model(x), y).backward()
        optimizer.step()
        mapper.step()

    return step


def layers_of(flow):
    """The layers of a step by name."""
    return {layer.name: layer for layer in flow.layers}


def unit_figures(a, gradient, axis):
    """What the five arrays of a layer's units must hold: the plain twin, in float64."""
    a, gradient = (np.moveaxis(t.detach().double().numpy(), axis, 0).reshape(t.shape[axis], -1) for t in (a, gradient))
    return {
        "unit_activation": np.abs(a).mean(1),
        "unit_zeros": (a == 0).mean(1),
        "unit_gradient": np.abs(gradient).mean(1),
        "unit_signed": gradient.mean(1),
    }


def edge_table(layer, values):
    """Stored values of the connections as a dense matrix (units, inputs); NaN where none is stored."""
    dense = np.full((layer.n_units, layer.n_inputs), np.nan)
    dense[layer.edges[:, 1], layer.edges[:, 0]] = values
    return dense


def signed(values):
    """(U, I) of (U, I, K): mean of absolute values with the sign of the mean."""
    values = np.asarray(values, np.float64)
    return np.abs(values).mean(2) * np.where(values.mean(2) < 0, -1, 1)


def assert_same_flow(found, expected, *, rtol=1e-4, arrays=ARRAYS):
    """Two steps have the same layers, sources and activations, and close values in some arrays."""
    assert [layer.name for layer in found.layers] == [layer.name for layer in expected.layers]
    for one, other in zip(found.layers, expected.layers, strict=True):
        assert one.sources == other.sources
        assert one.activation == other.activation
        for name in arrays:
            message = f"{one.name} {name}"
            found_array, expected_array = getattr(one, name), getattr(other, name)
            np.testing.assert_allclose(found_array, expected_array, rtol=rtol, atol=1e-8, err_msg=message)


def n_hooks(model):
    """How many hooks stand on a network's modules and parameters, and on the optimizers."""
    modules = [hook for module in model.modules() for hook in module._forward_hooks]
    parameters = [hook for parameter in model.parameters() for hook in parameter._post_accumulate_grad_hooks or ()]
    return len(modules) + len(parameters) + len(_global_optimizer_pre_hooks) + len(_global_optimizer_post_hooks)


class Named:
    """A mapper whose next step has the given arguments."""

    def __init__(self, mapper, **arguments):
        self.step = lambda: mapper.step(**arguments)
