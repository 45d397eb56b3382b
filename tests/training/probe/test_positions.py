"""Labels at many positions: pixels and tokens, compared with loops over samples and positions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from tb_neuromapper.run import open_run
from tb_neuromapper.training.callback import NeuroMapper
from tests.training.reading import scalars

N = 7


class LanguageModel(nn.Module):
    """Tokens (n, t) to scores (n, t, vocabulary), as a dict."""

    def __init__(self, n_tokens=11):
        super().__init__()
        self.embed, self.head = nn.Embedding(n_tokens, 6), nn.Linear(6, n_tokens)

    def forward(self, input_ids, attention_mask=None):
        """A dict with the scores."""
        return {"logits": self.head(self.embed(input_ids))}


def segmentation(n_classes, *more):
    """Images (n, 2, 4, 5) to scores (n, n_classes, 4, 5)."""
    return nn.Sequential(nn.Conv2d(2, n_classes, 3, padding=1), *more)


def looped(scores, labels):
    """Mean loss and share of right positions per sample, and over all labelled positions; scores (n, positions, C)."""
    losses, right, all_losses, all_right = [], [], [], []
    for row in range(len(scores)):
        some, hits = [], []
        for values, label in zip(scores[row].tolist(), labels[row].tolist(), strict=True):
            if label not in (-1, -100):
                total = sum(math.exp(value) for value in values)
                some.append(-math.log(math.exp(values[label]) / total))
                hits.append(values[label] == max(values))
        losses.append(sum(some) / len(some) if some else math.nan)
        right.append(sum(hits) / len(hits) if hits else math.nan)
        all_losses += some
        all_right += hits
    return losses, right, sum(all_losses) / len(all_losses), sum(all_right) / len(all_right)


def check(folder, scores, labels, words):
    """A run's figures are those of the loops."""
    run = open_run(folder)
    losses, right, loss, accuracy = looped(scores, labels)
    np.testing.assert_allclose(run.outcomes(0).loss, losses, rtol=1e-4)
    np.testing.assert_allclose(run.outcomes(0).accuracy, right, rtol=1e-5)
    assert run.outcomes(0).predicted is None
    assert scalars(folder, "probe/loss")[0] == pytest.approx(loss, rel=1e-4)
    assert scalars(folder, "probe/accuracy")[0] == pytest.approx(accuracy, rel=1e-5)
    assert words in run.about_outcomes


@pytest.mark.parametrize("ignored", [-1, -100])
def test_segmentation__figures_are_means_over_labelled_pixels(tmp_path, ignored):
    """Scores of classes at each pixel; pixels that losses ignore do not count, a sample without any has no figures."""
    torch.manual_seed(0)
    x, labels, model = torch.randn(N, 2, 4, 5), torch.randint(0, 3, (N, 4, 5)), segmentation(3)
    labels[torch.rand(N, 4, 5) < 0.3] = ignored
    labels[2] = ignored
    with NeuroMapper(model, tmp_path, probe=(x, labels), batch_size=3) as mapper:
        mapper.log_epoch(0)
    scores = model(x).detach().movedim(1, -1).flatten(1, 2)
    check(tmp_path, scores, labels.flatten(1), "output taken for logits of 3 classes at each position")


def test_segmentation__labels_may_be_given_apart(tmp_path):
    """`labels` (n, height, width) is cut into the batches."""
    torch.manual_seed(0)
    x, labels, model = torch.randn(N, 2, 4, 5), torch.randint(0, 3, (N, 4, 5)), segmentation(3)
    with NeuroMapper(model, tmp_path, probe=x, labels=labels, batch_size=3) as mapper:
        mapper.log_epoch(0)
    check(tmp_path, model(x).detach().movedim(1, -1).flatten(1, 2), labels.flatten(1), "at each position")


@pytest.mark.parametrize("ends_with", [nn.Identity(), nn.Sigmoid()])
def test_segmentation__into_two_classes_has_one_output(tmp_path, ends_with):
    """One logit, or probability, for each pixel's label 0 or 1."""
    torch.manual_seed(0)
    x, labels, model = torch.randn(N, 2, 4, 5), torch.randint(0, 2, (N, 1, 4, 5)).float(), segmentation(1, ends_with)
    with NeuroMapper(model, tmp_path, probe=(x, labels), batch_size=3) as mapper:
        mapper.log_epoch(0)
    output = model(x).detach()
    logits = (output if isinstance(ends_with, nn.Identity) else output.logit()).flatten(1)
    check(
        tmp_path,
        torch.stack([torch.zeros_like(logits), logits], -1),
        labels.flatten(1).long(),
        "a logit of class 1" if isinstance(ends_with, nn.Identity) else "a probability of class 1",
    )


@pytest.mark.parametrize("n_tokens", [8, 11])
def test_language_model__predicts_the_next_token(tmp_path, n_tokens):
    """Labels that are the inputs themselves are those of the position after, also where as many tokens as words are."""
    torch.manual_seed(0)
    ids, model = torch.randint(0, n_tokens, (N, 8)), LanguageModel(n_tokens)
    labels = ids.clone()
    labels[:, :2] = -100
    probe = [{"input_ids": ids[i], "labels": labels[i]} for i in range(N)]
    with NeuroMapper(model, tmp_path, probe=probe, batch_size=3) as mapper:
        mapper.log_epoch(0)
    scores = model(ids)["logits"].detach()
    check(tmp_path, scores[:, :-1], labels[:, 1:], "compared with the label of the next position")


def test_language_model__labels_that_are_shifted_already_are_compared_as_they_are(tmp_path):
    """Labels that differ from the inputs belong to the same position."""
    torch.manual_seed(0)
    text, model = torch.randint(0, 11, (N, 9)), LanguageModel()
    with NeuroMapper(model, tmp_path, probe=(text[:, :-1], text[:, 1:]), batch_size=3) as mapper:
        mapper.log_epoch(0)
    check(tmp_path, model(text[:, :-1])["logits"].detach(), text[:, 1:], "logits of 11 classes at each position; loss")


def test_dense_targets__are_squared_errors(tmp_path):
    """Numbers at each position: the mean squared error of a sample, no accuracy."""
    torch.manual_seed(0)
    x, model = torch.randn(N, 2, 4, 5), segmentation(2)
    with NeuroMapper(model, tmp_path, probe=(x, x), batch_size=3) as mapper:
        mapper.log_epoch(0)
    run = open_run(tmp_path)
    expected = [float((model(x)[row] - x[row]).square().mean().detach()) for row in range(N)]
    np.testing.assert_allclose(run.outcomes(0).loss, expected, rtol=1e-4)
    assert run.outcomes(0).accuracy is None
    assert "a prediction of the target at each position" in run.about_outcomes


def test_labels__beyond_the_classes_give_no_figures(tmp_path):
    """255, say, which some data sets put at borders, is named."""
    x, labels = torch.randn(N, 2, 4, 5), torch.randint(0, 3, (N, 4, 5))
    labels[5, 0, 0] = 255
    with (
        NeuroMapper(segmentation(3), tmp_path, probe=(x, labels), batch_size=3) as mapper,
        pytest.warns(UserWarning, match="3 classes at each position, but label 255 is there, too"),
    ):
        mapper.log_epoch(0)
    assert open_run(tmp_path).steps("outcomes") == []
