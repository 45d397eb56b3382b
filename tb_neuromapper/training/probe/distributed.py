"""Ranks share the probe set; rank 0 joins the shares and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import distributed

from tb_neuromapper.training.probe.answers import join_answers
from tb_neuromapper.training.probe.forward import BlockRows, PassResult, refuse_partial

T = TypeVar("T")


def rank_and_size() -> tuple[int, int]:
    """This process's rank and the number of ranks; (0, 1) outside a process group."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def on_every_rank(work: Callable[[], T]) -> T:
    """Run `work` on every rank; if it fails on one, every rank raises, so that none waits for ever.

    Raises:
        ValueError, RuntimeError: What `work` raised here; on the other ranks a RuntimeError with its message.
    """
    if rank_and_size()[1] == 1:
        return work()
    result, failure = None, None
    try:
        result = work()
    except Exception as error:
        failure = error
    messages: list[Any] = [None] * rank_and_size()[1]
    distributed.all_gather_object(messages, None if failure is None else f"{type(failure).__name__}: {failure}")
    if failure is not None:
        raise failure
    for rank, message in enumerate(messages):
        if message is not None:
            raise RuntimeError(f"NeuroMapper failed on rank {rank}: {message}")
    return result  # type: ignore[return-value]


def gather(result: PassResult) -> list[PassResult] | None:
    """All ranks' shares on rank 0; None on the others."""
    rank, n_ranks = rank_and_size()
    if n_ranks == 1:
        return [result]
    parts: list[Any] | None = [None] * n_ranks if rank == 0 else None
    distributed.gather_object(_to_cpu(result), parts, dst=0)
    return parts


def join_shares(parts: Sequence[PassResult], device: torch.device) -> PassResult:
    """The shares as one result, in the probe's order.

    Raises:
        ValueError: A block ran on some ranks only.
    """
    if len(parts) == 1:
        return parts[0]
    # Ranks without samples know of no blocks.
    parts = [part for part in parts if len(part.rows)] or parts[:1]
    order = np.argsort(np.concatenate([part.rows for part in parts]), kind="stable")
    on_device = torch.from_numpy(order).to(device)

    def join_arrays(arrays: Sequence[Any]) -> Any:
        return None if any(array is None for array in arrays) else np.concatenate(arrays)[order]

    def join_blocks(found: Sequence[BlockRows]) -> BlockRows:
        rows = torch.cat([block.rows for block in found]).to(device)
        return BlockRows(rows[on_device], found[0].reduction, found[0].is_output)

    blocks = {}
    for name in dict.fromkeys(name for part in parts for name in part.blocks):
        found = [part.blocks[name] for part in parts if name in part.blocks]
        refuse_partial(name, sum(len(block.rows) for block in found), len(order))
        blocks[name] = join_blocks(found)
    networks = [part.network for part in parts if part.network is not None]
    return PassResult(
        rows=np.arange(len(order)),
        blocks=blocks,
        network=join_blocks(networks) if networks and len(networks) == len(parts) else None,
        fingerprints=join_arrays([part.fingerprints for part in parts]),
        answers=join_answers([part.answers for part in parts], order, device),
        thumbnails=join_arrays([part.thumbnails for part in parts]),
    )


def _to_cpu(result: PassResult) -> PassResult:
    blocks = {name: block.to_cpu() for name, block in result.blocks.items()}
    network = None if result.network is None else result.network.to_cpu()
    return replace(result, blocks=blocks, network=network, answers=result.answers.to_cpu())
