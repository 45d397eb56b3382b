"""Which blocks of a network to look at, and the hooks that read their outputs during a probe pass."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

# With more blocks than this, an automatic choice keeps the first, the last and evenly spaced ones between.
MAX_BLOCKS = 8

_STAGE = re.compile(r"(layer|stage|stages|block|blocks|denseblock)[_.]?\d+")
_SHAPE_ONLY = (nn.Identity, nn.Flatten, nn.Unflatten, nn.modules.dropout._DropoutNd)


def choose_blocks(model: nn.Module, wanted: Sequence[str] | None) -> list[str]:
    """Names of the modules to log, in the order of registration.

    Args:
        model: The network, without wrappers.
        wanted: Module names or shell patterns (`layer*`, `encoder.*.mlp`), where `*` also crosses dots, unless the
            pattern matches modules without crossing any further dot; None finds the blocks automatically.

    Raises:
        ValueError: A name or pattern matches no module, or `wanted` is empty or a plain string.
    """
    if wanted is None:
        return find_blocks(model)
    if isinstance(wanted, str):
        raise ValueError(f"blocks is the string {wanted!r}; give a list of names or patterns: blocks=[{wanted!r}].")
    if not list(wanted):
        raise ValueError("blocks is empty; name at least one block, or give None to find them automatically.")
    names = [name for name, _ in model.named_modules() if name]
    chosen = {name for pattern in wanted for name in _matches(pattern, names)}
    return [name for name in names if name in chosen]


def _matches(pattern: str, names: list[str]) -> list[str]:
    if pattern in names:
        return [pattern]
    found = [name for name in names if fnmatchcase(name, pattern)]
    same_depth = [name for name in found if name.count(".") == pattern.count(".")]
    if found:
        return same_depth or found
    depth = pattern.count(".")
    same_depth = [name for name in names if name.count(".") == depth]
    close = difflib.get_close_matches(pattern, same_depth, n=1) or difflib.get_close_matches(pattern, names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    shallow_first = sorted(names, key=lambda name: name.count("."))
    shown = ", ".join(shallow_first[:40]) + (f" and {len(names) - 40} more" if len(names) > 40 else "")
    raise ValueError(f"blocks names {pattern!r}, which no module matches.{hint} The modules are: {shown or 'none'}.")


def find_blocks(model: nn.Module) -> list[str]:
    """The blocks of a network: stages, repeated blocks, a Sequential's parts, or its direct children.

    Looked for in this order: siblings named like residual stages (layer1, layer2, ...); modules of one class that fill
    lists (transformer blocks), or, where they fill several Sequentials, these as stages; the parts of a Sequential,
    each from a layer with weights up to the next; the children that hold parameters. Of more than MAX_BLOCKS, evenly
    spaced ones are kept. A network without children has no blocks; only its output is logged.
    """
    return _spread(_stages(model) or _repeated_blocks(model) or list(_parts(model, "")))


def _stages(model: nn.Module) -> list[str]:
    """Siblings with names like layer1 and layer2, of the parent that comes first."""
    by_parent: dict[str, list[str]] = {}
    for name, part in model.named_modules():
        parent, _, own_name = name.rpartition(".")
        if _STAGE.fullmatch(own_name) and _has_parameters(part):
            by_parent.setdefault(parent, []).append(name)
    return next((names for names in by_parent.values() if len(names) >= 2), [])


def _repeated_blocks(model: nn.Module) -> list[str]:
    """The class of composite modules that fills lists most often; its members, or the Sequentials of them."""
    lists: dict[type[nn.Module], list[tuple[str, list[str]]]] = {}
    for name, module in model.named_modules():
        if not isinstance(module, (nn.ModuleList, nn.Sequential)):
            continue
        children = [(f"{name}.{key}" if name else key, child) for key, child in module.named_children()]
        kinds = {type(child) for _, child in children}
        are_composite = all(
            _has_parameters(child) and next(child.children(), None) is not None for _, child in children
        )
        if len(kinds) == 1 and are_composite and nn.Sequential not in kinds:
            lists.setdefault(kinds.pop(), []).append((name, [child for child, _ in children]))
    best = max(lists.values(), key=lambda found: sum(len(members) for _, members in found), default=[])
    members = [member for _, names in best for member in names]
    are_stages = len(best) >= 2 and all(isinstance(model.get_submodule(name), nn.Sequential) for name, _ in best)
    if are_stages:
        return [name for name, _ in best]
    return members if len(members) >= 2 else []


def _parts(module: nn.Module, prefix: str) -> Iterator[str]:
    """Parts of a module from input to output; a Sequential or ModuleList inside is opened up."""
    children = [(f"{prefix}{key}", child) for key, child in module.named_children()]
    if isinstance(module, nn.Sequential):
        yield from _stretches(children)
        return
    for name, child in children:
        if isinstance(child, (nn.ModuleList, nn.ModuleDict)) or (
            isinstance(child, nn.Sequential) and len(children) < 4
        ):
            yield from _parts(child, f"{name}.")
        elif _has_parameters(child):
            yield name


def _stretches(children: list[tuple[str, nn.Module]]) -> Iterator[str]:
    """In a Sequential, the last module of each stretch that begins with a layer with weights.

    So a stretch "convolution, batch norm, ReLU" is represented by what comes out of its ReLU.
    """
    last: str | None = None
    for name, child in children:
        if _begins_stretch(child) and last is not None:
            yield last
            last = None
        if last is None and not _has_parameters(child):
            continue
        if not isinstance(child, _SHAPE_ONLY):
            last = name
    if last is not None:
        yield last


def _begins_stretch(module: nn.Module) -> bool:
    norms = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.PReLU)
    return _has_parameters(module) and not isinstance(module, norms)


def _has_parameters(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None


def _spread(names: list[str]) -> list[str]:
    if len(names) <= MAX_BLOCKS:
        return names
    last = len(names) - 1
    return [names[round(i * last / (MAX_BLOCKS - 1))] for i in range(MAX_BLOCKS)]


@contextmanager
def hooked(model: nn.Module, names: Sequence[str], collect: Callable[[str, nn.Module, Any], None]) -> Iterator[None]:
    """Call `collect(name, module, output)` whenever one of the named modules runs; no hook stays behind."""
    modules = dict(model.named_modules())
    handles = []
    try:
        for name in names:
            handles.append(modules[name].register_forward_hook(_make_hook(name, collect)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _make_hook(name: str, collect: Callable[[str, nn.Module, Any], None]) -> Callable[[nn.Module, Any, Any], None]:
    def hook(module: nn.Module, _inputs: Any, output: Any) -> None:
        collect(name, module, output)

    return hook
