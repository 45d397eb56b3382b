"""Threads of one computation, and those of the matrix library meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
from threadpoolctl import threadpool_info

from tb_neuromapper.numerics.threads import Threads


def matrix_threads():
    return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]


def test_threads__covers_every_item_once():
    """Ranges cover all items, whatever the number of threads and the items between two questions."""
    for n, most in ((1, None), (3, None), (3, 4), (2, 1)):
        seen = np.zeros(11, int)

        def count(first, last, seen):
            seen[first:last] += 1

        with Threads(n) as threads:
            threads.run(count, 11, seen, most=most)
        assert (seen == 1).all()


def test_threads__hold_the_matrix_library_to_one_thread():
    """Meanwhile matrix products take one thread; afterwards as many as before, also if computations overlap."""
    before = matrix_threads()
    barrier = Barrier(2, timeout=60)

    def compute(waits_first):
        with Threads(1):
            barrier.wait()
            inside = matrix_threads()
            if waits_first:
                barrier.wait()
        if not waits_first:
            barrier.wait()
        return inside

    with ThreadPoolExecutor(2) as pool:
        for inside in pool.map(compute, (True, False)):
            assert inside == [1] * len(before)
    assert matrix_threads() == before
