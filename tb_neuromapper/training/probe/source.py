"""The probe set: the same samples in the same order at every pass, in any of the forms that users give them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)
from torch.utils.data.distributed import DistributedSampler

# Fingerprints widen inputs to 8 bytes an element, at most so many elements at a time.
_MAX_ELEMENTS = 2**22
_LABEL_KEYS = ("labels", "label")
_RANDOM_SAMPLERS = (RandomSampler, SubsetRandomSampler, WeightedRandomSampler)


@dataclass(frozen=True)
class Batch:
    """A batch as the model takes it: `model(*args, **kwargs)`.

    Attributes:
        start: Row of the first sample in the probe set.
        n_rows: Number of samples.
        args: Positional inputs.
        kwargs: Keyword inputs (from dict samples).
        labels: What the probe itself says of its samples, or None.
    """

    start: int
    n_rows: int
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    labels: Any


class ProbeSource:
    """Batches of the probe set.

    Args:
        probe: A Dataset, a DataLoader that does not shuffle, a tensor or array (n, ...), or a tuple of them
            (inputs, labels).
        batch_size: Samples per batch, unless `probe` is a DataLoader.

    Raises:
        ValueError: The probe is empty, shuffles, or is none of these.
    """

    def __init__(self, probe: Any, batch_size: int) -> None:
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size is {batch_size!r}; only an integer of 1 or more is allowed.")
        self._own_dataset: Any = None
        self._batch_size = batch_size
        if isinstance(probe, DataLoader):
            _refuse_random_order(probe)
            self._loader: DataLoader[Any] = probe
        else:
            self._own_dataset = _as_dataset(probe)
            self._loader = self._load(self._own_dataset)
        self.n_samples = _count(self._loader)
        if self.n_samples == 0:
            raise ValueError("the probe is empty; give at least one sample.")

    @property
    def generator(self) -> torch.Generator | None:
        """The loader's own random generator, which a pass may advance."""
        generator = getattr(self._loader, "generator", None)
        return generator if isinstance(generator, torch.Generator) else None

    def batches(self, rank: int = 0, n_ranks: int = 1) -> Iterator[Batch]:
        """This rank's batches, in order. Ranks together cover the probe set once."""
        if self._own_dataset is not None and self.n_samples is not None:
            first, stop = (self.n_samples * r // n_ranks for r in (rank, rank + 1))
            yield from _number(self._read(first, stop), first)
            return
        for i, batch in enumerate(_number(self._loader, 0)):
            if i % n_ranks == rank:
                yield batch

    def _read(self, first: int, stop: int) -> Iterable[Any]:
        """Batches of the samples first to stop - 1 of a data set that came without a loader."""
        if type(self._own_dataset) is TensorDataset:
            # Slices: a loader would take the samples out one by one, 10 microseconds each.
            starts = range(first, stop, self._batch_size)
            return (self._own_dataset[i : min(i + self._batch_size, stop)] for i in starts)
        if (first, stop) == (0, self.n_samples):
            return self._loader
        return self._load(Subset(self._own_dataset, range(first, stop)))

    def _load(self, dataset: Any) -> DataLoader[Any]:
        return DataLoader(dataset, batch_size=self._batch_size, shuffle=False)


def _as_dataset(probe: Any) -> Any:
    if isinstance(probe, (torch.Tensor, np.ndarray)):
        return TensorDataset(as_tensor(probe))
    is_pair = isinstance(probe, tuple) and all(isinstance(part, (torch.Tensor, np.ndarray)) for part in probe)
    if is_pair and probe:
        tensors = [as_tensor(part) for part in probe]
        sizes = [len(tensor) for tensor in tensors]
        if len(set(sizes)) > 1:
            raise ValueError(f"the probe's parts have {sizes} samples; they must have equally many.")
        return TensorDataset(*tensors)
    if isinstance(probe, IterableDataset):
        return probe
    if hasattr(probe, "__getitem__") and hasattr(probe, "__len__") and not isinstance(probe, (str, bytes, Mapping)):
        return probe
    raise ValueError(
        f"probe is a {type(probe).__name__}; give a Dataset, a DataLoader, a tensor (n, ...), or a tuple "
        "(inputs, labels) of tensors."
    )


def as_tensor(values: Any) -> torch.Tensor:
    """A tensor as it is, anything else as a tensor on the CPU, also if the user's default device is another."""
    return values if isinstance(values, torch.Tensor) else torch.as_tensor(values, device="cpu")


def _refuse_random_order(loader: DataLoader[Any]) -> None:
    sampler: Any = loader.sampler
    batch_sampler: Any = loader.batch_sampler
    if isinstance(batch_sampler, BatchSampler):
        sampler = batch_sampler.sampler
    if isinstance(sampler, _RANDOM_SAMPLERS):
        raise ValueError(
            f"the probe's DataLoader draws its samples in random order ({type(sampler).__name__}); the probe must give "
            "the same samples in the same order at every epoch. Make it with shuffle=False, or give its dataset."
        )
    if isinstance(sampler, DistributedSampler):
        raise ValueError(
            "the probe's DataLoader has a DistributedSampler; give the Dataset itself, which the ranks share by "
            "themselves."
        )


def _count(loader: DataLoader[Any]) -> int | None:
    """Number of samples if it can be known without reading them."""
    dataset: Any = loader.dataset
    if isinstance(dataset, IterableDataset):
        return None
    if loader.batch_sampler is None:
        return None
    if type(loader.batch_sampler) is not BatchSampler:
        return None
    try:
        n_samples = len(loader.batch_sampler.sampler)  # type: ignore[arg-type]
    except TypeError:
        return None
    if loader.drop_last and loader.batch_size:
        n_samples -= n_samples % loader.batch_size
    return n_samples


def _number(contents: Iterable[Any], start: int) -> Iterator[Batch]:
    for content in contents:
        batch = _split(content, start)
        start += batch.n_rows
        yield batch


def _split(content: Any, start: int) -> Batch:
    """Separate inputs and labels: (x, y), (x1, x2, y), (x,), x, or dicts with "labels" or "label"."""
    labels: Any = None
    if isinstance(content, (tuple, list)) and not hasattr(content, "_fields"):
        *inputs, labels = content if len(content) > 1 else (*content, None)
    elif hasattr(content, "_fields"):
        *inputs, labels = tuple(content) if len(content) > 1 else (*content, None)
    else:
        inputs = [content]
    args, kwargs = tuple(inputs), {}
    if len(inputs) == 1 and isinstance(inputs[0], Mapping):
        kwargs = {key: value for key, value in inputs[0].items() if key not in _LABEL_KEYS}
        args = ()
        if labels is None:
            labels = next((inputs[0][key] for key in _LABEL_KEYS if key in inputs[0]), None)
    tensors = tensors_in((args, kwargs))
    if not tensors:
        raise ValueError(
            f"the probe's batches hold no tensors (a {type(content).__name__}); give inputs as tensors, for example "
            "with a ToTensor transform."
        )
    return Batch(start, len(tensors[0]), args, kwargs, labels)


def tensors_in(content: Any) -> list[torch.Tensor]:
    """All tensors of a nested batch, dict entries in the order of their keys."""
    if isinstance(content, torch.Tensor):
        return [content] if content.ndim else []
    if isinstance(content, Mapping):
        return [tensor for key in sorted(content, key=str) for tensor in tensors_in(content[key])]
    if isinstance(content, (tuple, list)):
        return [tensor for part in content for tensor in tensors_in(part)]
    return []


def move(content: Any, device: torch.device) -> Any:
    """A nested batch with its tensors on `device`."""
    if isinstance(content, torch.Tensor):
        return content.to(device, non_blocking=True)
    if isinstance(content, Mapping):
        return {key: move(value, device) for key, value in content.items()}
    if isinstance(content, (tuple, list)):
        return tuple(move(part, device) for part in content)
    return content


class Fingerprints:
    """One number per sample that changes whenever a bit of its input changes; integers only, so it is exact.

    A weighted sum of the bits with fixed random odd weights, modulo 2 ** 64: far cheaper than SHA-256 (0.2 ms for 256
    CIFAR images), and on the GPU where the batch is anyway. It guards against mistakes, not against an adversary.
    """

    def __init__(self) -> None:
        self._weights: dict[tuple[int, int, torch.device], torch.Tensor] = {}

    def of(self, content: Any, n_rows: int) -> torch.Tensor:
        """int64 (n_rows,) on the batch's device."""
        total: torch.Tensor | None = None
        for i, tensor in enumerate(tensors_in(content)):
            if tensor.shape[0] != n_rows or tensor.numel() == 0:
                continue
            bits = _as_integers(tensor.detach(), n_rows)
            weights = self._weights_for(i, bits.shape[1], bits.device)
            pieces = torch.split(bits, max(1, _MAX_ELEMENTS // bits.shape[1]))
            part = torch.cat([(piece.to(torch.int64) * weights).sum(1) for piece in pieces])
            total = part if total is None else total + part
        return torch.zeros(n_rows, dtype=torch.int64, device="cpu") if total is None else total

    def _weights_for(self, position: int, n_columns: int, device: torch.device) -> torch.Tensor:
        key = (position, n_columns, device)
        if key not in self._weights:
            # numpy promises that this stream stays the same in later versions; runs are resumed after updates, too.
            drawn = np.random.Philox(key=position).random_raw(n_columns) | np.uint64(1)
            self._weights[key] = torch.from_numpy(drawn.view(np.int64)).to(device)
        return self._weights[key]


def _as_integers(tensor: torch.Tensor, n_rows: int) -> torch.Tensor:
    """The bits of each sample, (n_rows, k): as int64 if a sample fills whole ones (20 times faster), else narrower."""
    rows = (torch.view_as_real(tensor) if tensor.is_complex() else tensor).reshape(n_rows, -1).contiguous()
    n_bytes = rows.element_size()
    if (rows.shape[1] * n_bytes) % 8 == 0:
        is_aligned = (rows.storage_offset() * n_bytes) % 8 == 0
        return (rows if is_aligned else rows.clone()).view(torch.int64)
    return rows.view({1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[n_bytes])


def content_hash(fingerprints: npt.NDArray[np.int64]) -> str:
    """Hex SHA-256 of all samples' fingerprints (n,), in order: the same samples give the same text in any process."""
    return hashlib.sha256(fingerprints.astype("<i8").tobytes()).hexdigest()


def refuse_change(before: Sequence[int] | np.ndarray, now: np.ndarray, sample_ids: Sequence[Any]) -> None:
    """Compare the fingerprints of two passes.

    Raises:
        ValueError: They differ; the message names the first sample and the likely cause.
    """
    first = np.asarray(before)
    if len(first) != len(now):
        raise ValueError(
            f"the probe gave {len(now)} samples, but {len(first)} at the first pass; it must give the same samples in "
            "the same order at every epoch."
        )
    changed = np.flatnonzero(first != now)
    if not len(changed):
        return
    is_reordered = np.array_equal(np.sort(first), np.sort(now))
    cause = (
        "they are the same samples in another order: make the DataLoader with shuffle=False."
        if is_reordered
        else "their content differs: leave random augmentation out of the probe's transforms."
    )
    row = int(changed[0])
    raise ValueError(
        f"the probe changed: {len(changed)} of {len(now)} samples differ from the first pass, the first is row {row} "
        f"(id {sample_ids[row]!r}); {cause}"
    )
