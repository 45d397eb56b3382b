"""What an output is taken for, said and set; figures of whole runs compared with loops over samples."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tb_neuromapper.run import open_run
from tb_neuromapper.training.callback import NeuroMapper
from tests.training.reading import accumulate, read_records, scalars

N = 24
X = torch.randn(N, 6, generator=torch.Generator().manual_seed(3))
BITS = (X[:, 0] > 0).long()


def linear(width, *more):
    """Six inputs, `width` outputs."""
    torch.manual_seed(width)
    return nn.Sequential(nn.Linear(6, width), *more)


def logged(folder, model, labels, **options):
    """A run of one epoch, opened; and the network's output."""
    with NeuroMapper(model, folder, probe=(X, labels), gradient_every=0, **options) as mapper:
        mapper.log_epoch(0)
    return open_run(folder), model.eval()(X).detach()


def tags(folder):
    """The scalars that there are."""
    return sorted(accumulate(folder).Tags()["scalars"])


class WithFunction(nn.Module):
    """A network whose last step is no module."""

    def __init__(self, net, function):
        super().__init__()
        self.net, self.function = net, function

    def forward(self, x):
        """The function of the network's output."""
        return self.function(self.net(x))


@pytest.mark.parametrize(
    ("model", "is_probability", "words"),
    [
        (linear(1), False, "the logit of class 1 (the network ends with Linear)"),
        (linear(1, nn.Flatten(0)), False, "the logit of class 1 (the network ends with Linear)"),
        (linear(1, nn.Sigmoid()), True, "the probability of class 1 (the network ends with Sigmoid)"),
        (WithFunction(linear(1), torch.sigmoid), True, "the probability of class 1 (all values lie between 0 and 1)"),
        (WithFunction(linear(1), lambda x: 9 * x), False, "the logit of class 1 (some values lie outside 0 to 1)"),
    ],
)
@pytest.mark.parametrize("labels", [BITS, BITS.float(), BITS.float()[:, None], BITS.bool()], ids=str)
def test_binary__labels_may_be_integers_or_floats(tmp_path, model, is_probability, words, labels):
    """One output and labels 0 and 1: a logit, or after a sigmoid a probability, whichever the labels' type."""
    run, output = logged(tmp_path, model, labels)
    losses, right = [], []
    for value, label in zip(output.flatten().tolist(), BITS.tolist(), strict=True):
        p = value if is_probability else 1 / (1 + np.exp(-value))
        losses.append(-np.log(p if label else 1 - p))
        right.append((p > 0.5) == bool(label))
    found = run.outcomes(0)
    np.testing.assert_allclose(found.loss, losses, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.confidence, np.exp(-np.array(losses)), rtol=1e-4, atol=1e-6)
    assert ((found.predicted == run.labels) == right).all()
    assert run.labels.tolist() == BITS.tolist()
    assert run.about_outcomes == f"output taken for {words}"
    assert scalars(tmp_path, "probe/accuracy")[0] == pytest.approx(np.mean(right))
    assert scalars(tmp_path, "probe/loss")[0] == pytest.approx(np.mean(losses), rel=1e-4)


@pytest.mark.parametrize("ends_with", [nn.Identity(), nn.Sigmoid()])
def test_multilabel__figures_are_means_over_labels(tmp_path, ends_with):
    """As many labels 0 or 1 as outputs: loss and accuracy per sample, columns to colour by, no single prediction."""
    labels = (X[:, :3] > 0.2).float()
    run, output = logged(tmp_path, linear(3, ends_with), labels, class_names=["a", "b", "c"])
    p = output if isinstance(ends_with, nn.Sigmoid) else output.sigmoid()
    for row in range(N):
        expected = functional.binary_cross_entropy(p[row], labels[row])
        assert float(run.outcomes(0).loss[row]) == pytest.approx(float(expected), rel=1e-4)
        assert run.outcomes(0).accuracy[row] == pytest.approx(
            float(((p[row] > 0.5) == labels[row].bool()).float().mean())
        )
    assert run.outcomes(0).predicted is None
    assert run.labels is None
    probe = read_records(tmp_path, "probe")[0][1]
    assert probe["probe/metadata/b"].tolist() == labels[:, 1].tolist()
    assert "of 3 labels" in run.about_outcomes


