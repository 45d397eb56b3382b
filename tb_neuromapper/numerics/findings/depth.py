"""How the gradient changes on its way from the last layer to the first, and from the first steps to the last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tb_neuromapper.numerics.findings.evidence import FloatArray, FlowSeries

# Embeddings get a gradient only in the rows that were looked up, normalisation has other units: both would mislead.
WEIGHTED = ("linear", "conv", "recurrent", "attention")
MIN_LAYERS = 3


@dataclass(frozen=True)
class Profile:
    """One measure of the gradient for every layer and step.

    Attributes:
        layers: L names, from input to output.
        values: (S, L); NaN = unknown.
        first: (S,) the median of the first third of the layers.
        last: (S,) the median of the last third.
    """

    layers: list[str]
    values: FloatArray
    first: FloatArray
    last: FloatArray

    @property
    def ratio(self) -> FloatArray:
        """(S,): first / last; NaN where either is unknown or the last is 0."""
        with np.errstate(all="ignore"):
            ratio = self.first / self.last
        return np.where(np.isfinite(ratio), ratio, np.nan)


def weight_profile(flow: FlowSeries) -> Profile | None:
    """The root mean square of dL/dw, per layer with trained weights; None with too few layers."""
    found = {}
    for layer in flow.layers:
        weights = flow.weights_of(layer)
        if layer.kind in WEIGHTED and weights is not None and not weights.frozen and weights.name not in found:
            found[weights.name] = weights.weight_gradient
    return _profile(found)


def signal_profile(flow: FlowSeries) -> Profile | None:
    """The mean of abs(dL/da) over a layer's units; None with too few layers."""
    return _profile({layer.name: layer.mean_gradient for layer in flow.layers if layer.kind in WEIGHTED})


def _profile(found: dict[str, FloatArray]) -> Profile | None:
    known = {name: values for name, values in found.items() if np.isfinite(values).any()}
    if len(known) < MIN_LAYERS:
        return None
    values = np.stack(list(known.values()), axis=1).astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    n_end = max(1, len(known) // 3)
    return Profile(list(known), values, _median(values[:, :n_end]), _median(values[:, -n_end:]))


def _median(values: FloatArray) -> FloatArray:
    """(S,) the median over the layers that are known; NaN where none is."""
    known = np.isfinite(values).any(axis=1)
    medians = np.full(len(values), np.nan)
    medians[known] = np.nanmedian(values[known], axis=1)
    return medians
