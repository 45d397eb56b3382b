"""The parameters of a training, as they come from the shell or over HTTP, checked once. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tb_neuromapper.playground.fields import (
    ChoiceField,
    Field,
    LayersField,
    NameField,
    NumberField,
    ParameterError,
    shorten,
)

ACTIVATIONS = {
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU (swish)",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "identity": "none (linear)",
}
OPTIMIZERS = {
    "sgd": "SGD",
    "momentum": "SGD, momentum 0.9",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
}
INITIALIZATIONS = {
    "default": "PyTorch's default",
    "he": "He (Kaiming) normal",
    "glorot": "Glorot (Xavier) uniform",
    "orthogonal": "orthogonal",
    "small": "normal, deviation 0.01",
    "large": "normal, deviation 1",
    "zeros": "all zero",
}
DATA_SETS = {
    "digits": "handwritten digits, 8 × 8",
    "mnist": "MNIST, 28 × 28",
    "moons": "two moons, 2-D",
    "circles": "two circles, 2-D",
}


@dataclass(frozen=True)
class TrainingParameters:
    """What shapes a training; the same values give the same network on the same machine.

    Attributes:
        data: One of DATA_SETS.
        hidden: Units of each hidden layer, input to output; empty for none.
        activation: One of ACTIVATIONS, after each hidden layer.
        initialization: One of INITIALIZATIONS.
        optimizer: One of OPTIMIZERS.
        learning_rate: Step size.
        batch_size: Samples in a step.
        n_epochs: Times through the training set.
        seed: Of the weights and of the order of the samples; the data set stays the same.
        name: Of the run; empty makes one from the data set and the layers.
    """

    data: str = "digits"
    hidden: tuple[int, ...] = (64, 32)
    activation: str = "relu"
    initialization: str = "default"
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    batch_size: int = 32
    n_epochs: int = 20
    seed: int = 0
    name: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As JSON takes it; `parse_training` reads it back."""
        return {**asdict(self), "hidden": list(self.hidden)}


_DEFAULTS = TrainingParameters()
FIELDS: tuple[Field, ...] = (
    ChoiceField("data", "--data", "data set", _DEFAULTS.data, "what the network learns to tell apart", DATA_SETS),
    LayersField(
        "hidden", "--hidden", "hidden layers", _DEFAULTS.hidden, "units of each, from input to output", 8, 1024
    ),
    ChoiceField(
        "activation", "--activation", "activation", _DEFAULTS.activation, "after each hidden layer", ACTIVATIONS
    ),
    ChoiceField(
        "initialization",
        "--initialization",
        "initialisation",
        _DEFAULTS.initialization,
        "how weights begin",
        INITIALIZATIONS,
    ),
    ChoiceField("optimizer", "--optimizer", "optimizer", _DEFAULTS.optimizer, "how weights are moved", OPTIMIZERS),
    NumberField("learning_rate", "--lr", "learning rate", _DEFAULTS.learning_rate, "step size", 1e-8, 1000, False),
    NumberField("batch_size", "--batch-size", "batch size", _DEFAULTS.batch_size, "samples a step", 1, 1024, True),
    NumberField("n_epochs", "--epochs", "epochs", _DEFAULTS.n_epochs, "times through the training set", 1, 500, True),
    NumberField("seed", "--seed", "seed", _DEFAULTS.seed, "of weights and of the samples' order", 0, 2**31 - 1, True),
    NameField("name", "--run-name", "run name", _DEFAULTS.name, "empty: from the data set and the layers", 64),
)


def parse_training(values: Any) -> TrainingParameters:
    """Check values that came from outside; those that are missing take their defaults.

    Args:
        values: A mapping of names to plain values, as JSON gives them.

    Raises:
        ParameterError: No mapping, an unknown name, or a value that is not allowed.
    """
    if not isinstance(values, Mapping):
        raise ParameterError("", f"the parameters are {shorten(values)}; give an object of names and values.")
    fields = {field.name: field for field in FIELDS}
    for name in values:
        if name not in fields:
            raise ParameterError("", f"parameter {shorten(name)} is unknown; allowed are {', '.join(fields)}.")
    return TrainingParameters(**{name: fields[name].check(value) for name, value in values.items()})


def run_name(parameters: TrainingParameters) -> str:
    """What the run is called, if that name is free: the user's name, or one made of the data set and the layers."""
    return parameters.name or "-".join([parameters.data, *map(str, parameters.hidden)])


def as_command(parameters: TrainingParameters) -> str:
    """The shell command that trains the same; every value is one that no shell changes."""
    parts = ["tb-neuromapper train"]
    for field in FIELDS:
        value = getattr(parameters, field.name)
        if value == field.default:
            continue
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        parts.append(f"{field.flag} {text}" if text else f"{field.flag} ''")
    return " ".join(parts)
