"""Outliers among a few numbers."""

import numpy as np
import pytest

from tb_neuromapper.numerics.outliers import flag_outliers


def test_flag_outliers__finds_an_abrupt_change():
    """One change far from the median is an outlier, the scatter around it is not."""
    values = np.array([0.010, 0.012, 0.011, 0.009, 0.3, 0.010, np.nan, 0.011])
    np.testing.assert_array_equal(np.flatnonzero(flag_outliers(values)), [4])


def test_flag_outliers__follows_the_formula():
    """0.6745 |x - median| / MAD above 3.5."""
    values = np.random.default_rng(0).standard_cauchy(200)
    gaps = np.abs(values - np.median(values))
    np.testing.assert_array_equal(flag_outliers(values), 0.6745 * gaps / np.median(gaps) > 3.5)


def test_flag_outliers__without_spread():
    """Equal values have no outliers; one that differs among many equal ones is one; nothing is nothing."""
    assert not flag_outliers([1.0, 1.0, 1.0]).any()
    assert flag_outliers([0.0] * 20 + [1.0])[20]
    assert flag_outliers([]).shape == (0,)
    assert not flag_outliers([np.nan, np.nan]).any()
    with pytest.raises(ValueError, match="shape"):
        flag_outliers([[1.0]])
