"""How the network does on each sample of the probe set: formulas, for each meaning that its output may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch.nn import functional

_TINY = torch.finfo(torch.float32).tiny


@dataclass(frozen=True)
class Outcomes:
    """Per-sample results, rows in the probe's order.

    Attributes:
        scores: What the output was taken for, in a word or two: "logits", "probabilities", "binary logit", ...
        loss: float32 (n,), NaN without a label.
        predicted: int64 (n,) predicted class, -1 where the output is not finite; float32 (n,) for one target; None
            where no single value stands for a sample.
        confidence: float32 (n,) probability of the true class, NaN without a label; or None.
        accuracy: float32 (n,) share of the sample's labels that are predicted right, where it has several; or None.
        scalars: Means over the labelled samples (or positions): "probe/loss", "probe/accuracy"; empty without labels.
    """

    scores: str
    loss: torch.Tensor
    predicted: torch.Tensor | None = None
    confidence: torch.Tensor | None = None
    accuracy: torch.Tensor | None = None
    scalars: Mapping[str, float] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, torch.Tensor]:
        """The results that there are, by name."""
        names = ("predicted", "confidence", "loss", "accuracy")
        return {name: values for name in names if (values := getattr(self, name)) is not None}


def sums_to_one(output: torch.Tensor, axis: int = 1) -> bool:
    """Whether the values are probabilities: not negative, and along the axis their sum is 1."""
    sums = output.sum(axis, dtype=torch.float32)
    return bool(output.numel()) and bool((sums - 1).abs().max() < 1e-3) and float(output.min()) >= 0


def lies_between_0_and_1(output: torch.Tensor) -> bool:
    """Whether no value is below 0, above 1 or NaN."""
    return bool(((output >= 0) & (output <= 1)).all())


def class_outcomes(output: torch.Tensor, labels: torch.Tensor, scores: str) -> Outcomes:
    """Outcomes of a classifier with one label per sample.

    Args:
        output: float32 (n, C).
        labels: int64 (n,), 0 to C - 1; -1 = no label.
        scores: "logits" (also log-probabilities), "probabilities", or "separate probabilities" of classes that do not
            exclude each other (a Sigmoid), whose loss is the mean over the C binary cross-entropies.
    """
    labelled = labels >= 0
    truth = labels.clamp_min(0)[:, None]
    if scores == "separate probabilities":
        one_hot = torch.zeros_like(output).scatter_(1, truth, 1.0)
        confidence, loss = output.gather(1, truth)[:, 0], binary_loss(output, one_hot, is_probability=True).mean(1)
    else:
        log_probabilities = log_softmax(output, 1, is_probability=scores == "probabilities")
        loss = -log_probabilities.gather(1, truth)[:, 0]
        confidence = (-loss).exp()
    predicted = output.argmax(1).masked_fill(~output.isfinite().all(1), -1)
    return _of_classes(scores, predicted, confidence, loss, labels, labelled)


def binary_outcomes(output: torch.Tensor, labels: torch.Tensor, *, is_probability: bool) -> Outcomes:
    """Outcomes of a binary classifier with one output.

    Args:
        output: float32 (n,), the logit or the probability of class 1.
        labels: int64 (n,), 0 or 1; -1 = no label.
        is_probability: Which of the two `output` is.
    """
    loss = binary_loss(output, labels.clamp_min(0).to(output.dtype), is_probability=is_probability)
    predicted = (output > (0.5 if is_probability else 0.0)).long().masked_fill(~output.isfinite(), -1)
    scores = "binary probability" if is_probability else "binary logit"
    return _of_classes(scores, predicted, (-loss).exp(), loss, labels, labels >= 0)


def multilabel_outcomes(output: torch.Tensor, labels: torch.Tensor, *, is_probability: bool) -> Outcomes:
    """Outcomes of a classifier whose samples have several labels, each 0 or 1.

    Args:
        output: float32 (n, k), a logit or a probability for each label.
        labels: float32 (n, k), NaN = not known.
        is_probability: Which of the two `output` is.
    """
    known = ~labels.isnan()
    losses = binary_loss(output, labels.nan_to_num(), is_probability=is_probability)
    right = (output > (0.5 if is_probability else 0.0)) == (labels > 0.5)
    right &= output.isfinite()
    n_known = known.sum(1)
    scores = "multi-label probabilities" if is_probability else "multi-label logits"
    return of_positions(scores, (losses * known).sum(1), (right & known).sum(1), n_known)


def target_outcomes(output: torch.Tensor, targets: torch.Tensor) -> Outcomes:
    """Outcomes of a regression: squared errors, the mean over a sample's targets.

    Args:
        output: float32 (n, k).
        targets: float32 (n, k), NaN = no target.
    """
    known = ~targets.isnan()
    errors = (output - targets.nan_to_num()).square() * known
    found = of_positions("prediction", errors.sum(1), None, known.sum(1))
    predicted = output[:, 0] if output.shape[1] == 1 else None
    return Outcomes("prediction", found.loss, predicted, scalars=found.scalars)


def of_positions(scores: str, loss: torch.Tensor, n_right: torch.Tensor | None, n_known: torch.Tensor) -> Outcomes:
    """Outcomes of samples with several labels, from sums over each sample's labels.

    Args:
        scores: What the output was taken for.
        loss: float32 (n,), sum of the losses.
        n_right: int64 (n,), how many are predicted right; or None.
        n_known: int64 (n,), how many labels there are.
    """
    total = int(n_known.sum())
    scalars = {"probe/loss": float(loss.cpu().double().sum()) / total} if total else {}
    accuracy = None
    if n_right is not None:
        accuracy = n_right / n_known.to(torch.float32)
        scalars |= {"probe/accuracy": int(n_right.sum()) / total} if total else {}
    return Outcomes(scores, loss / n_known.to(torch.float32), accuracy=accuracy, scalars=scalars)


def log_softmax(output: torch.Tensor, axis: int, *, is_probability: bool) -> torch.Tensor:
    """Logarithms of the probabilities; of log-probabilities it gives these again."""
    return output.clamp_min(_TINY).log() if is_probability else functional.log_softmax(output, dim=axis)


def binary_loss(output: torch.Tensor, labels: torch.Tensor, *, is_probability: bool) -> torch.Tensor:
    """Binary cross-entropy of each element; labels 0 to 1 in the output's dtype."""
    if not is_probability:
        return functional.binary_cross_entropy_with_logits(output, labels, reduction="none")
    log_1, log_0 = output.clamp_min(_TINY).log(), (1 - output).clamp_min(_TINY).log()
    return -(labels * log_1 + (1 - labels) * log_0)


def _of_classes(
    scores: str,
    predicted: torch.Tensor,
    confidence: torch.Tensor,
    loss: torch.Tensor,
    labels: torch.Tensor,
    labelled: torch.Tensor,
) -> Outcomes:
    nan = float("nan")
    scalars = {}
    if bool(labelled.any()):
        right = (predicted == labels)[labelled].cpu().double().mean()
        scalars = {"probe/loss": float(loss[labelled].cpu().double().mean()), "probe/accuracy": float(right)}
    loss, confidence = loss.masked_fill(~labelled, nan), confidence.masked_fill(~labelled, nan)
    return Outcomes(scores, loss, predicted, confidence, scalars=scalars)
