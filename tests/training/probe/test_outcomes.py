"""Outcomes agree with torch's own losses."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from tb_neuromapper.training.probe.outcomes import class_outcomes, target_outcomes


@pytest.fixture
def logits():
    """(12, 4) logits."""
    return torch.randn(12, 4, generator=torch.Generator().manual_seed(0)) * 3


@pytest.fixture
def labels():
    """(12,) classes 0 to 3."""
    return torch.arange(12) % 4


@pytest.mark.parametrize("scores", ["logits", "log-probabilities", "probabilities"])
def test_class_outcomes__match_torch(logits, labels, scores):
    """Loss, confidence and prediction are the same whether the network ends with a softmax or not."""
    given = {"logits": logits, "log-probabilities": logits.log_softmax(1), "probabilities": logits.softmax(1)}[scores]
    outcomes = class_outcomes(given, labels)
    loss = functional.cross_entropy(logits, labels, reduction="none")
    torch.testing.assert_close(outcomes.loss, loss, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(outcomes.confidence, logits.softmax(1)[torch.arange(12), labels], rtol=1e-4, atol=1e-6)
    assert torch.equal(outcomes.predicted, logits.argmax(1))
    assert outcomes.mean_loss == pytest.approx(float(loss.mean()), rel=1e-4)
    assert outcomes.accuracy(labels) == pytest.approx(float((logits.argmax(1) == labels).float().mean()))


def test_class_outcomes__take_one_value_for_a_binary_logit():
    """A single output is the logit of class 1."""
    logit, labels = torch.tensor([[2.0], [-1.0], [0.5]]), torch.tensor([1, 1, 0])
    outcomes = class_outcomes(logit, labels)
    expected = functional.binary_cross_entropy_with_logits(logit[:, 0], labels.float(), reduction="none")
    torch.testing.assert_close(outcomes.loss, expected)
    assert outcomes.predicted.tolist() == [1, 0, 1]
    assert outcomes.scores == "binary logit"


def test_class_outcomes__leave_unlabelled_samples_out(logits, labels):
    """Label -1: a prediction, but no loss and no confidence, and no part in the means."""
    labels = labels.clone()
    labels[:6] = -1
    outcomes = class_outcomes(logits, labels)
    assert outcomes.loss[:6].isnan().all()
    assert outcomes.confidence[:6].isnan().all()
    assert outcomes.mean_loss == pytest.approx(float(functional.cross_entropy(logits[6:], labels[6:])))
    assert outcomes.accuracy(labels) == pytest.approx(float((logits.argmax(1) == labels)[6:].float().mean()))


def test_class_outcomes__refuse_labels_beyond_the_classes(logits, labels):
    """The first sample and the classes are named."""
    labels = labels.clone()
    labels[5] = 7
    with pytest.raises(ValueError, match="sample 5 has label 7, but the network gives 4 classes"):
        class_outcomes(logits, labels)


def test_target_outcomes__are_squared_errors():
    """Regression: squared error per sample, no confidence, NaN without a target."""
    outcomes = target_outcomes(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([0.0, 2.5, float("nan")]))
    assert outcomes.loss[:2].tolist() == [1.0, 0.25]
    assert outcomes.loss[2].isnan()
    assert outcomes.confidence is None
    assert outcomes.predicted.tolist() == [1.0, 2.0, 3.0]
    assert outcomes.mean_loss == 0.625
