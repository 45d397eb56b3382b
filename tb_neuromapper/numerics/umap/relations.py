"""The checks of umap-learn's interface, and the conversion of its input into what the engines take."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse

from tb_neuromapper.numerics.features import check_features, not_finite
from tb_neuromapper.numerics.layout.curve import fit_curve
from tb_neuromapper.numerics.layout.state import SliceSettings
from tb_neuromapper.numerics.types import FloatArray, IntArray
from tb_neuromapper.numerics.umap.parameters import is_whole, nth_value


def check_names(method: str, given: Mapping[str, Any], allowed: Sequence[str]) -> None:
    """Check the names of a method's parameters.

    Args:
        method: Its name, for the error.
        given: What it was called with, by name.
        allowed: The names that it uses.

    Raises:
        ValueError: It would not use one of them.
    """
    for name in given:
        if name not in allowed:
            raise ValueError(f"{name!r} is no parameter of {method}; allowed are {', '.join(allowed)}.")


def check_slices(X: Any) -> list[Any]:
    """The slices as T tables float32 (N_t, d_t), sparse ones as compressed rows.

    Raises:
        ValueError: X is not a list of one or more tables of finite numbers.
    """
    is_array = isinstance(X, np.ndarray) and X.ndim > 0
    if not (is_array or isinstance(X, (list, tuple))) or len(X) == 0:
        raise ValueError(f"X is {reprlib.repr(X)}; a list of one or more tables is needed.")
    return [
        _check_sparse(table, t) if issparse(table) else check_features(table, f"slice {t}") for t, table in enumerate(X)
    ]


def _check_sparse(table: Any, t: int) -> csr_matrix:
    rows = csr_matrix(table, dtype=np.float32)
    if 0 in rows.shape:
        raise ValueError(f"slice {t}: shape {rows.shape}; at least one row and one column are needed.")
    bad = np.flatnonzero(~np.isfinite(rows.data))
    if len(bad):
        raise not_finite(int(np.searchsorted(rows.indptr, bad[0], side="right")) - 1, f"slice {t}")
    return rows


def check_labels(y: Any, n_slices: int) -> Any:
    """The labels of all slices, or None if no slice has any.

    Raises:
        ValueError: y is not a list with one item for every slice.
    """
    if y is None:
        return None
    if not isinstance(y, (list, tuple, np.ndarray)) or len(y) != n_slices:
        raise ValueError(f"y is {reprlib.repr(y)}; a list of {n_slices} arrays or Nones, one a slice, is needed.")
    return None if all(labels is None for labels in y) else y


def check_relation_dicts(relations: Any, n_rows: Sequence[int]) -> list[dict[int, int]]:
    """The relations as T - 1 dicts of int.

    Raises:
        ValueError: There is not one dict between each two slices, or a row does not exist.
    """
    if relations is None:
        raise ValueError("relations are missing; pass one dict between each two slices.")
    if not isinstance(relations, (list, tuple)) or not all(isinstance(link, Mapping) for link in relations):
        raise ValueError(f"relations is a {type(relations).__name__}; a list of dicts is needed.")
    if len(relations) != len(n_rows) - 1:
        raise ValueError(f"{len(relations)} relations for {len(n_rows)} slices; one between each two is needed.")
    return [check_relation_dict(t, link, n_rows[t], n_rows[t + 1]) for t, link in enumerate(relations)]


def check_relation_dict(t: int, relation: Mapping[Any, Any], n_before: int, n_after: int) -> dict[int, int]:
    """The relation between slice t, of n_before rows, and slice t + 1, of n_after rows, as a dict of int.

    Raises:
        ValueError: A row that does not exist.
    """
    for rows, limit, slice_id in ((relation.keys(), n_before, t), (relation.values(), n_after, t + 1)):
        for row in rows:
            if not is_whole(row):
                raise ValueError(f"relations[{t}] names row {reprlib.repr(row)}; only integers name rows.")
            if not 0 <= row < limit:
                raise ValueError(
                    f"relations[{t}] names row {row}, but slice {slice_id} has {limit} rows; leave absent samples out."
                )
    return {int(source): int(target) for source, target in relation.items()}


def link_rows(relation: Mapping[int, int], n_rows: int) -> IntArray:
    """A relation as int32 (n_rows,), -1 if absent; of several rows that lead to one the last wins, as in umap-learn."""
    link = np.full(n_rows, -1, dtype=np.int32)
    for target, source in {target: source for source, target in relation.items()}.items():
        link[source] = target
    return link


def slice_settings(parameters: Mapping[str, Any], slices: range) -> SliceSettings:
    """The constructor's parameters that may differ between slices, for the given slices."""

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


def is_same(value: Any, supported: Any) -> bool:
    """Whether a value, or every value of a nested list, equals the supported one."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return all(is_same(item, supported) for item in value)
    return bool(value == supported)
