"""Look at a model without disturbing its training: modes, buffers and random states are put back."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn


@contextmanager
def undisturbed(model: nn.Module, generator: torch.Generator | None = None) -> Iterator[None]:
    """Evaluation mode without gradients; afterwards every bit of the training state is as before.

    Training flags are set on each module directly, because an overridden `train()` may have side effects
    (some adapters merge their weights there) and because frozen parts must stay as the user set them.

    Args:
        model: The network; flags and buffers of all its modules are kept.
        generator: A data loader's own generator, kept as well.
    """
    with ExitStack() as stack:
        for restore in (_keep_flags(model), _keep_buffers(model), *_keep_random_states(generator)):
            stack.callback(restore)
        # Under autocast, casts made without gradients would otherwise be reused by the next training step.
        stack.callback(torch.clear_autocast_cache)
        torch.clear_autocast_cache()
        for module in model.modules():
            module.training = False
        with torch.no_grad():
            yield


@contextmanager
def plain_precision(device: torch.device) -> Iterator[None]:
    """Compute in the operands' own precision and without gradients, also where the user trains under autocast."""
    with torch.no_grad(), torch.autocast(device.type, enabled=False) if _is_autocast(device.type) else nullcontext():
        yield


def _is_autocast(device_type: str) -> bool:
    """Whether autocast has to be switched off, which takes ten times as long as asking."""
    if device_type not in ("cpu", "cuda", "xpu"):
        return False
    try:
        return torch.is_autocast_enabled(device_type)
    except TypeError:  # torch before 2.4 asks of no device.
        return True


def _keep_flags(model: nn.Module) -> Callable[[], None]:
    flags = [(module, module.training) for module in model.modules()]

    def restore() -> None:
        for module, flag in flags:
            module.training = flag

    return restore


def _keep_buffers(model: nn.Module) -> Callable[[], None]:
    kept = [
        (module, name, buffer, buffer._version, buffer.detach().clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
        if buffer is not None
    ]

    def restore() -> None:
        for module, name, buffer, version, value in kept:
            # An untouched buffer is not written: a graph that waits for its backward pass may hold it.
            if buffer._version != version:
                with torch.no_grad():
                    buffer.copy_(value)
            if module._buffers.get(name) is not buffer:
                module._buffers[name] = buffer

    return restore


def _keep_random_states(generator: torch.Generator | None) -> list[Callable[[], None]]:
    """Restorers for Python, numpy, torch on each device in use, and `generator`."""
    python_state, numpy_state, torch_state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    restorers: list[Callable[[], None]] = [
        lambda: random.setstate(python_state),
        lambda: np.random.set_state(numpy_state),
        lambda: torch.set_rng_state(torch_state),
    ]
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        cuda_states = torch.cuda.get_rng_state_all()
        restorers.append(lambda: torch.cuda.set_rng_state_all(cuda_states))
    if torch.backends.mps.is_available():
        mps_state = torch.mps.get_rng_state()
        restorers.append(lambda: torch.mps.set_rng_state(mps_state))
    if generator is not None:
        own, own_state = generator, generator.get_state()
        restorers.append(lambda: _set_state(own, own_state))
    return restorers


def _set_state(generator: torch.Generator, state: Any) -> None:
    generator.set_state(state)
