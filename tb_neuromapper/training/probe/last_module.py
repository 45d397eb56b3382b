"""Which module of a network gives its output."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

# They pass values on in evaluation mode.
_PASSING = (nn.Identity, nn.Flatten, nn.Unflatten, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
_N_KEPT = 4


class LastModules:
    """Remembers the last modules that ran in a forward pass, and what they returned."""

    def __init__(self) -> None:
        self._calls: deque[tuple[str, torch.Tensor, int]] = deque(maxlen=_N_KEPT)

    @contextmanager
    def watching(self, model: nn.Module) -> Iterator[None]:
        """Watch the modules without children; no hook stays behind."""
        modules = list(model.modules())
        is_compiled = any(getattr(module, "_compiled_call_impl", None) is not None for module in modules)
        # Hooks on what torch.compile has compiled would compile it again.
        leaves = [] if is_compiled else [module for module in modules if not any(True for _ in module.children())]
        handles = [leaf.register_forward_hook(self._seen) for leaf in leaves if not _is_scripted(leaf)]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
            self._calls.clear()

    def name_of_source(self, output: torch.Tensor) -> str:
        """Class name of the torch.nn module whose result the output is, unchanged but for its shape; "" = none."""
        for name, tensor, version in reversed(self._calls):
            if _storage(tensor) == _storage(output) and _version(output) == version:
                return name
        return ""

    def _seen(self, module: nn.Module, _inputs: Any, output: Any) -> None:
        # Other people's modules may compute anything inside.
        is_known = type(module).__module__.startswith("torch.nn.modules")
        if isinstance(output, torch.Tensor) and not isinstance(module, _PASSING):
            self._calls.append((type(module).__name__ if is_known else "", output, _version(output)))


def _is_scripted(module: nn.Module) -> bool:
    return isinstance(module, torch.jit.ScriptModule)


def _storage(tensor: torch.Tensor) -> tuple[torch.device, int]:
    try:
        return tensor.device, tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        # Some tensors (nested, sparse) have no single storage.
        return tensor.device, id(tensor)


def _version(tensor: torch.Tensor) -> int:
    """How often a tensor or its views were changed in place."""
    return 0 if tensor.is_inference() else tensor._version
