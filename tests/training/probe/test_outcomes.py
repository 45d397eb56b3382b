"""Outcomes agree with plain loops over samples, and with torch's own losses."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from tb_neuromapper.training.probe.outcomes import (
    binary_outcomes,
    class_outcomes,
    multilabel_outcomes,
    target_outcomes,
)


@pytest.fixture
def logits():
    """(12, 4) logits."""
    return torch.randn(12, 4, generator=torch.Generator().manual_seed(0)) * 3


@pytest.fixture
def labels():
    """(12,) classes 0 to 3."""
    return torch.arange(12) % 4


@pytest.mark.parametrize("given", ["logits", "log-probabilities", "probabilities"])
def test_class_outcomes__match_torch(logits, labels, given):
    """Loss, confidence and prediction are the same whether the network ends with a softmax or not."""
    output = {"logits": logits, "log-probabilities": logits.log_softmax(1), "probabilities": logits.softmax(1)}[given]
    outcomes = class_outcomes(output, labels, "probabilities" if given == "probabilities" else "logits")
    loss = functional.cross_entropy(logits, labels, reduction="none")
    torch.testing.assert_close(outcomes.loss, loss, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(outcomes.confidence, logits.softmax(1)[torch.arange(12), labels], rtol=1e-4, atol=1e-6)
    assert torch.equal(outcomes.predicted, logits.argmax(1))
    assert outcomes.scalars["probe/loss"] == pytest.approx(float(loss.mean()), rel=1e-4)
    assert outcomes.scalars["probe/accuracy"] == pytest.approx(float((logits.argmax(1) == labels).float().mean()))


def test_class_outcomes__of_separate_probabilities_are_binary_losses(logits, labels):
    """After a Sigmoid each class has a probability of its own; the loss is that of one class against the rest."""
    outcomes = class_outcomes(logits.sigmoid(), labels, "separate probabilities")
    for row in range(12):
        p = logits[row].sigmoid()
        losses = [-math.log(p[c] if c == labels[row] else 1 - p[c]) for c in range(4)]
        assert float(outcomes.loss[row]) == pytest.approx(sum(losses) / 4, rel=1e-4)
        assert float(outcomes.confidence[row]) == pytest.approx(float(p[labels[row]]))


@pytest.mark.parametrize("is_probability", [False, True])
def test_binary_outcomes__match_a_loop(is_probability):
    """A single output is the logit, or the probability, of class 1; -1 is no label."""
    logit, labels = torch.tensor([2.0, -1.0, 0.5, 3.0]), torch.tensor([1, 1, 0, -1])
    output = logit.sigmoid() if is_probability else logit
    outcomes = binary_outcomes(output, labels, is_probability=is_probability)
    losses = []
    for row in range(3):
        p = 1 / (1 + math.exp(-float(logit[row])))
        losses.append(-math.log(p if labels[row] == 1 else 1 - p))
        assert float(outcomes.loss[row]) == pytest.approx(losses[row], rel=1e-5)
        assert float(outcomes.confidence[row]) == pytest.approx(math.exp(-losses[row]), rel=1e-5)
    assert outcomes.predicted.tolist() == [1, 0, 1, 1]
    assert outcomes.loss[3].isnan()
    assert outcomes.scalars == pytest.approx({"probe/loss": sum(losses) / 3, "probe/accuracy": 1 / 3})


@pytest.mark.parametrize("is_probability", [False, True])
def test_multilabel_outcomes__match_a_loop(is_probability):
    """Loss and accuracy of a sample are means over its known labels; the scalars are means over all known labels."""
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([[0.0, 1, 1], [1, 1, 0], [0, 0, math.nan], [1, math.nan, math.nan], [1, 0, 1]])
    output = logits.sigmoid() if is_probability else logits
    outcomes = multilabel_outcomes(output, labels, is_probability=is_probability)
    all_losses, all_right = [], []
    for row in range(5):
        known = [j for j in range(3) if not math.isnan(labels[row, j])]
        p = [1 / (1 + math.exp(-float(logits[row, j]))) for j in known]
        losses = [-math.log(q if labels[row, j] == 1 else 1 - q) for q, j in zip(p, known, strict=True)]
        right = [(q > 0.5) == (labels[row, j] == 1) for q, j in zip(p, known, strict=True)]
        assert float(outcomes.loss[row]) == pytest.approx(sum(losses) / len(known), rel=1e-4)
        assert float(outcomes.accuracy[row]) == pytest.approx(sum(map(bool, right)) / len(known))
        all_losses += losses
        all_right += map(bool, right)
    expected = {"probe/loss": sum(all_losses) / 12, "probe/accuracy": sum(all_right) / 12}
    assert outcomes.scalars == pytest.approx(expected, rel=1e-4)
    assert outcomes.predicted is None


def test_class_outcomes__leave_unlabelled_samples_out(logits, labels):
    """Label -1: a prediction, but no loss and no confidence, and no part in the means."""
    labels = labels.clone()
    labels[:6] = -1
    outcomes = class_outcomes(logits, labels, "logits")
    assert outcomes.loss[:6].isnan().all()
    assert outcomes.confidence[:6].isnan().all()
    assert outcomes.scalars["probe/loss"] == pytest.approx(float(functional.cross_entropy(logits[6:], labels[6:])))
    right = (logits.argmax(1) == labels)[6:].float().mean()
    assert outcomes.scalars["probe/accuracy"] == pytest.approx(float(right))
    assert class_outcomes(logits, torch.full((12,), -1), "logits").scalars == {}


def test_class_outcomes__of_nan_are_neither_right_nor_small(logits, labels):
    """A sample whose scores are NaN has no predicted class, counts as wrong, and makes the mean loss NaN."""
    logits[3] = math.nan
    outcomes = class_outcomes(logits, labels, "logits")
    assert outcomes.predicted[3] == -1
    assert math.isnan(outcomes.scalars["probe/loss"])
    assert outcomes.scalars["probe/accuracy"] == pytest.approx(
        sum(int(logits[row].argmax() == labels[row]) for row in range(12) if row != 3) / 12
    )


def test_target_outcomes__are_squared_errors():
    """Regression: squared error per sample, no confidence, NaN without a target."""
    outcomes = target_outcomes(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[0.0], [2.5], [math.nan]]))
    assert outcomes.loss[:2].tolist() == [1.0, 0.25]
    assert outcomes.loss[2].isnan()
    assert outcomes.confidence is None
    assert outcomes.predicted.tolist() == [1.0, 2.0, 3.0]
    assert outcomes.scalars == {"probe/loss": 0.625}


def test_target_outcomes__of_several_targets_are_means():
    """Several targets: the mean of the squared errors of those that are known; no single prediction."""
    outcomes = target_outcomes(torch.tensor([[1.0, 2.0], [0.0, 4.0]]), torch.tensor([[0.0, 4.0], [math.nan, 1.0]]))
    assert outcomes.loss.tolist() == [2.5, 9.0]
    assert outcomes.predicted is None
    assert outcomes.scalars == {"probe/loss": pytest.approx(14 / 3)}
