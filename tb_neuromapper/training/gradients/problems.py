"""Messages about what a recorded step lacks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tb_neuromapper.recording.records import RecordDraft
from tb_neuromapper.schema import from_json_array
from tb_neuromapper.training.gradients.calls import CallWatch
from tb_neuromapper.training.gradients.layers import Layer
from tb_neuromapper.training.gradients.parameters import ParameterWatch


def has_forward(calls: CallWatch) -> bool:
    """Whether a layer was seen to run with gradients."""
    return any(found.calls for found in calls.layer_calls.values())


def has_gradient(weights: ParameterWatch) -> bool:
    """Whether a parameter received a gradient."""
    return any(item.gradient is not None for item in weights.watched.values())


def faults_of(calls: CallWatch, weights: ParameterWatch, layers: Sequence[Layer]) -> list[str]:
    """Sentences about what the user may want to change, so that more of a step is recorded."""
    if not has_forward(calls) and not has_gradient(weights):
        return [
            "neither a forward nor a backward pass of the network came since the call of step() before; call it after "
            "each optimizer.step()."
        ]
    faults = []
    if not has_gradient(weights):
        faults.append(
            "no gradient came; call backward() between the forward pass and step(), on a loss that the network's "
            "parameters lead to."
        )
    elif weights.n_optimizer_steps == 0 and weights.scaler is None:
        faults.append(
            "no optimizer of torch.optim took a step; the gradients that the optimizer saw, and learning rates, are "
            "unknown. If a GradScaler left the step out, give it as `scaler`: its scale is still in all gradients."
        )
    if layers and not has_forward(calls):
        faults.append(
            "no layer was seen to run, because the network is compiled (torch.compile) or traced, or runs without "
            "gradients; its units are unknown. Connections and parameters are recorded; layers follow each other as "
            "their modules do, if all widths fit."
        )
    return faults


def limits_of(calls: CallWatch, weights: ParameterWatch, layers: Sequence[Layer]) -> list[str]:
    """Sentences about what of a step cannot be recorded."""
    limits = []
    if has_gradient(weights) and weights.n_optimizer_steps == 0 and weights.scaler is not None:
        limits.append("the GradScaler left this step out, as it does where gradients are not finite.")
    limits += [f"the output of layer {name!r} has no axis of its units; they are unknown." for name in calls.unusable]
    limits += [
        f"the weight of layer {layer.name!r} is computed from other parameters; its connections are unknown."
        for layer in layers
        if not layer.weight_blocks and layer.kind in ("linear", "conv", "embedding", "attention")
    ]
    return limits


def weights_not_finite(parameters: RecordDraft) -> list[str]:
    """A sentence each if a step's `parameters` record holds weights or gradients that are NaN or infinite."""
    names = [row["name"] for row in from_json_array(parameters.arrays["parameters/rows"].view(np.uint8))]
    columns = list(parameters.attributes["columns"])
    problems = []
    for of, plural in (("weight", "weights"), ("gradient", "gradients")):
        counts = parameters.arrays["parameters/statistics"][:, columns.index(f"n_nonfinite_{of}")]
        bad = [name for name, count in zip(names, counts, strict=True) if count > 0]
        if bad:
            problems.append(
                f"{len(bad)} of {len(names)} parameters have {plural} that are not finite, first {bad[0]!r}."
            )
    return problems
