"""How kernels are compiled, and the two helpers that several of them share.

After an installation most of the first layout's time is compilation, so kernels are written to compile fast:
numba derives a type for every expression and a wrapper for every way to call a function. The largest savings: no
arrays created inside (callers pass scratch), no array expressions, one signature each, comparisons in place of min and
max, no wrapper for C.
"""

# Kernels: numba derives their types.
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-any-unimported=False

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

# Comparisons may ignore NaN and the sign of zero and sums may be reordered; infinities do occur.
FAST = {"nnan", "nsz", "contract", "reassoc"}


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile at the first call, keep the code on disk, release the GIL. Options are numba.njit's."""
    options = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, **options}
    decorate: Callable[[Callable[..., Any]], Callable[..., Any]] = numba.njit(**options)
    return decorate


def helper(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A kernel that only kernels call."""
    return kernel(no_cpython_wrapper=True, **options)


@helper()
def insert(values, rows, value, row):
    """Put (value, row) in its place in a list sorted by (value, row), and drop the last entry."""
    i = values.shape[0] - 1
    while i > 0:
        above = values[i - 1]
        if above < value or (above == value and rows[i - 1] < row):
            break
        values[i] = above
        rows[i] = rows[i - 1]
        i -= 1
    values[i] = value
    rows[i] = row


@helper(fastmath=True)
def squared_distance(x, y):
    """Squared Euclidean distance of two float32 vectors (d,)."""
    total = np.float32(0.0)
    for d in range(x.shape[0]):
        delta = x[d] - y[d]
        total += delta * delta
    return total
