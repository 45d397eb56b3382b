"""Facts about which of a run's many steps are read."""

import pytest

from tb_neuromapper.backend.log.steps import subsample_steps, subsample_with_last


@pytest.mark.parametrize(("n", "limit"), [(0, 4), (3, 4), (4, 4), (5, 4), (1000, 64)])
def test_subsample_steps__keeps_equal_distances_within_the_limit(n, limit):
    """The distance is a power of two, so that a longer list keeps or halves the choice."""
    steps = list(range(0, 10 * n, 10))
    kept, stride = subsample_steps(steps, limit)
    assert len(kept) <= limit
    assert kept == steps[::stride]
    assert stride & (stride - 1) == 0
    assert n <= limit or 2 * len(kept) > limit - 1


@pytest.mark.parametrize("n", [0, 1, 4, 5, 1000])
def test_subsample_with_last__never_misses_the_newest(n):
    """Beside those at equal distances there are the last ones, each once, in ascending order."""
    steps = list(range(0, 10 * n, 10))
    kept = subsample_with_last(steps, 64, n_last=8)
    assert kept == sorted({*subsample_steps(steps, 64)[0], *steps[-8:]})
    assert subsample_with_last(steps, 4)[-1:] == steps[-1:]
