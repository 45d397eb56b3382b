"""Outcomes where a sample has labels at many positions (pixels, tokens): sums batch by batch, so no output is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from tb_neuromapper.training.probe.labels import IGNORED
from tb_neuromapper.training.probe.outcomes import (
    Outcomes,
    binary_loss,
    lies_between_0_and_1,
    log_softmax,
    of_positions,
    sums_to_one,
)
from tb_neuromapper.training.probe.scoring import is_affine

# Losses of so many scores are computed at once, so that a batch of texts needs little more memory than its logits.
_MAX_SCORES = 2**24
# So many labels that equal the inputs are no coincidence.
_MIN_EQUAL_TOKENS = 4
_CAUSAL_MODELS = ("ForCausalLM", "LMHeadModel")
# By setting, what the values may be; the first that fits every batch is taken.
_CANDIDATES = {
    "auto": ("probabilities", "logits", "binary probability", "binary logit", "prediction"),
    "classes": ("probabilities", "logits"),
    "binary": ("binary probability", "binary logit"),
    "multilabel": ("binary probability", "binary logit"),
    "targets": ("prediction",),
}


@dataclass(frozen=True)
class PositionSums:
    """Sums over the labelled positions of each of n samples, for each thing that the scores may be.

    Attributes:
        by_scores: Per name float32 (n, 3): the sums of losses and, but for "prediction", of right positions, and the
            numbers of labelled positions.
        n_classes: Of class scores; else 0.
        is_shifted: Whether position t was compared with the label at t + 1.
    """

    by_scores: Mapping[str, torch.Tensor]
    n_classes: int
    is_shifted: bool


def sum_positions(output: torch.Tensor, labels: torch.Tensor, *, last: str, is_next_token: bool) -> PositionSums | str:
    """The sums of a batch, or why there are none.

    Args:
        output: (n, C, ...), (n, ..., C), or of the labels' shape but for axes of size 1.
        labels: Integers or floats (n, ...); -1, -100 and NaN are no label.
        last: Class name of the module that gave the output, "" = not known.
        is_next_token: Whether the output at position t is about the label at t + 1.
    """
    if [size for size in output.shape if size > 1] == [size for size in labels.shape if size > 1]:
        return PositionSums(_dense_sums(output.flatten(1), labels.flatten(1), last), 0, is_shifted=False)
    axis = _class_axis(output, labels, last)
    if axis is None or labels.is_floating_point():
        kind = "floats" if labels.is_floating_point() else "integers"
        return f"the output has shape {_sizes(output)} per sample, the labels are {kind} of shape {_sizes(labels)}"
    scores = output.movedim(axis, -1).flatten(1, -2)
    classes = labels.long().flatten(1).to(output.device)
    if is_next_token:
        scores, classes = scores[:, :-1], classes[:, 1:]
    n_classes = scores.shape[-1]
    wrong = (classes >= n_classes) | ((classes < 0) & ~_is_ignored(classes))
    if bool(wrong.any()):
        label = int(classes[wrong][0])
        return f"the output has {n_classes} classes at each position, but label {label} is there, too"
    return PositionSums(_class_sums(scores, classes, last), n_classes, is_next_token)


def predicts_next_token(model: nn.Module, labels: torch.Tensor, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether labels are the input tokens themselves, as those of causal language models are.

    Args:
        model: The network; those of transformers for causal language modelling shift labels themselves.
        labels: (n, ...).
        args: The network's inputs by position.
        kwargs: The network's inputs by name.
    """
    if labels.ndim != 2 or labels.is_floating_point() or labels.shape[1] < 2:
        return False
    if any(type(model).__name__.endswith(name) for name in _CAUSAL_MODELS):
        return True
    if "decoder_input_ids" in kwargs or getattr(getattr(model, "config", None), "is_encoder_decoder", False):
        return False
    known = ~_is_ignored(labels)
    tokens = [value for value in (*args, *kwargs.values()) if isinstance(value, torch.Tensor)]
    fitting = [value for value in tokens if value.shape == labels.shape and not value.is_floating_point()]
    is_many = int(known.sum()) >= _MIN_EQUAL_TOKENS
    return is_many and any(bool((value.to(labels.device) == labels)[known].all()) for value in fitting)


