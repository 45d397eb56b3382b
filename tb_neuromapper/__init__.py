"""tb_neuromapper: a TensorBoard plugin for looking inside a network while it trains.

Public names are loaded when they are first used, because TensorBoard imports this package at every start.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tb_neuromapper.numerics.umap.aligned_umap import AlignedUMAP
    from tb_neuromapper.run import Run, open_run
    from tb_neuromapper.training.callback import NeuroMapper

__version__ = "0.1.0"
__all__ = ["AlignedUMAP", "NeuroMapper", "Run", "open_run"]

_HOMES = {
    "AlignedUMAP": "tb_neuromapper.numerics.umap.aligned_umap",
    "NeuroMapper": "tb_neuromapper.training.callback",
    "Run": "tb_neuromapper.run",
    "open_run": "tb_neuromapper.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tb_neuromapper' has no attribute {name!r}; it has {', '.join(__all__)}.")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
