"""Similarity of representations between epochs."""

import numpy as np
import pytest

from tb_neuromapper.numerics.quality.cka import linear_cka
from tests import reference


@pytest.mark.parametrize(("n", "d1", "d2"), [(30, 4, 7), (10, 40, 60)])
def test_linear_cka__matches_kernel_form(n, d1, d2):
    """The feature form equals HSIC from n x n kernels."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(n, d1)), random.normal(size=(n, d2))
    y[:, :d1] += x[:, : y.shape[1]]
    assert linear_cka(x, y) == pytest.approx(reference.linear_cka(x, y), abs=1e-5)


def test_linear_cka__ignores_rotation_scale_and_shift():
    """Rotated, scaled and shifted activations are the same representation."""
    random = np.random.default_rng(0)
    x = random.normal(size=(50, 6))
    turned = 1e-6 * x @ np.linalg.qr(random.normal(size=(6, 6)))[0] + 3e-6
    assert linear_cka(x, turned) == pytest.approx(1.0, abs=1e-4)


def test_linear_cka__of_constant_activations():
    """Two constant tables are alike, a constant and a varying one are not."""
    x = np.random.default_rng(0).normal(size=(20, 3))
    assert linear_cka(np.ones((20, 3)), np.full((20, 2), 0.1)) == 1.0
    assert linear_cka(np.full((20, 3), 0.1), x) == 0.0


@pytest.mark.parametrize("value", [0.1, 1e6, 1e30])
def test_linear_cka__ignores_a_constant_unit(value):
    """A unit that is constant, however large, changes nothing."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(20, 3)), random.normal(size=(20, 3))
    wider = np.column_stack([x, np.full(20, value)])
    assert linear_cka(wider, y) == pytest.approx(linear_cka(x, y), abs=1e-6)


def test_linear_cka__refuses_bad_input_in_words():
    """Different samples, and NaN, are refused."""
    with pytest.raises(ValueError, match="same samples"):
        linear_cka(np.ones((3, 2)), np.ones((4, 2)))
    with pytest.raises(ValueError, match="row 0 of second"):
        linear_cka(np.ones((3, 2)), np.full((3, 2), np.nan))
