"""Fixtures of the gradient flow's tests."""

from __future__ import annotations

import pytest

from tests.training.flows import record, sgd_step
from tests.training.gradients.small import X, Y, three_layers


@pytest.fixture
def plain(tmp_path):
    """The flow of one plain step of the small network."""
    model = three_layers()
    return record(tmp_path / "plain", model, sgd_step(model, X, Y)).gradient_flow(0)
