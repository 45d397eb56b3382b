"""Outcomes of an output whose meaning is decided, and the sentence that says what it was taken for."""

from __future__ import annotations

import torch

from tb_neuromapper.training.probe.meaning import Meaning
from tb_neuromapper.training.probe.outcomes import (
    Outcomes,
    binary_outcomes,
    class_outcomes,
    lies_between_0_and_1,
    multilabel_outcomes,
    sums_to_one,
    target_outcomes,
)


def compute(meaning: Meaning, rows: torch.Tensor, last: str) -> tuple[Outcomes, str]:
    """The outcomes of an epoch, and a sentence that says what the output was taken for.

    Args:
        meaning: Its kind is not "".
        rows: float32 (n, width).
        last: Class name of the module that gave them, "" = not known.
    """
    truth = torch.from_numpy(meaning.truth).to(rows.device)
    if meaning.kind == "classes":
        outcomes = class_outcomes(rows, truth, _scores_of_classes(rows, last))
        kind = "log-probabilities" if last == "LogSoftmax" else outcomes.scores
        words = f"{kind} of {rows.shape[1]} classes"
    elif meaning.kind == "binary":
        is_probability, why = is_probability_of(rows, last)
        outcomes = binary_outcomes(rows[:, 0], truth, is_probability=is_probability)
        words = f"the {'probability' if is_probability else 'logit'} of class 1{why}"
    elif meaning.kind == "multilabel":
        is_probability, why = is_probability_of(rows, last)
        outcomes = multilabel_outcomes(rows, truth, is_probability=is_probability)
        words = f"{'probabilities' if is_probability else 'logits'} of {rows.shape[1]} labels{why}"
        words += "; accuracy is the share of labels that are right"
    else:
        outcomes = target_outcomes(rows, truth)
        words = "a prediction of the target" if rows.shape[1] == 1 else f"predictions of {rows.shape[1]} targets"
    return outcomes, f"output taken for {words}{f' ({meaning.remark})' if meaning.remark else ''}"


def is_affine(last: str) -> bool:
    """Whether a linear layer or a convolution gives the output."""
    return last.endswith("Linear") or "Conv" in last


def _scores_of_classes(rows: torch.Tensor, last: str) -> str:
    if last == "Sigmoid":
        return "separate probabilities"
    is_logit = last == "LogSoftmax" or is_affine(last)
    return "probabilities" if not is_logit and sums_to_one(rows) else "logits"


def is_probability_of(rows: torch.Tensor, last: str) -> tuple[bool, str]:
    """Whether the values are probabilities rather than logits, and, where only the values tell, words for that."""
    if last == "Sigmoid" or is_affine(last):
        return last == "Sigmoid", f" (the network ends with {last})"
    is_inside = lies_between_0_and_1(rows)
    return is_inside, " (all values lie between 0 and 1)" if is_inside else " (some values lie outside 0 to 1)"
