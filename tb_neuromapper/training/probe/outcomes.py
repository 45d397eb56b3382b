"""How the network does on each sample of the probe set."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Outcomes:
    """Per-sample results, rows in the probe's order.

    Attributes:
        predicted: int64 (n,) predicted class; float32 (n,) for targets.
        confidence: float32 (n,) probability of the true class, NaN without a label; None for targets.
        loss: float32 (n,) cross-entropy or squared error, NaN without a label.
        scores: What the output was taken for: "logits", "probabilities", "binary logit" or "prediction".
    """

    predicted: torch.Tensor
    confidence: torch.Tensor | None
    loss: torch.Tensor
    scores: str

    @property
    def mean_loss(self) -> float:
        """Mean over the labelled samples; NaN if there is none."""
        return float(self.loss.nanmean())

    def accuracy(self, labels: torch.Tensor) -> float:
        """Share of the labelled samples (label 0 or more) whose predicted class is right."""
        labelled = labels >= 0
        return float((self.predicted == labels)[labelled].float().mean())


def class_outcomes(output: torch.Tensor, labels: torch.Tensor) -> Outcomes:
    """Outcomes of a classifier.

    Args:
        output: float32 (n, C) logits, log-probabilities or probabilities (taken for probabilities if every row
            is non-negative and sums to 1); (n, 1) is the logit of class 1.
        labels: int64 (n,), -1 = no label.

    Raises:
        ValueError: A label is not below C; the message names it.
    """
    log_probabilities, scores = _log_probabilities(output)
    n_classes = log_probabilities.shape[1]
    if len(labels) and int(labels.max()) >= n_classes:
        row = int((labels >= n_classes).nonzero()[0, 0])
        raise ValueError(
            f"sample {row} has label {int(labels[row])}, but the network gives {n_classes} classes; "
            f"labels must be 0 to {n_classes - 1}, or -1 for none. Check `labels` against the network's last layer."
        )
    unlabelled = labels < 0
    true_class = log_probabilities.gather(1, labels.clamp_min(0)[:, None])[:, 0]
    true_class = true_class.masked_fill(unlabelled, float("nan"))
    return Outcomes(log_probabilities.argmax(1), true_class.exp(), -true_class, scores)


def _log_probabilities(output: torch.Tensor) -> tuple[torch.Tensor, str]:
    if output.shape[1] == 1:
        both = torch.cat([functional.logsigmoid(-output), functional.logsigmoid(output)], 1)
        return both, "binary logit"
    sums_to_one = bool((output.sum(1) - 1).abs().max() < 1e-3) if len(output) else False
    if sums_to_one and float(output.min()) >= 0:
        return output.clamp_min(torch.finfo(torch.float32).tiny).log(), "probabilities"
    return functional.log_softmax(output, dim=1), "logits"


def target_outcomes(output: torch.Tensor, targets: torch.Tensor) -> Outcomes:
    """Outcomes of a regression: output float32 (n, 1), targets float32 (n,), NaN = no target."""
    predicted = output[:, 0]
    return Outcomes(predicted, None, (predicted - targets).square(), "prediction")
