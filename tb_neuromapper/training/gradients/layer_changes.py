"""What has become of a network's layers between two looks at them."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from tb_neuromapper.training.gradients.layers import Layer


@dataclass(frozen=True)
class Shape:
    """What tells a layer apart from one that has taken its place; it does not keep the module alive."""

    module: weakref.ref[nn.Module]
    n_units: int
    n_inputs: int


def shapes_of(layers: Sequence[Layer]) -> dict[str, Shape]:
    """By the layer's name."""
    return {layer.name: Shape(weakref.ref(layer.module), layer.n_units, layer.n_inputs) for layer in layers}


def layer_changes(before: dict[str, Shape], now: dict[str, Shape]) -> str:
    """What differs, as the end of a sentence; "" if nothing does."""
    came, gone = ([name for name in some if name not in others] for some, others in ((now, before), (before, now)))
    parts = [f"{word} {', '.join(map(repr, names))}" for word, names in (("came", came), ("went", gone)) if names]
    sentences = [f"there {' and '.join(parts)}"] if parts else []
    sentences += [words for name in now if name in before and (words := _change(name, before[name], now[name]))]
    return "; ".join(sentences)


def _change(name: str, before: Shape, now: Shape) -> str:
    sizes, sizes_before = (now.n_units, now.n_inputs), (before.n_units, before.n_inputs)
    if sizes != sizes_before:
        return (
            f"{name!r} has {now.n_units} units and {now.n_inputs} inputs, which were {before.n_units} and "
            f"{before.n_inputs}"
        )
    return f"{name!r} is another module of the same size" if before.module() is not now.module() else ""
