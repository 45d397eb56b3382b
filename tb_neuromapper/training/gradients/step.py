"""All that follows one training step, and how its records are made of what was seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from tb_neuromapper.recording.records import DeferredBatch, RecordBatch
from tb_neuromapper.training.gradients.calls import CallWatch
from tb_neuromapper.training.gradients.edges import Edges
from tb_neuromapper.training.gradients.layers import Layer, sources_in_order
from tb_neuromapper.training.gradients.parameters import ParameterWatch, WatchedParameter
from tb_neuromapper.training.gradients.problems import has_forward, weights_not_finite
from tb_neuromapper.training.gradients.records import LayerRows, ParameterRow, gradients_draft, parameters_draft
from tb_neuromapper.training.gradients.transfer import Transfer
from tb_neuromapper.training.gradients.weights import WeightBlock

# What the objects of a layer or a parameter take besides their statistics, about, until its record is written.
_ROW_BYTES = 3500


@dataclass(frozen=True)
class StepWatch:
    """What follows one training step.

    Attributes:
        layers: The network's layers.
        parameters: (name, layer's name, parameter) of each parameter that is not empty.
        calls: Follows the layers.
        weights: Follows the parameters.
    """

    layers: Sequence[Layer]
    parameters: Sequence[tuple[str, str, nn.Parameter]]
    calls: CallWatch
    weights: ParameterWatch

    def release(self) -> None:
        """Take all hooks away."""
        self.calls.release()
        self.weights.release()

    def ordered_layers(self) -> list[Layer]:
        """The layers in the order of their first call; those that were not called come last."""
        order = {name: place for place, name in enumerate(self.calls.layer_calls)}
        return sorted(self.layers, key=lambda layer: order.get(layer.name, len(order)))

    def kept_edges(self, layer: Layer) -> list[tuple[WeightBlock, WatchedParameter, Edges]]:
        """A layer's connections that received gradients."""
        items = [self.weights.watched[id(block.parameter)] for block in layer.weight_blocks]
        return [
            (block, item, edges)
            for item in dict.fromkeys(items)
            for (name, block), edges in zip(item.weight_blocks, item.edges, strict=False)
            if name == layer.name
        ]


def defer_records(
    watch: StepWatch,
    step: int,
    loss: Tensor | float | None,
    *,
    epoch: int | None,
    problems: list[str],
    fail: Callable[[int, Exception], None],
) -> DeferredBatch:
    """Bring a step's results to the host in one copy; its records are made of them later, in another thread.

    Nothing of the network is kept alive.

    Args:
        watch: What followed the step.
        step: The training step.
        loss: Its loss, which becomes the scalar "train/loss", or None.
        epoch: The last epoch that was logged, or None.
        problems: Sentences for the records; those about values that are not finite are added.
        fail: Takes the step and what went wrong if no records can be made.
    """
    transfer = Transfer()
    layers = _layer_rows(watch, transfer)
    rows = [
        ParameterRow(name, owner, watch.weights.watched[id(parameter)], transfer)
        for name, owner, parameter in watch.parameters
    ]
    scale_of = transfer.add(watch.weights.scale) if watch.weights.scale is not None else None
    loss_of = transfer.add(loss.reshape(())) if isinstance(loss, Tensor) else None
    transfer.fetch()
    scale = float(scale_of()) if scale_of is not None else None
    value = float(loss_of()) if loss_of is not None else loss
    scalars = {} if value is None else {"train/loss": float(value)}
    shared: dict[str, Any] = {"epoch": epoch, "problems": problems}
    attributes = {**shared, "amp_scale": scale, "n_backwards": watch.weights.n_backwards}

    def finish() -> RecordBatch | None:
        try:
            parameters = parameters_draft(rows, scale or 1.0, shared)
            problems.extend(weights_not_finite(parameters))
            drafts = [gradients_draft(layers, scale or 1.0, attributes), parameters]
        except Exception as error:
            fail(step, error)
            return None
        return RecordBatch(step, "", None, drafts, scalars)

    return DeferredBatch(transfer.n_bytes + _ROW_BYTES * (len(layers) + len(rows)), finish)


def _layer_rows(watch: StepWatch, transfer: Transfer) -> list[LayerRows]:
    calls = watch.calls.layer_calls
    sources = {} if has_forward(watch.calls) else sources_in_order(watch.layers)
    return [
        LayerRows(layer, calls.get(layer.name), watch.kept_edges(layer), transfer, sources.get(layer.name, ()))
        for layer in watch.ordered_layers()
    ]