def outcomes_of_positions(parts: Sequence[PositionSums], setting: str) -> tuple[Outcomes, str] | str:
    """The outcomes of all samples and the sentence on what the output was taken for, or why there are none.

    Args:
        parts: Those of all batches, in the samples' order.
        setting: One of meaning.SETTINGS.
    """
    common = [name for name in _CANDIDATES[setting] if all(name in part.by_scores for part in parts)]
    if not common or len({(part.n_classes, part.is_shifted) for part in parts}) > 1:
        return "the output or the labels mean something else in some batches"
    scores = common[0]
    sums = torch.cat([part.by_scores[scores] for part in parts])
    n_right = None if scores == "prediction" else sums[:, 1].long()
    outcomes = of_positions(scores, sums[:, 0], n_right, sums[:, 2].long())
    words = {
        "prediction": "a prediction of the target",
        "binary logit": "a logit of class 1",
        "binary probability": "a probability of class 1",
    }.get(scores, f"{scores} of {parts[0].n_classes} classes")
    shift = ", compared with the label of the next position" if parts[0].is_shifted else ""
    figures = "loss" if n_right is None else "loss and accuracy"
    return outcomes, (
        f"output taken for {words} at each position{shift}; {figures} of a sample are means over its labelled positions"
    )


def _class_axis(output: torch.Tensor, labels: torch.Tensor, last: str) -> int | None:
    """The axis of the class scores, by the labels' shape; where two fit, the last module decides."""
    places = list(labels.shape)
    if output.ndim == len(places) + 1:
        fits = [axis for axis in (1, -1) if list(output.movedim(axis, -1).shape[:-1]) == places]
        if len(fits) == 2:
            return 1 if "Conv" in last else -1 if last.endswith("Linear") or output.ndim == 3 else 1
        return fits[0] if fits else None
    return None


def _class_sums(scores: torch.Tensor, classes: torch.Tensor, last: str) -> dict[str, torch.Tensor]:
    """Of scores (n, positions, C) and labels (n, positions)."""
    is_logit = is_affine(last) or last == "LogSoftmax"
    names = ["logits"] if is_logit or not sums_to_one(scores, -1) else ["logits", "probabilities"]
    found: dict[str, list[torch.Tensor]] = {name: [] for name in names}
    n_at_once = max(1, _MAX_SCORES // max(1, scores[0].numel()))
    for some, labels in zip(torch.split(scores, n_at_once), torch.split(classes, n_at_once), strict=True):
        is_known = ~_is_ignored(labels)
        is_right = (some.argmax(-1) == labels) & is_known
        for name in names:
            logs = log_softmax(some.float(), -1, is_probability=name == "probabilities").movedim(-1, 1)
            losses = functional.nll_loss(logs, labels.masked_fill(~is_known, -100), reduction="none")
            found[name].append(_sums(losses, is_right, is_known))
    return {name: torch.cat(parts) for name, parts in found.items()}


def _dense_sums(output: torch.Tensor, labels: torch.Tensor, last: str) -> dict[str, torch.Tensor]:
    """Of outputs and labels (n, positions)."""
    output, labels = output.float(), labels.to(output.device)
    is_known = ~labels.isnan() if labels.is_floating_point() else ~_is_ignored(labels)
    truth = torch.where(is_known, labels.float(), 0.0)
    right = (output == truth) & is_known
    found = {"prediction": _sums((output - truth).square(), right, is_known)}
    if not bool(((truth == 0) | (truth == 1)).all()):
        return found
    is_inside = last == "Sigmoid" or (not is_affine(last) and lies_between_0_and_1(output))
    for name, limit in (("binary probability", 0.5), ("binary logit", 0.0)):
        is_probability = limit > 0
        if is_inside or not is_probability:
            right = ((output > limit) == (truth > 0.5)) & is_known
            found[name] = _sums(binary_loss(output, truth, is_probability=is_probability), right, is_known)
    return found


def _sums(losses: torch.Tensor, is_right: torch.Tensor, is_known: torch.Tensor) -> torch.Tensor:
    """float32 (n, 3): losses, right and labelled positions, summed over all but the samples."""
    parts = [torch.where(is_known, losses, 0.0), is_right, is_known]
    return torch.stack([part.flatten(1).sum(1, dtype=torch.float32) for part in parts], 1)


def _is_ignored(labels: torch.Tensor) -> torch.Tensor:
    return (labels == IGNORED[0]) | (labels == IGNORED[1])


def _sizes(tensor: torch.Tensor) -> str:
    return " x ".join(str(size) for size in tensor.shape[1:]) or "1"
