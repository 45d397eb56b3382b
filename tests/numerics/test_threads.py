"""Threads of one computation, and those of the matrix library meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from tb_neuromapper.numerics.threads import Threads


def matrix_threads():
    """How many threads each of the matrix libraries may use."""
    return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]


def test_threads__covers_every_item_once():
    """Ranges cover all items, whatever the number of threads and the items between two checks."""
    for n, most in ((1, None), (3, None), (3, 4), (2, 1)):
        seen = np.zeros(11, int)

        def count(first, last, seen):
            seen[first:last] += 1

        with Threads(n) as threads:
            threads.run(count, 11, seen, most=most)
        assert (seen == 1).all()


@pytest.mark.parametrize("first_leaves_first", [True, False])
def test_threads__hold_the_matrix_library_to_one_thread(first_leaves_first):
    """Meanwhile matrix products take one thread, also if computations overlap; afterwards as many as before."""
    before = matrix_threads()
    one = [1] * len(before)
    first, second = Threads(1), Threads(1)
    with ExitStack() as of_first, ExitStack() as of_second:
        of_first.enter_context(first)
        of_second.enter_context(second)
        assert matrix_threads() == one
        (of_first if first_leaves_first else of_second).close()
        assert matrix_threads() == one
    assert matrix_threads() == before


def test_threads__leave_no_limit_behind_whatever_overlaps():
    """Many computations in several threads at once: as many matrix threads as before."""
    before = matrix_threads()

    def compute(_):
        with Threads(1):
            return matrix_threads()

    with ThreadPoolExecutor(4) as pool:
        assert all(inside == [1] * len(before) for inside in pool.map(compute, range(200)))
    assert matrix_threads() == before
