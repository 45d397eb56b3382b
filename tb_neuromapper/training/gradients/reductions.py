"""Means along all axes but one, and moments, in float32, in the form that is fastest where the values are.

On a CPU, torch's reductions along rows or over a short last axis take several times as long as a matrix-vector product
with ones, and temporaries of the whole size cost more than the sums; so pieces that stay in the cache are gone through,
and of many values an even sample is enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

# Writes a function of some values into a float32 buffer of their shape.
Piece = Callable[[Tensor, Tensor], Tensor]
_PIECE_SIZE = 1 << 18
# Not the user's defaults, which may be others.
_PLAIN: Any = {"dtype": torch.float32, "device": "cpu"}
# On a CPU the mean of more values of a unit is that of an even sample of them, with a standard error of 2.2 % of their
# standard deviation: enough for a logarithmic scale, and what makes recording cheaper than a histogram.
MEAN_SIZE = 2048
# Of a sample's positions (pixels, say) at least so many are kept before whole samples are left out.
_LEAST_POSITIONS = 16


def absolute(values: Tensor, out: Tensor) -> Tensor:
    """The absolute values."""
    return torch.abs(values, out=out)


def nonzero(values: Tensor, out: Tensor) -> Tensor:
    """1 where a value is not 0, NaN included; else 0."""
    return torch.ne(values, 0, out=out)


def itself(values: Tensor, out: Tensor) -> Tensor:  # noqa: ARG001
    """The values themselves."""
    return values


def beyond(middle: float, reach: float) -> Piece:
    """1 where a value is further from `middle` than `reach`; else 0."""

    def piece(values: Tensor, out: Tensor) -> Tensor:
        torch.sub(values, middle, out=out).abs_()
        return torch.gt(out, reach, out=out)

    return piece


def unit_means(values: Tensor, axis: int, functions: Sequence[Piece], size: int = MEAN_SIZE) -> Tensor:
    """Means of some functions of the values of each unit.

    Args:
        values: Of any shape; U long along `axis`.
        axis: The units' axis.
        functions: The k functions.
        size: On a CPU, units with more values than this are reduced to an even sample of at least so many.

    Returns:
        float32 (k, U): the means along all axes but `axis`.
    """
    values, axis = values.detach(), axis % values.ndim
    n_each = values.numel() // values.shape[axis]
    if values.device.type != "cpu":
        return _sums_at_once(values.float(), axis, functions) / n_each
    if not values.is_contiguous() and values.movedim(axis, -1).is_contiguous():
        values, axis = values.movedim(axis, -1), values.ndim - 1  # Channels are last in memory.
    n_units = values.shape[axis]
    groups = values.reshape(-1, n_units, math.prod(values.shape[axis + 1 :]))
    # Of a sample, one copy: each look at scattered values takes as long as all that is done with them.
    groups = _thinned(groups, max(n_each // size, 1)).contiguous()
    n_groups, _, n_positions = groups.shape
    if n_positions == 1:
        return _sums_of_columns(groups.reshape(n_groups, n_units), functions) / n_groups
    sums = _sums_of_rows(groups.reshape(-1, n_positions), functions)
    return sums.view(len(functions), n_groups, n_units).sum(1) / (n_groups * n_positions)


def is_all_finite(values: Tensor) -> bool:
    """Whether all values are finite, as their sum then is; always False off the CPU, where asking means waiting."""
    return values.device.type == "cpu" and math.isfinite(float(values.detach().sum(dtype=torch.float32)))


def _thinned(groups: Tensor, factor: int) -> Tensor:
    """About one in `factor` of the values of each unit of (n, U, m)."""
    n_groups, _, size = groups.shape
    along = coprime(min(factor, max(size // _LEAST_POSITIONS, 1)), size)
    across = coprime(max(factor // along, 1), n_groups)
    return groups[::across, :, ::along]


def coprime(stride: int, size: int) -> int:
    """The least stride from this one on that has no divisor in common with `size`, but 1.

    Steps of that length do not meet the same places of a row again and again.
    """
    while stride > 1 and math.gcd(stride, size) > 1:
        stride += 1
    return stride


def sums_over_last(values: Tensor, functions: Sequence[Piece]) -> Tensor:
    """float32 (k, ...) of (..., K): for each function, the sums of its values over the last axis."""
    if values.device.type != "cpu":
        return torch.stack([function(values, torch.empty_like(values)).sum(-1) for function in functions])
    rows = values.reshape(-1, values.shape[-1])
    return _sums_of_rows(rows, functions).view(len(functions), *values.shape[:-1])


def _sums_at_once(values: Tensor, axis: int, functions: Sequence[Piece]) -> Tensor:
    axes = [other for other in range(values.ndim) if other != axis]
    found = [function(values, torch.empty_like(values)) for function in functions]
    return torch.stack([each.sum(axes) if axes else each for each in found])


def _sums_of_rows(rows: Tensor, functions: Sequence[Piece]) -> Tensor:
    """(k, n) of (n, m)."""
    n_rows, size = rows.shape
    sums, ones = torch.empty(len(functions), n_rows, **_PLAIN), torch.ones(size, **_PLAIN)
    start = 0
    for piece, buffer in _pieces(rows):
        for index, function in enumerate(functions):
            torch.mv(function(piece, buffer), ones, out=sums[index, start : start + len(piece)])
        start += len(piece)
    return sums


def _sums_of_columns(rows: Tensor, functions: Sequence[Piece]) -> Tensor:
    """(k, m) of (n, m)."""
    sums = torch.zeros(len(functions), rows.shape[1], **_PLAIN)
    for piece, buffer in _pieces(rows):
        ones = torch.ones(len(piece), **_PLAIN)
        for index, function in enumerate(functions):
            sums[index].addmv_(function(piece, buffer).t(), ones)
    return sums


def _pieces(rows: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Groups of rows in float32, each with a buffer of its shape, which all share."""
    n_each = max(_PIECE_SIZE // rows.shape[1], 1)
    buffer = torch.empty(min(n_each, len(rows)), rows.shape[1], **_PLAIN)
    for piece in torch.split(rows, n_each):
        yield piece.float(), buffer[: len(piece)]
