"""umap-learn's AlignedUMAP behind the interfaces of this package: the reference engine."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tb_neuromapper.numerics.features import check_features
from tb_neuromapper.numerics.layout.checks import check_parameters
from tb_neuromapper.numerics.layout.tracks import check_relations
from tb_neuromapper.numerics.types import FloatArray, IntArray, LayoutParameters
from tb_neuromapper.numerics.umap.parameters import plain_values


@dataclass(frozen=True)
class UmapModel:
    """Slices and the layouts that umap-learn made of them.

    Attributes:
        mapper: umap-learn's fitted AlignedUMAP.
        layouts: T arrays float32 (N_t, 2).
        relations: T - 1 dicts.
    """

    mapper: Any
    layouts: list[FloatArray]
    relations: list[dict[int, int]]

    @property
    def n_rows(self) -> list[int]:
        """Number of samples of every slice."""
        return [len(layout) for layout in self.layouts]


def umap_learn_layout(
    features: Sequence[FloatArray],
    parameters: LayoutParameters,
    *,
    metric: str = "euclidean",
    relations: Sequence[IntArray] | None = None,
) -> list[FloatArray]:
    """The layout that umap-learn computes; it cannot report progress, stop early or repeat itself exactly.

    Args:
        features: T slices (N_t, d).
        parameters: See LayoutParameters; umap-learn does not use min_dist and spread in aligned layouts.
        metric: Any metric of umap-learn.
        relations: See `fit_layout`.

    Returns:
        T arrays float32 (N_t, 2).

    Raises:
        ImportError: umap-learn is not installed.
        ValueError: Fewer than two slices, or input that `fit_layout` would not take.
    """
    check_parameters(parameters)
    tables = [check_features(table, f"slice {t}") for t, table in enumerate(features)]
    links = check_relations([len(table) for table in tables], relations)
    chosen = {
        "n_neighbors": parameters.n_neighbors,
        "min_dist": parameters.min_dist,
        "spread": parameters.spread,
        "metric": metric,
        "n_epochs": parameters.n_passes,
        "alignment_regularisation": parameters.alignment,
        "random_state": parameters.seed,
    }
    return fit_umap(tables, None, [relation_dict(link) for link in links], chosen, parameters.window).layouts


def fit_umap(
    tables: Sequence[Any], y: Any, relations: list[dict[int, int]], parameters: Mapping[str, Any], window: int
) -> UmapModel:
    """Lay out all slices together.

    Args:
        tables: T checked tables, or sparse matrices.
        y: T labels or Nones, or None.
        relations: T - 1 checked dicts.
        parameters: Checked parameters of umap-learn's constructor.
        window: Slices to either side that pull.

    Raises:
        ImportError: umap-learn is not installed.
        ValueError: Fewer than two slices, too few samples, or an unknown metric or target_metric.
    """
    n_rows = [table.shape[0] for table in tables]
    if len(n_rows) < 2:
        raise ValueError(f'{len(n_rows)} slices; umap-learn needs two or more. The engine "neuromapper" takes one.')
    chosen = plain_values(parameters)
    _check_size(n_rows, chosen.get("n_components", 2))
    _check_metric(chosen.get("metric", "euclidean"))
    if y is not None:
        _check_target_metric(chosen["target_metric"])
    mapper = import_umap().AlignedUMAP(**chosen)
    mapper.fit(tables, y, relations=[_SizedRelation(link, n_rows) for link in relations], window_size=int(window))
    return UmapModel(mapper, _plain_layouts(mapper.embeddings_), relations)


def update_umap(
    model: UmapModel, table: FloatArray, y: Any, relation: dict[int, int], parameters: Mapping[str, Any], window: int
) -> UmapModel:
    """Lay out one more slice; the older layouts, and the model, stay as they are.

    Args:
        model: The slices before.
        table: float32 (N, d), checked.
        y: Labels of the new slice, or None.
        relation: The checked dict from the last slice's rows to the new one's.
        parameters: Checked parameters of umap-learn's constructor.
        window: Slices before that pull.

    Raises:
        ValueError: Too few samples, or an unknown metric or target_metric.
    """
    n_rows = [*model.n_rows, len(table)]
    chosen = plain_values(parameters)
    _check_size(n_rows, chosen["n_components"])
    _check_metric(chosen["metric"])
    if y is not None:
        _check_target_metric(chosen["target_metric"])
    mapper = copy.copy(model.mapper)
    vars(mapper).update(chosen)
    mapper.mappers_, mapper.dict_relations_ = list(mapper.mappers_), list(mapper.dict_relations_)
    mapper.embeddings_ = type(mapper.embeddings_)([layout.copy() for layout in mapper.embeddings_])
    mapper.update(table, y, relations=_SizedRelation(relation, n_rows), window_size=int(window))
    return UmapModel(mapper, _plain_layouts(mapper.embeddings_), [*model.relations, relation])


class _SizedRelation(dict[int, int]):
    """A relation whose keys and values reach to the last row of the largest slice.

    umap-learn makes its tables as long as the largest key or value, and reads beyond them if a slice has more rows.
    """

    def __init__(self, relation: Mapping[int, int], n_rows: Sequence[int]) -> None:
        super().__init__(relation)
        self._rows = range(max(n_rows))

    def keys(self) -> Any:
        return self._rows

    def values(self) -> Any:
        return self._rows


def _check_size(n_rows: Sequence[int], n_components: int) -> None:
    """umap-learn's spectral layout needs n_components + 2 samples, as it takes that many eigenvectors."""
    for t, n in enumerate(n_rows):
        if n < n_components + 2:
            raise ValueError(
                f"slice {t} has {n} samples; umap-learn needs {n_components + 2} or more in {n_components} dimensions."
            )


def _check_metric(metric: Any) -> None:
    import_umap()
    from pynndescent.distances import named_distances  # umap-learn takes these and its own.
    from umap.distances import named_distances as own_distances

    known = sorted({"precomputed", *named_distances, *own_distances})
    if not callable(metric) and metric not in known:
        raise ValueError(f"metric is {metric!r}; allowed are {', '.join(known)}.")


def _check_target_metric(metric: Any) -> None:
    distances = import_umap().distances
    known = sorted({*distances.DISCRETE_METRICS, *distances.named_distances})
    if metric not in known:
        raise ValueError(f"target_metric is {metric!r}; allowed are {', '.join(known)}.")


def _plain_layouts(layouts: Iterable[Any]) -> list[FloatArray]:
    """umap-learn's typed list of layouts as arrays float32."""
    return [np.ascontiguousarray(layout, dtype=np.float32) for layout in layouts]


def relation_dict(relation: IntArray) -> dict[int, int]:
    """A relation array (N_t,), -1 for absent samples, as umap-learn's dict of rows."""
    own = np.flatnonzero(np.asarray(relation) >= 0)
    return {int(row): int(relation[row]) for row in own}


def import_umap() -> Any:
    """The umap package.

    Raises:
        ImportError: umap-learn is not installed; the message says how to install it.
    """
    try:
        import umap
    except ImportError as error:
        raise ImportError('The engine "umap-learn" needs umap-learn: pip install "tb-neuromapper[umap]".') from error
    return umap
