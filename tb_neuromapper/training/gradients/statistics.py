"""Statistics of one tensor for the table of the parameters: reduced on its device, finished on the host."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tb_neuromapper.training.gradients.reductions import coprime
from tb_neuromapper.training.gradients.transfer import FloatArray, Transfer

# What is neither norm nor extreme of a larger tensor is estimated from an even sample, to within about 1 %: a copy of
# all weights of a large network may not fit, sorting millions of values would take longer than all else, and a dozen
# small sums take longer on the device than on the host.
SAMPLE_SIZE = 1 << 13
STATISTICS = ("norm", "l1", "sum", "mean", "std", "min", "q1", "median", "q3", "max")
_QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class ReducedTensor:
    """A tensor reduced on its device.

    Attributes:
        n_values: Values of the tensor.
        sample: float32 (m,), all values, or an even sample of at most SAMPLE_SIZE.
        exact: float32 (4,): norm, least, most, number of values that are not finite; None if the sample is all there
            is.
    """

    n_values: int
    sample: Tensor
    exact: Tensor | None

    def norm(self) -> Tensor:
        """float32 (): the Euclidean norm, on the device."""
        norm: Tensor = torch.linalg.vector_norm(self.sample) if self.exact is None else self.exact[0]
        return norm


def reduce(tensor: Tensor, sample: Tensor | None = None) -> ReducedTensor:
    """Reduce a dense tensor; `sample` is its `strided_sample`, if that has been taken."""
    values = real(tensor)
    sample = strided_sample(tensor) if sample is None else sample
    if values.numel() <= SAMPLE_SIZE:
        return ReducedTensor(values.numel(), sample, None)
    values = values if values.dtype in (torch.float32, torch.float64) else values.float()
    norm, (least, most) = _norm(values), torch.aminmax(values)
    exact = (norm, least, most, _n_nonfinite(values, norm))
    return ReducedTensor(values.numel(), sample, torch.stack([value.float() for value in exact]))


def _norm(values: Tensor) -> Tensor:
    """The Euclidean norm; on a CPU the product takes half as long as torch's norm."""
    if values.device.type != "cpu" or not values.is_contiguous():
        norm: Tensor = torch.linalg.vector_norm(values)
        return norm
    flat = values.reshape(-1)
    return torch.dot(flat, flat).sqrt()


def _n_nonfinite(values: Tensor, norm: Tensor) -> Tensor:
    # A norm is finite if all values are; on a CPU, asking costs nothing and saves a pass.
    if values.device.type == "cpu" and math.isfinite(float(norm)):
        return torch.zeros(())
    return values.numel() - torch.isfinite(values).sum()


def dense(tensor: Tensor) -> Tensor:
    """The tensor without its history, not sparse."""
    tensor = tensor.detach()
    return tensor.to_dense() if tensor.layout != torch.strided else tensor


def real(tensor: Tensor) -> Tensor:
    """Real and imaginary parts as values of their own."""
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def strided_sample(tensor: Tensor, size: int = SAMPLE_SIZE) -> Tensor:
    """float32 (m,): a copy of all values of a dense tensor, or of at most `size` in even steps through it."""
    values = real(tensor).reshape(-1)
    stride = coprime(-(-len(values) // size), len(values))
    return values[::stride].to(torch.float32, copy=True)


def update_norm(before: Tensor, after: Tensor, n_values: int) -> Tensor:
    """float32 (): the norm of the change of a parameter of n_values, from samples of them before and after."""
    norm: Tensor = torch.linalg.vector_norm(after - before)
    return norm * math.sqrt(n_values / len(before))


class TensorStatistics:
    """A tensor's statistics on their way to the host; made before the transfer, read after it.

    Args:
        reduced: The tensor, reduced on its device.
        transfer: Brings it to the host.
    """

    def __init__(self, reduced: ReducedTensor, transfer: Transfer) -> None:
        self._n_values = reduced.n_values
        self._sample = transfer.add(reduced.sample)
        self._exact = transfer.add(reduced.exact) if reduced.exact is not None else None

    def named(self) -> dict[str, float]:
        """STATISTICS by name, NaN if any value is not finite, and `n_nonfinite`, the number of such values."""
        values = self._sample()
        sample = values.astype(np.float64)
        norm, least, most, n_nonfinite = _exact_of(sample) if self._exact is None else self._exact().tolist()
        # A sample may have missed what is not finite.
        if not math.isfinite(norm):
            return {**dict.fromkeys(STATISTICS, math.nan), "n_nonfinite": n_nonfinite}
        mean, absolute = float(sample.mean()), float(np.abs(sample).mean())
        apart = sample - mean
        std = math.sqrt(float(apart @ apart) / len(apart))
        q1, median, q3 = quartiles(values)
        found = (norm, absolute * self._n_values, mean * self._n_values, mean, std, least, q1, median, q3, most)
        return {**dict(zip(STATISTICS, found, strict=True)), "n_nonfinite": n_nonfinite}


def _exact_of(values: npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    """As `ReducedTensor.exact`, of all values of a small tensor."""
    square = float(values @ values)
    if not math.isfinite(square):
        return math.nan, math.nan, math.nan, float(np.count_nonzero(~np.isfinite(values)))
    return math.sqrt(square), float(values.min()), float(values.max()), 0.0


def quartiles(sample: FloatArray) -> list[float]:
    """The quartiles of some finite values, by linear interpolation."""
    places = [share * (len(sample) - 1) for share in _QUARTILES]
    below = [int(place) for place in places]
    above = [min(place + 1, len(sample) - 1) for place in below]
    ordered = np.partition(sample, sorted({*below, *above})).tolist()
    return [
        ordered[i] + (place - i) * (ordered[j] - ordered[i]) for place, i, j in zip(places, below, above, strict=True)
    ]
