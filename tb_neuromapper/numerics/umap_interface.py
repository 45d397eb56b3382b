"""What umap-learn's interface takes, checked and turned into what the engine takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tb_neuromapper.numerics.curve import fit_curve
from tb_neuromapper.numerics.layout_state import SliceSettings
from tb_neuromapper.numerics.types import FloatArray, IntArray


def check_width(t: int, table: FloatArray, width: int) -> None:
    """Raise a ValueError if slice `t` has another width than slice 0."""
    if table.shape[1] != width:
        raise ValueError(
            f"slice {t} has {table.shape[1]} columns and slice 0 has {width}; all slices need the same width."
        )


def check_relation_dicts(X: Any, relations: Any) -> list[dict[int, int]]:
    """The relations as dicts.

    Raises:
        ValueError: X or relations of another kind, or not one relation between each two slices.
    """
    if not isinstance(X, (list, tuple, np.ndarray)) or len(X) == 0:
        raise ValueError(f"X is a {type(X).__name__}; a list of one or more tables is needed.")
    if relations is None:
        raise ValueError("relations are missing; pass one dict between each two slices.")
    if not isinstance(relations, (list, tuple)) or not all(isinstance(link, Mapping) for link in relations):
        raise ValueError(f"relations is a {type(relations).__name__}; a list of dicts is needed.")
    if len(relations) != len(X) - 1:
        raise ValueError(f"{len(relations)} relations for {len(X)} slices; one between each two is needed.")
    return [dict(link) for link in relations]


def link_rows(t: int, relation: Mapping[int, int], n_rows: Sequence[int]) -> IntArray:
    """A relation dict as an array; of several rows that lead to one, the last does, as in umap-learn.

    Raises:
        ValueError: A row that does not exist.
    """
    link = np.full(n_rows[t], -1, dtype=np.int32)
    sources = {int(target): int(source) for source, target in relation.items()}
    for target, source in sources.items():
        for row, limit, slice_id in ((source, n_rows[t], t), (target, n_rows[t + 1], t + 1)):
            if not 0 <= row < limit:
                raise ValueError(
                    f"relations[{t}] names row {row}, but slice {slice_id} has {limit} rows; leave absent samples out."
                )
        link[source] = target
    return link


def slice_settings(parameters: Mapping[str, Any], slices: range) -> SliceSettings:
    """What may differ between slices, of the constructor's parameters."""

    def column(name: str) -> FloatArray:
        return np.array([nth_value(name, parameters[name], t) for t in slices], dtype=np.float32)

    if parameters["a"] is not None and parameters["b"] is not None:
        curves = [(parameters["a"], parameters["b"])] * len(slices)
    else:
        shapes = [[float(nth_value(name, parameters[name], t)) for name in ("spread", "min_dist")] for t in slices]
        curves = [fit_curve(*shape) for shape in shapes]
    a, b = np.array(curves, dtype=np.float32).T.copy()
    negatives, repulsion = column("negative_sample_rate"), column("repulsion_strength")
    return SliceSettings(a, b, negatives, repulsion, column("learning_rate"))


def nth_value(name: str, values: Any, t: int) -> Any:
    """The value of slice `t` of a parameter that has one value, or one per slice.

    Raises:
        ValueError: Fewer values than slices.
    """
    if not isinstance(values, (list, tuple, np.ndarray)):
        return values
    if t >= len(values):
        raise ValueError(f"{name} has {len(values)} values, but there is a slice {t}; one value per slice is needed.")
    return values[t]


def append_value(values: Any, value: Any, n_slices: int) -> Any:
    """The parameter's values with one for a new slice after `n_slices`."""
    if isinstance(values, (list, tuple, np.ndarray)):
        return [*values, value]
    return values if value == values else [*[values] * n_slices, value]


def is_same(value: Any, supported: Any) -> bool:
    """Whether a value, or every value of a list, is the supported one."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return all(is_same(item, supported) for item in value)
    return bool(value == supported) if value is not None else supported is None


def plain_layouts(layouts: Any) -> list[FloatArray]:
    """umap-learn's typed list of layouts as arrays float32."""
    return [np.ascontiguousarray(layout, dtype=np.float32) for layout in layouts]
