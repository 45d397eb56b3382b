"""Forward hooks that stay out of compilers, traces and copies of the network, and which values they may look at."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class ForwardHook:
    """Calls `work(arguments, output)` after a module has run; copies of the module do not inherit it.

    Args:
        work: Its arguments are (args, kwargs) of the module's call, and the output, or None where the module has run
            without gradients.
    """

    def __init__(self, work: Callable[[Any, Any], None]) -> None:
        self._work = work

    def __call__(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:  # noqa: ARG002
        """What torch calls; does nothing while the module is compiled or traced."""
        # A compiler or tracer would make our work part of what it makes.
        if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
            return
        self._work((args, kwargs), output if torch.is_grad_enabled() else None)

    def __deepcopy__(self, memo: Any) -> _CopiedHook:
        return _CopiedHook()

    def __reduce__(self) -> Any:
        # Of builtin parts, so that a module that is saved with its hooks can be loaded without this package.
        return getattr, (contextlib.nullcontext(), "__exit__")


class _CopiedHook:
    """In a copy of a module that had hooks: takes itself away at the first call."""

    def __call__(self, module: nn.Module, *_: Any) -> None:
        for key, hook in list(module._forward_hooks.items()):
            if hook is self:
                del module._forward_hooks[key]
                module._forward_hooks_with_kwargs.pop(key, None)


def is_watchable(value: Any) -> bool:
    """Whether values are those of a training step, and plain: real, dense, not empty, of no functional transform."""
    if not isinstance(value, Tensor) or not value.is_floating_point():
        return False
    if value.layout != torch.strided or value.is_nested or value.is_meta or value.numel() == 0:
        return False
    wrapped = getattr(torch._C._functorch, "is_functorch_wrapped_tensor", None)
    return wrapped is None or not wrapped(value)
