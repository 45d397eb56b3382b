"""Ranks share the probe set; rank 0 puts the shares together and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import distributed

from tb_neuromapper.training.passes import BlockRows, PassResult

T = TypeVar("T")


def rank_and_size() -> tuple[int, int]:
    """This process's rank and the number of ranks; (0, 1) outside a process group."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def together(work: Callable[[], T]) -> T:
    """Run `work` on every rank; if it fails on one, every rank raises, so that none waits for ever.

    Raises:
        ValueError, RuntimeError: What `work` raised here; on the other ranks a RuntimeError with its words.
    """
    if rank_and_size()[1] == 1:
        return work()
    result, failure = None, None
    try:
        result = work()
    except Exception as error:
        failure = error
    words: list[Any] = [None] * rank_and_size()[1]
    distributed.all_gather_object(words, None if failure is None else f"{type(failure).__name__}: {failure}")
    if failure is not None:
        raise failure
    for rank, text in enumerate(words):
        if text is not None:
            raise RuntimeError(f"NeuroMapper failed on rank {rank}: {text}")
    return result  # type: ignore[return-value]


def gather(result: PassResult, device: torch.device) -> PassResult | None:
    """All ranks' shares as one result on rank 0, in the probe's order; None on the others."""
    rank, n_ranks = rank_and_size()
    if n_ranks == 1:
        return result
    parts: list[Any] | None = [None] * n_ranks if rank == 0 else None
    distributed.gather_object(_to_cpu(result), parts, dst=0)
    return None if parts is None else _join([part for part in parts if len(part.rows)], device)


def _to_cpu(result: PassResult) -> PassResult:
    blocks = {name: BlockRows(b.rows.cpu(), b.reduction, b.is_output) for name, b in result.blocks.items()}
    output = None if result.output is None else result.output.cpu()
    return PassResult(result.rows, blocks, output, result.fingerprints, result.labels, result.thumbnails)


def _join(parts: Sequence[PassResult], device: torch.device) -> PassResult:
    order = np.argsort(np.concatenate([part.rows for part in parts]), kind="stable")
    on_device = torch.from_numpy(order).to(device)

    def join_arrays(arrays: Sequence[Any]) -> Any:
        return None if any(array is None for array in arrays) else np.concatenate(arrays)[order]

    def join_tensors(tensors: Sequence[torch.Tensor | None]) -> torch.Tensor | None:
        given = [tensor for tensor in tensors if tensor is not None]
        return torch.cat(given).to(device)[on_device] if len(given) == len(tensors) else None

    blocks = {}
    for name, block in parts[0].blocks.items():
        rows = join_tensors([part.blocks[name].rows for part in parts])
        assert rows is not None
        blocks[name] = BlockRows(rows, block.reduction, block.is_output)
    return PassResult(
        rows=np.arange(len(order)),
        blocks=blocks,
        output=join_tensors([part.output for part in parts]),
        fingerprints=join_arrays([part.fingerprints for part in parts]),
        labels=join_arrays([part.labels for part in parts]),
        thumbnails=join_arrays([part.thumbnails for part in parts]),
    )
