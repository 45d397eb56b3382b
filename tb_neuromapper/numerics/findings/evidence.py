"""What the rules read and what they report. Only numpy: TensorBoard's own process loads this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]
StepRange = tuple[int, int]


@dataclass(frozen=True)
class Finding:
    """Something that a rule found.

    Attributes:
        kind: The rule, one of those of `rules.RULES`.
        where: The layer (or the block, or a scalar's tag where no layer is known); "" is the network as a whole.
        units: Indexes of the affected units of that layer, ascending; empty where the rule is not about units.
        steps: First and last training step of each stretch in which it is seen.
        message: What is wrong, as sentences with numbers.
        evidence: The numbers behind the message by name: numbers, texts, or lists of them.
    """

    kind: str
    where: str
    units: list[int]
    steps: list[StepRange]
    message: str
    evidence: dict[str, Any]


@dataclass(frozen=True)
class LayerSeries:
    """One recorded layer over time.

    Attributes:
        name: The module's name.
        kind: As in the log: "linear", "conv", "recurrent", "attention", "norm", "embedding", ...
        unit: What its units are called, for example "neuron" or "channel".
        activation: The name of the activation function after it, or None.
        is_output: Whether no recorded layer reads its outputs.
        weights: The name of the layer whose weights it uses; its own, unless they are shared.
        n_values: Values of each unit at a record, samples times positions; 0 = unknown.
        unit_activation: (R, U) mean of abs(a) at the R steps `FlowSeries.unit_steps`; NaN = unknown.
        unit_zeros: (R, U) share of outputs that are 0; NaN = unknown.
        unit_saturated: (R, U) share of outputs at the bounds of the activation function; NaN = unknown.
        mean_gradient: (S,) mean over the units of abs(dL/da); NaN = unknown.
        n_nonfinite: (S,) number of units whose mean activation is not finite; NaN = unknown.
    """

    name: str
    kind: str
    unit: str
    activation: str | None
    is_output: bool
    weights: str
    n_values: int
    unit_activation: FloatArray
    unit_zeros: FloatArray
    unit_saturated: FloatArray
    mean_gradient: FloatArray
    n_nonfinite: FloatArray


@dataclass(frozen=True)
class ParameterSeries:
    """All parameter tensors of one module over time, whether or not the module was ever called.

    Attributes:
        name: The module's name; the same as the layer's, if that is recorded.
        frozen: Whether none of them is trained.
        weight_gradient: (S,) root mean square of dL/dw over the weights, biases left out; NaN = unknown.
        gradient_norm: (S,) Euclidean norm of the gradients of all of them; NaN = none came.
        update_ratio: (S,) norm of the weights' change divided by their norm after it; NaN = unknown.
        weight_norm: (S,) Euclidean norm of the weights after the step, biases left out; NaN = unknown.
        n_nonfinite_gradient: (S,) number of gradient values that are not finite; NaN = unknown.
        n_nonfinite_weight: (S,) number of weights that are not finite; NaN = unknown.
    """

    name: str
    frozen: bool
    weight_gradient: FloatArray
    gradient_norm: FloatArray
    update_ratio: FloatArray
    weight_norm: FloatArray
    n_nonfinite_gradient: FloatArray
    n_nonfinite_weight: FloatArray


@dataclass(frozen=True)
class FlowSeries:
    """A run's gradient flow over time.

    Attributes:
        steps: (S,) the recorded training steps, ascending.
        unit_steps: (R,) those of them for which the single units are held.
        layers: In the order of their first call.
        parameters: By module, in the order of the network's parameters.
        is_scaled: (S,) whether the loss was scaled for mixed precision: such a step may overflow and be skipped.
    """

    steps: IntArray
    unit_steps: IntArray
    layers: list[LayerSeries]
    parameters: list[ParameterSeries]
    is_scaled: npt.NDArray[np.bool_]

    def weights_of(self, layer: LayerSeries) -> ParameterSeries | None:
        """The parameters that a layer uses, or None if they are unknown."""
        return next((each for each in self.parameters if each.name == layer.weights), None)


@dataclass(frozen=True)
class ProbeUnits:
    """The range of one block's outputs over the whole probe, over time.

    Attributes:
        block: The block's name.
        steps: (T,) the training steps at which the probe was run (epochs, where no steps were counted).
        largest: (T, U) the largest output of each unit over all samples.
        smallest: (T, U) the smallest.
        n_samples: Samples of the probe.
    """

    block: str
    steps: IntArray
    largest: FloatArray
    smallest: FloatArray
    n_samples: int


@dataclass(frozen=True)
class LossSeries:
    """A scalar that looks like a loss.

    Attributes:
        tag: Its name.
        steps: (m,) ascending.
        values: (m,) float64; may be infinite or NaN.
        is_training: Whether its steps are training steps, so that they can be compared with those of `FlowSeries`.
    """

    tag: str
    steps: IntArray
    values: npt.NDArray[np.float64]
    is_training: bool


@dataclass(frozen=True)
class Evidence:
    """Everything that the rules may read.

    Attributes:
        flow: The gradient flow, or None if the run has none.
        probes: Blocks whose single units are in the log.
        losses: The losses.
        thresholds: By name; `rules.THRESHOLDS` has all names.
    """

    flow: FlowSeries | None
    probes: list[ProbeUnits] = field(default_factory=list)
    losses: list[LossSeries] = field(default_factory=list)
    thresholds: Mapping[str, float] = field(default_factory=dict)