@pytest.mark.parametrize(
    "labels", [X[:, 0] * 3 + 7, (X[:, 0] * 3).long() + 150, (X[:, 0] * 3).long() - 9], ids=["floats", "150", "negative"]
)
def test_targets__may_be_integers(tmp_path, labels):
    """One output, and numbers that count no classes from 0: squared errors, no accuracy."""
    run, output = logged(tmp_path, linear(1), labels)
    expected = [(value - float(label)) ** 2 for value, label in zip(output[:, 0].tolist(), labels, strict=True)]
    np.testing.assert_allclose(run.outcomes(0).loss, expected, rtol=1e-4)
    np.testing.assert_allclose(run.labels, labels.float())
    assert run.about_outcomes.startswith("output taken for a prediction of the target")
    assert tags(tmp_path) == ["probe/loss"]


def test_targets__may_be_several(tmp_path):
    """Several targets: the mean of their squared errors; each is a column to colour by."""
    labels = X[:, :2] * 3
    run, output = logged(tmp_path, linear(2), labels)
    expected = [sum((output[row, j] - labels[row, j]) ** 2 for j in range(2)) / 2 for row in range(N)]
    np.testing.assert_allclose(run.outcomes(0).loss, expected, rtol=1e-4)
    np.testing.assert_allclose(read_records(tmp_path, "probe")[0][1]["probe/metadata/target 1"], labels[:, 1])
    assert tags(tmp_path) == ["probe/loss"]


CLASSES = torch.arange(N) % 3
NAMES = ["cat", "dog", "eel"]


@pytest.mark.parametrize(
    ("labels", "options"),
    [
        (functional.one_hot(CLASSES, 3), {}),
        (functional.one_hot(CLASSES, 3).float(), {}),
        (None, {"labels": [NAMES[i] for i in CLASSES], "class_names": NAMES}),
        (None, {"labels": [NAMES[i] for i in CLASSES], "outcomes": "classes"}),
        (None, {"labels": np.array([NAMES[i] for i in CLASSES]), "class_names": NAMES}),
    ],
    ids=["one-hot", "one-hot floats", "texts", "texts without class_names", "array of texts"],
)
def test_classes__may_be_one_hot_or_texts(tmp_path, labels, options):
    """They become classes, texts with their names, and are compared as those are."""
    probe = X if labels is None else (X, labels)
    model = linear(3)
    with NeuroMapper(model, tmp_path, probe=probe, gradient_every=0, **options) as mapper:
        mapper.log_epoch(0)
    run = open_run(tmp_path)
    expected = functional.cross_entropy(model(X), CLASSES, reduction="none").detach()
    np.testing.assert_allclose(run.outcomes(0).loss, expected, rtol=1e-4)
    assert run.labels.tolist() == CLASSES.tolist()
    assert run.class_names == (NAMES if "labels" in options else None)
    assert run.about_outcomes.startswith("output taken for logits of 3 classes")


@pytest.mark.parametrize("ignored", [-1, -100])
def test_classes__that_losses_ignore_are_no_labels(tmp_path, ignored):
    """-1 and torch's ignore_index stand for no label."""
    labels = torch.where(torch.arange(N) < 5, ignored, CLASSES)
    run, output = logged(tmp_path, linear(3), labels)
    assert run.labels[:5].tolist() == [-1] * 5
    assert np.isnan(run.outcomes(0).loss[:5]).all()
    expected = functional.cross_entropy(output[5:], CLASSES[5:])
    assert scalars(tmp_path, "probe/loss")[0] == pytest.approx(float(expected), rel=1e-4)


def test_classes__a_list_with_gaps(tmp_path):
    """None and NaN among texts and integers are no label."""
    for name, labels in {"texts": ["a", None, float("nan")] * 8, "integers": [0, None, 1] * 8}.items():
        with NeuroMapper(linear(2), tmp_path / name, probe=X, labels=labels, outcomes=None) as mapper:
            mapper.log_epoch(0)
        run = open_run(tmp_path / name)
        assert run.labels[1] == -1
        assert run.steps("outcomes") == []
        assert run.class_names == (["a"] if name == "texts" else None)


