"""A fully connected network and its optimizer, from the parameters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

from tb_neuromapper.playground.parameters import TrainingParameters

_ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "identity": nn.Identity,
}
_INITIALIZATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "he": nn.init.kaiming_normal_,
    "glorot": nn.init.xavier_uniform_,
    "orthogonal": nn.init.orthogonal_,
    "small": lambda weight: nn.init.normal_(weight, std=0.01),
    "large": lambda weight: nn.init.normal_(weight, std=1.0),
    "zeros": nn.init.zeros_,
}


def make_network(parameters: TrainingParameters, n_inputs: int, n_classes: int) -> nn.Sequential:
    """A network of a child `flatten`, then `hidden1`, `hidden2`, ... (linear and activation each), then `head`.

    Args:
        parameters: Hidden layers, activation and initialisation.
        n_inputs: Values of one sample.
        n_classes: Units of `head`.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    n_before = n_inputs
    for number, n_units in enumerate(parameters.hidden, start=1):
        activation = _ACTIVATIONS[parameters.activation]()
        layers[f"hidden{number}"] = nn.Sequential(nn.Linear(n_before, n_units), activation)
        n_before = n_units
    layers["head"] = nn.Linear(n_before, n_classes)
    network = nn.Sequential(layers)
    initialize = _INITIALIZATIONS.get(parameters.initialization)
    if initialize is not None:
        for layer in network.modules():
            if isinstance(layer, nn.Linear):
                initialize(layer.weight)
                nn.init.zeros_(layer.bias)
    return network


def make_optimizer(parameters: TrainingParameters, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer that the parameters name, over all parameters of the network."""
    weights, rate = network.parameters(), parameters.learning_rate
    if parameters.optimizer == "sgd":
        return torch.optim.SGD(weights, lr=rate)
    if parameters.optimizer == "momentum":
        return torch.optim.SGD(weights, lr=rate, momentum=0.9)
    if parameters.optimizer == "rmsprop":
        return torch.optim.RMSprop(weights, lr=rate)
    kind = torch.optim.AdamW if parameters.optimizer == "adamw" else torch.optim.Adam
    return kind(weights, lr=rate)
