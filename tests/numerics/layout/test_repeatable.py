"""The same input gives the same bytes; another seed does not."""

import os
import subprocess
import sys

import numpy as np

from tb_neuromapper.numerics.layout.aligned import fit_layout
from tb_neuromapper.numerics.types import LayoutParameters

_PROGRAM = """
import sys, hashlib
import numpy as np
from tests.numerics.layout.slices import clusters, neighbors_of
from tb_neuromapper.numerics.layout.aligned import extend_layout, fit_layout
from tb_neuromapper.numerics.types import LayoutParameters
slices, _ = clusters(n_slices=10, n=200)
neighbors = neighbors_of(slices)
parameters = LayoutParameters(seed=4, n_passes=30)
layouts = fit_layout(neighbors, parameters)
layouts.append(extend_layout(neighbors[-3:], layouts[-3:-1], parameters))
layouts += fit_layout(neighbors, parameters, init=layouts[:10])
print(hashlib.sha256(b"".join(layout.tobytes() for layout in layouts)).hexdigest())
"""


def test_layouts__are_the_same_bytes_on_any_number_of_threads():
    """New processes with one, two and three threads, of ours and of the matrix library, give the same bytes."""
    digests = set()
    for n in ("1", "2", "3"):
        environment = {**os.environ, "NUMBA_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n}
        command = [sys.executable, "-c", _PROGRAM]
        digests.add(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    assert len(digests) == 1


def test_fit_layout__changes_with_the_seed(fitted):
    """Another seed gives another layout."""
    _, _, neighbors, layouts = fitted
    other = fit_layout(neighbors, LayoutParameters(seed=1))
    assert not np.array_equal(layouts[0], other[0])


def test_fit_layout__may_run_in_several_threads_at_once(fitted):
    """Concurrent layouts neither abort the process nor disturb one another."""
    from concurrent.futures import ThreadPoolExecutor

    _, _, neighbors, _ = fitted
    parameters = LayoutParameters(n_passes=20)
    alone = fit_layout(neighbors, parameters)
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: fit_layout(neighbors, parameters), range(4)))
    for run in runs:
        for a, b in zip(alone, run, strict=True):
            np.testing.assert_array_equal(a, b)
