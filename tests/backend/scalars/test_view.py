"""Facts about how a series is answered."""

import numpy as np

from tb_neuromapper.backend.log.scalars import Series
from tb_neuromapper.backend.scalars.view import describe_series, downsample_series


def test_downsample_series__keeps_the_ends_the_extremes_and_what_is_not_finite():
    """Of a long series a spike of a single step stays."""
    values = np.random.default_rng(0).normal(size=100_000)
    values[[5_000, 77_777]] = 50, -60
    values[[123, 99_000]] = np.nan, np.inf
    rows = downsample_series(values, 4000)
    assert len(rows) <= 4000
    assert {0, 123, 5_000, 77_777, 99_000, 99_999} <= set(rows.tolist())
    assert (np.diff(rows) > 0).all()
    assert downsample_series(values[:4000], 4000).tolist() == list(range(4000))


def test_describe_series__says_when_it_draws_fewer():
    """How many of how many."""
    n = 9000
    series = Series(np.arange(n), np.arange(n) * 1.0, np.arange(n) * 1.0)
    described = describe_series("a", "t", series, 0)
    assert len(described["steps"]) <= 4000
    assert "Of 9,000 values" in described["sampled"]
