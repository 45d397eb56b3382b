"""The norms of each layer's parameters at one training step, and the one definition of a layer's update ratio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.log.parameter_table import ParameterTable, is_weight

DoubleArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LayerNorms:
    """The parameters of M layers (or modules that are none) at one training step; NaN = unknown.

    A layer's weights are its parameters whose names hold "weight". A bias begins near 0, where a ratio means little.

    Attributes:
        names: The M layers, in the table's order.
        gradient_norm: float64 (M,), Euclidean norm of the gradients of all of a layer's parameters that one has
            reached, before clipping.
        weight_gradient: float64 (M,), root mean square of dL/dw over the weights.
        weight_norm: float64 (M,), Euclidean norm of all of a layer's weights after the step.
        update_ratio: float64 (M,), Euclidean norm of the change of all of a layer's weights, divided by `weight_norm`.
        n_nonfinite_gradient: float64 (M,), values of the gradients that are not finite.
        n_nonfinite_weight: float64 (M,), values of the parameters that are not finite.
        is_frozen: bool (M,), none of a layer's parameters is trained.
    """

    names: list[str]
    gradient_norm: DoubleArray
    weight_gradient: DoubleArray
    weight_norm: DoubleArray
    update_ratio: DoubleArray
    n_nonfinite_gradient: DoubleArray
    n_nonfinite_weight: DoubleArray
    is_frozen: npt.NDArray[np.bool_]


class _Layers:
    """Groups the P parameters of a table by their layer."""

    def __init__(self, table: ParameterTable) -> None:
        self.names = list(dict.fromkeys(row["layer"] for row in table.rows))
        places = {name: index for index, name in enumerate(self.names)}
        self._layer_of = np.array([places[row["layer"]] for row in table.rows], np.intp)

    def count(self, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
        """(M,) how many of a layer's parameters are chosen, by bool (P,)."""
        return np.bincount(self._layer_of[chosen], minlength=len(self.names))

    def total(self, values: DoubleArray, chosen: npt.NDArray[np.bool_] | None = None) -> DoubleArray:
        """(M,) sums over the chosen parameters whose value is finite; NaN where there is none."""
        known = np.isfinite(values) if chosen is None else np.isfinite(values) & chosen
        sums = np.bincount(self._layer_of[known], values[known], len(self.names))
        return np.where(self.count(known) > 0, sums, np.nan)


def layer_norms(table: ParameterTable) -> LayerNorms:
    """Each layer's norms.

    The update ratio is that of all of a layer's weights together, or it is unknown. A weight that is frozen, or that no
    gradient has reached, is known to be unchanged, although its record holds no change: an optimizer leaves it alone.
    If the norm of a weight is unknown (it holds NaN, say), or the change of one that was trained, then so is the ratio:
    the other weights' ratio would pass for the layer's. Where no change at all is recorded it is unknown, too.
    """
    layers = _Layers(table)
    weights = np.array([is_weight(row["name"]) for row in table.rows], bool)
    frozen = np.array([row["frozen"] for row in table.rows], bool)
    sizes = np.array([row["n_values"] or 0 for row in table.rows], np.float64)
    gradient, weight, update = (table.column(f"{of}_norm") for of in ("gradient", "weight", "update"))
    bad_gradients, bad_weights = (table.column(f"n_nonfinite_{of}") for of in ("gradient", "weight"))
    unreached = np.isnan(gradient) & ~(bad_gradients > 0)
    is_known = layers.count(weights & ~np.isfinite(weight)) == 0
    is_rated = is_known & (layers.count(weights & ~np.isfinite(update) & ~frozen & ~unreached) == 0)
    weight_squares, update_squares = layers.total(weight**2, weights), layers.total(update**2, weights)
    with np.errstate(all="ignore"):
        return LayerNorms(
            names=layers.names,
            gradient_norm=np.sqrt(layers.total(gradient**2)),
            weight_gradient=np.sqrt(layers.total(gradient**2, weights) / layers.total(sizes, weights)),
            weight_norm=np.where(is_known, np.sqrt(weight_squares), np.nan),
            update_ratio=np.where(is_rated & (weight_squares > 0), np.sqrt(update_squares / weight_squares), np.nan),
            n_nonfinite_gradient=layers.total(bad_gradients),
            n_nonfinite_weight=layers.total(bad_weights),
            is_frozen=layers.count(~frozen) == 0,
        )
