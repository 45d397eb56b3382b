"""What the caller gave, checked once, before anything is opened."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from torch import nn

from tb_neuromapper.recording.events import foreign_event_files

_MAX_THUMBNAIL_SIZE = 128


def check_options(
    max_dims: int, dtype: str, gradient_every: int, payload: str, thumbnail_size: int, queue_size: int
) -> None:
    """Raise ValueError for an option outside what is allowed."""
    given = {
        "max_dims": (max_dims, 2),
        "gradient_every": (gradient_every, 0),
        "thumbnail_size": (thumbnail_size, 0),
        "queue_size": (queue_size, 1),
    }
    for name, (value, least) in given.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} is {value!r}; only an integer of {least} or more is allowed.")
    if thumbnail_size > _MAX_THUMBNAIL_SIZE:
        raise ValueError(
            f"thumbnail_size is {thumbnail_size}; at most {_MAX_THUMBNAIL_SIZE} pixels are allowed, because the page "
            "holds the pictures of all samples at once."
        )
    if dtype not in ("float16", "float32"):
        raise ValueError(f'dtype is {dtype!r}; allowed are "float16" and "float32".')
    if payload not in ("file", "event"):
        raise ValueError(f'payload is {payload!r}; allowed are "file" and "event".')


def find_run_dir(log_dir: str | Path | None, writer: Any) -> Path:
    """The run's directory.

    Raises:
        ValueError: Neither or both given, no SummaryWriter, or no local path.
    """
    if (log_dir is None) == (writer is None):
        came = "neither" if log_dir is None else "both"
        raise ValueError(f"log_dir and writer: {came} given; give one of them.")
    if writer is not None:
        if not hasattr(writer, "add_scalar") or not hasattr(writer, "file_writer"):
            raise ValueError(f"writer is a {type(writer).__name__}; give a torch.utils.tensorboard.SummaryWriter.")
        log_dir = writer.log_dir
    if "://" in str(log_dir):
        raise ValueError(f"the run's directory is {str(log_dir)!r}; only a local path can be written to.")
    return Path(str(log_dir))


def warn_of_other_writers(run_dir: Path) -> None:
    """Warn if this process has an event file in the run that is not ours."""
    names = foreign_event_files(run_dir)
    if names:
        warnings.warn(
            f"{run_dir} already has an event file of this process ({names[-1]}), probably from a SummaryWriter; of "
            "two, TensorBoard may follow only the newer. Give the NeuroMapper that SummaryWriter: writer=...",
            UserWarning,
            stacklevel=5,
        )


def unwrap(model: Any) -> nn.Module:
    """The network inside its wrappers.

    Raises:
        ValueError: No module, or one that cannot run a share of the probe without the other ranks.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(f"model is a {type(model).__name__}; give a torch.nn.Module.")
    *_, network = _layers_of_wrapping(model)
    if _is_sharded(network):
        raise ValueError(
            "the model's parameters are sharded over the ranks (FSDP, or DTensor): each forward pass needs all "
            "ranks at once, but the ranks share the probe. Give every rank an unsharded copy of the network, and load "
            "the full weights into it before each log_epoch (torch.distributed.checkpoint.state_dict."
            "get_model_state_dict with full_state_dict=True)."
        )
    if any(isinstance(parameter, nn.UninitializedParameter) for parameter in network.parameters()):
        raise ValueError("the model has lazy modules that have seen no data yet; run one batch through it first.")
    return network


def is_compiled(model: nn.Module) -> bool:
    """Whether a network, perhaps inside wrappers, runs compiled by torch.compile."""
    *wrappers, network = _layers_of_wrapping(model)
    has_compiled = any(getattr(module, "_compiled_call_impl", None) is not None for module in network.modules())
    return has_compiled or any(hasattr(wrapper, "_orig_mod") for wrapper in wrappers)


def _layers_of_wrapping(model: nn.Module) -> list[nn.Module]:
    """A network and what it is wrapped in, from outside to inside."""
    found = [model]
    wrappers = (nn.parallel.DistributedDataParallel, nn.DataParallel)
    while True:
        outer = found[-1]
        inner = outer.module if isinstance(outer, wrappers) else getattr(outer, "_orig_mod", None)
        if not isinstance(inner, nn.Module):
            return found
        found.append(inner)


def _is_sharded(network: nn.Module) -> bool:
    # By name, because importing the classes takes long and older versions of torch lack some of them.
    kinds = {kind.__name__ for module in network.modules() for kind in type(module).__mro__}
    parameters = {type(parameter).__name__ for parameter in network.parameters()}
    return bool(kinds & {"FullyShardedDataParallel", "FSDPModule"}) or "DTensor" in parameters
