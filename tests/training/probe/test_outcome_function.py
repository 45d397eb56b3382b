"""Outcomes by a function of the user: any columns, and never the end of a training."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tb_neuromapper.run import open_run
from tb_neuromapper.training.callback import NeuroMapper
from tests.training.reading import accumulate, scalars

N = 20
X = torch.randn(N, 6, generator=torch.Generator().manual_seed(3))
Y = torch.arange(N) % 3


def columns(output, labels):
    """One column of each kind."""
    p = output.softmax(1)
    return {
        "predicted": output.argmax(1),
        "loss": functional.cross_entropy(output, labels, reduction="none"),
        "accuracy": output.argmax(1) == labels,
        "margin": p.topk(2, 1).values.diff(dim=1).abs()[:, 0].tolist(),
        "is sure": p.max(1).values > 0.5,
        "verdict": ["hit" if a == b else None for a, b in zip(output.argmax(1), labels, strict=True)],
    }


def test_function__may_return_any_columns(tmp_path):
    """Numbers, booleans and texts, batch by batch, are there per sample; loss and accuracy are scalars, too."""
    model = nn.Linear(6, 3)
    with NeuroMapper(model, tmp_path, probe=(X, Y), batch_size=7, outcomes=columns, gradient_every=0) as mapper:
        mapper.log_epoch(0)
    run, output = open_run(tmp_path), model(X).detach()
    found = run.outcomes(0)
    assert found.predicted.tolist() == [int(row.argmax()) for row in output]
    assert found.columns["verdict"] == ["hit" if row.argmax() == y else None for row, y in zip(output, Y, strict=True)]
    for row in range(N):
        first, second = sorted(output[row].softmax(0).tolist())[:0:-1]
        assert found.columns["margin"][row] == pytest.approx(first - second, rel=1e-3, abs=1e-6)
        assert found.columns["is sure"][row] == (first > 0.5)
    np.testing.assert_allclose(found.loss, functional.cross_entropy(output, Y, reduction="none"), rtol=1e-4)
    assert scalars(tmp_path, "probe/accuracy")[0] == pytest.approx(float((output.argmax(1) == Y).float().mean()))
    assert run.about_outcomes.startswith("outcomes from a function: predicted, loss, accuracy, margin")


def test_function__gets_what_the_network_returns(tmp_path):
    """Not a tensor made of it; and labels in whatever form the probe has them."""
    seen = []

    class Detector(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Linear(6, 2)

        def forward(self, x):
            return {"boxes": self.body(x), "names": ["a"] * len(x)}

    def count(output, labels):
        seen.append((sorted(output), sorted(labels)))
        return {"n": [len(name) for name in output["names"]]}

    probe = [(x, {"box": x[:2], "class": y}) for x, y in zip(X, Y, strict=True)]
    with NeuroMapper(Detector(), tmp_path, probe=probe, outcomes=count, gradient_every=0) as mapper:
        mapper.log_epoch(0)
    assert seen[-1] == (["boxes", "names"], ["box", "class"])
    assert open_run(tmp_path).outcomes(0).columns["n"].tolist() == [1.0] * N
    assert accumulate(tmp_path).Tags()["scalars"] == []


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda output, labels: output.nothing, r"outcomes\(\) failed with AttributeError"),
        (lambda output, labels: output, r"returned a Tensor; it must return a dict"),
        (lambda output, labels: {"iou": output}, r"column 'iou' .* has shape \(20, 3\), but the batch has 20 samples"),
        (lambda output, labels: {"loss": ["much"] * 20}, "column 'loss' .* only numbers are allowed"),
        (lambda output, labels: {"x": [{}] * 20}, "column 'x' .* only numbers, booleans or texts are allowed"),
        (lambda output, labels: {3: labels}, "named a column 3"),
        (lambda output, labels: {}, "returned no columns"),
    ],
)
def test_function__that_fails_costs_its_outcomes_only(tmp_path, function, words):
    """One warning for the run; activations are logged, and the record says why there are no outcomes."""
    with (
        warnings.catch_warnings(record=True) as caught,
        NeuroMapper(nn.Linear(6, 3), tmp_path, probe=(X, Y), outcomes=function, gradient_every=0) as mapper,
    ):
        warnings.simplefilter("always")
        mapper.log_epoch(0)
        mapper.log_epoch(1)
    texts = [str(each.message) for each in caught]
    assert len(texts) == 1
    with pytest.raises(UserWarning, match=words):
        raise caught[0].message
    run = open_run(tmp_path)
    assert (run.steps("activations"), run.steps("outcomes")) == ([0, 1], [])
    assert run.about_outcomes.startswith("no outcomes: ")
