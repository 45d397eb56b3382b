"""Sums along all axes but one, in float32, in the form that is fastest where the values are.

On a CPU, torch's reductions along rows or over a short last axis take several times as long as a matrix-vector product
with ones, and temporaries of the whole size cost more than the sums; so pieces that stay in the cache are gone through.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

# Writes a function of some values into a float32 buffer of their shape.
Piece = Callable[[Tensor, Tensor], Tensor]
_PIECE_SIZE = 1 << 18


def absolute(values: Tensor, out: Tensor) -> Tensor:
    """abs(x)."""
    return torch.abs(values, out=out)


def nonzero(values: Tensor, out: Tensor) -> Tensor:
    """1 where x is not 0; NaN is not."""
    return torch.ne(values, 0, out=out)


def itself(values: Tensor, out: Tensor) -> Tensor:  # noqa: ARG001
    """x."""
    return values


def unit_sums(values: Tensor, axis: int, functions: Sequence[Piece]) -> Tensor:
    """float32 (k, U): for each function, the sums of its values along all axes but `axis`."""
    values, axis = values.detach(), axis % values.ndim
    if values.device.type != "cpu":
        return _sums_at_once(values.float(), axis, functions)
    rest = [other for other in range(values.ndim) if other > axis]
    if not values.is_contiguous() and values.movedim(axis, -1).is_contiguous():
        values, axis, rest = values.movedim(axis, -1), values.ndim - 1, []  # Channels are last in memory.
    n_units = values.shape[axis]
    if math.prod(values.shape[other] for other in rest) == 1:
        return _sums_of_columns(values.reshape(-1, n_units), functions)
    rows = values.reshape(-1, math.prod(values.shape[axis + 1 :]))
    return _sums_of_rows(rows, functions).view(len(functions), -1, n_units).sum(1)


def sums_over_last(values: Tensor) -> Tensor:
    """float32 (2, ...) of (..., K): sums of absolute values, and of values, over the last axis."""
    if values.device.type != "cpu":
        return torch.stack([values.abs().sum(-1), values.sum(-1)])
    rows = values.reshape(-1, values.shape[-1])
    return _sums_of_rows(rows, [absolute, itself]).view(2, *values.shape[:-1])


def moments(values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Sum, sum of absolute values, and standard deviation (of all values) of a float tensor."""
    total = values.sum()
    mean = total / values.numel()
    if values.device.type != "cpu":
        return total, values.abs().sum(), values.std(correction=0)
    flat = values.reshape(-1)
    buffer = torch.empty(min(_PIECE_SIZE, len(flat)), dtype=values.dtype)
    absolutes, squares = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for piece in torch.split(flat, _PIECE_SIZE):
        out = buffer[: len(piece)]
        absolutes += torch.abs(piece, out=out).sum()
        torch.sub(piece, mean, out=out)
        squares += torch.dot(out, out)
    return total, absolutes, (squares / values.numel()).sqrt()


def _sums_at_once(values: Tensor, axis: int, functions: Sequence[Piece]) -> Tensor:
    axes = [other for other in range(values.ndim) if other != axis]
    found = [function(values, torch.empty_like(values)) for function in functions]
    return torch.stack([each.sum(axes) if axes else each for each in found])


def _sums_of_rows(rows: Tensor, functions: Sequence[Piece]) -> Tensor:
    """(k, n) of (n, m)."""
    n_rows, size = rows.shape
    sums, ones = torch.empty(len(functions), n_rows), torch.ones(size)
    start = 0
    for piece, buffer in _pieces(rows):
        for index, function in enumerate(functions):
            torch.mv(function(piece, buffer), ones, out=sums[index, start : start + len(piece)])
        start += len(piece)
    return sums


def _sums_of_columns(rows: Tensor, functions: Sequence[Piece]) -> Tensor:
    """(k, m) of (n, m)."""
    sums = torch.zeros(len(functions), rows.shape[1])
    for piece, buffer in _pieces(rows):
        ones = torch.ones(len(piece))
        for index, function in enumerate(functions):
            sums[index].addmv_(function(piece, buffer).t(), ones)
    return sums


def _pieces(rows: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Groups of rows in float32, each with a buffer of its shape, which all share."""
    n_each = max(_PIECE_SIZE // rows.shape[1], 1)
    buffer = torch.empty(min(n_each, len(rows)), rows.shape[1])
    for piece in torch.split(rows, n_each):
        yield piece.float(), buffer[: len(piece)]