@pytest.mark.parametrize(
    ("model", "labels", "words"),
    [
        (linear(32), torch.arange(N) % 10, "the output has 32 values, the labels 10 classes; if it scores 32"),
        (linear(4), torch.arange(N) % 10, "the output has 4 values, the labels 10 classes"),
        (linear(1), torch.arange(N) % 4, 'the output has 1 value, the labels 4 classes.*outcomes="targets"'),
        (linear(1, nn.Tanh()), BITS, "the network ends with Tanh, whose values are neither"),
        (linear(3), X[:, 0], "the output has 3 values per sample, the labels one float"),
        (linear(3), functional.softmax(X[:, :3], 1), "the labels look like probabilities of classes"),
        (nn.Sequential(nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 5, 3)), CLASSES, "the output has 5 x 4 values per sample"),
    ],
)
def test_labels__that_only_colour_give_no_figures(tmp_path, model, labels, words):
    """Where the output does not fit the labels, or could mean two things, there are no outcomes; that is said once."""
    with NeuroMapper(model, tmp_path, probe=(X, labels), gradient_every=0) as mapper:
        with pytest.warns(UserWarning, match=f"logs no outcomes: {words}.*outcomes=None") as caught:
            mapper.log_epoch(0)
        mapper.log_epoch(1)
    assert len(caught) == 1
    run = open_run(tmp_path)
    assert run.steps("outcomes") == []
    assert run.steps("activations") == [0, 1]
    assert run.about_outcomes.startswith("no outcomes: ")
    assert tags(tmp_path) == []


def test_labels__of_texts_without_names_only_colour(tmp_path):
    """The order of the network's outputs is not known, so there is no accuracy; the legend has the texts."""
    with (
        NeuroMapper(linear(3), tmp_path, probe=X, labels=[NAMES[i] for i in CLASSES]) as mapper,
        pytest.warns(UserWarning, match="the labels are texts; give `class_names` in the order"),
    ):
        mapper.log_epoch(0)
    run = open_run(tmp_path)
    assert (run.class_names, run.steps("outcomes"), run.labels.tolist()) == (NAMES, [], CLASSES.tolist())


def test_outcomes__of_a_wide_output_count_with_evidence(tmp_path):
    """The probe lacks most classes: class_names, a softmax or the setting say that the output scores classes."""
    cases = {
        "names": (linear(10), {"class_names": list("abcdefghij")}),
        "softmax": (linear(10, nn.Softmax(1)), {}),
        "log-softmax": (linear(10, nn.LogSoftmax(1)), {}),
        "set": (linear(10), {"outcomes": "classes"}),
    }
    for name, (model, options) in cases.items():
        run, output = logged(tmp_path / name, model, CLASSES, **options)
        logs = output.log() if name == "softmax" else output.log_softmax(1)
        np.testing.assert_allclose(
            run.outcomes(0).loss, functional.nll_loss(logs, CLASSES, reduction="none"), rtol=1e-3
        )
        assert "of 10 classes (the labels name 3 of them)" in run.about_outcomes or name == "names"


def test_outcomes__may_be_none(tmp_path):
    """Labels only colour; nothing is said and no warning given."""
    run, _ = logged(tmp_path, linear(3), CLASSES, outcomes=None)
    assert (run.steps("outcomes"), run.about_outcomes, run.labels.tolist()) == ([], None, CLASSES.tolist())


def test_outcomes__set_to_targets_compares_integers(tmp_path):
    """The setting decides where labels could be classes."""
    run, output = logged(tmp_path, linear(1), torch.arange(N) % 4, outcomes="targets")
    expected = [(float(output[row, 0]) - row % 4) ** 2 for row in range(N)]
    np.testing.assert_allclose(run.outcomes(0).loss, expected, rtol=1e-4, atol=1e-6)


def test_similarities__of_a_batch_with_itself_end_no_training(tmp_path):
    """An output as wide as its batch is no row of features: it is left out, the blocks are logged."""

    class Pairs(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(6, 4), nn.Linear(6, 4)

        def forward(self, x, y):
            return self.a(x) @ self.b(y).T

    with (
        NeuroMapper(Pairs(), tmp_path, probe=(X, X, CLASSES), blocks=["a", "b"], batch_size=10) as mapper,
        pytest.warns(UserWarning, match="logs no outcomes: the output's shape changes from batch to batch"),
    ):
        mapper.log_epoch(0)
    run = open_run(tmp_path)
    assert (run.blocks, run.steps("outcomes"), run.labels.tolist()) == (["a", "b"], [], CLASSES.tolist())
