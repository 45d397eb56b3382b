"""How a network's layers have changed between two looks at them."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from tb_neuromapper.training.gradients.layers import Layer


@dataclass(frozen=True)
class LayerShape:
    """How a layer is distinguished from one that has taken its place.

    Attributes:
        module: Its module, which is not kept alive.
        n_units: Its units.
        n_inputs: Input units of its connections.
    """

    module: weakref.ref[nn.Module]
    n_units: int
    n_inputs: int


def shapes_of(layers: Sequence[Layer]) -> dict[str, LayerShape]:
    """The shapes by the layer's name."""
    return {layer.name: LayerShape(weakref.ref(layer.module), layer.n_units, layer.n_inputs) for layer in layers}


def layer_changes(before: dict[str, LayerShape], now: dict[str, LayerShape]) -> str:
    """What differs, as the end of a sentence; "" if nothing does."""
    came, gone = ([name for name in some if name not in others] for some, others in ((now, before), (before, now)))
    parts = [f"{verb} {', '.join(map(repr, names))}" for verb, names in (("came", came), ("went", gone)) if names]
    changes = [f"there {' and '.join(parts)}"] if parts else []
    changes += [change for name in now if name in before and (change := _change(name, before[name], now[name]))]
    return "; ".join(changes)


def _change(name: str, before: LayerShape, now: LayerShape) -> str:
    sizes, sizes_before = (now.n_units, now.n_inputs), (before.n_units, before.n_inputs)
    if sizes != sizes_before:
        return (
            f"{name!r} has {now.n_units} units and {now.n_inputs} inputs, which were {before.n_units} and "
            f"{before.n_inputs}"
        )
    return f"{name!r} is another module of the same size" if before.module() is not now.module() else ""
