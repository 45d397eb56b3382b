"""This package's engine behind umap-learn's interface: from checked tables, relations and parameters to layouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tb_neuromapper.numerics.layout.aligned import extend_layout, fit_layout
from tb_neuromapper.numerics.neighbors.find import check_metric, find_neighbors
from tb_neuromapper.numerics.types import FloatArray, LayoutParameters, Neighbors
from tb_neuromapper.numerics.umap.parameters import draw_seed, is_list, nth_value
from tb_neuromapper.numerics.umap.relations import link_rows, slice_settings


@dataclass(frozen=True)
class NeuromapperModel:
    """Slices and their layouts.

    Attributes:
        neighbors: T neighbour lists (N_t, k_t).
        layouts: T arrays float32 (N_t, 2).
        relations: T - 1 dicts from a row of slice t to the same sample's row in slice t + 1.
        seed: Drawn at the fit; updates use it too.
    """

    neighbors: list[Neighbors]
    layouts: list[FloatArray]
    relations: list[dict[int, int]]
    seed: int

    @property
    def n_rows(self) -> list[int]:
        """Number of samples of every slice."""
        return [len(near.ids) for near in self.neighbors]


def fit_neuromapper(
    tables: Sequence[FloatArray], relations: list[dict[int, int]], parameters: Mapping[str, Any], window: int
) -> NeuromapperModel:
    """Lay out all slices together.

    Args:
        tables: T checked tables float32 (N_t, d_t).
        relations: T - 1 checked dicts.
        parameters: Checked parameters of umap-learn's constructor.
        window: Slices to either side that pull.

    Raises:
        ValueError: A table whose numbers differ too much in size, see `find_neighbors`.
    """
    seed = draw_seed(parameters["random_state"])
    chosen, settings = _layout_parameters(parameters, window, seed), slice_settings(parameters, range(len(tables)))
    neighbors = [_find(t, table, parameters, seed) for t, table in enumerate(tables)]
    links = [link_rows(relation, len(tables[t])) for t, relation in enumerate(relations)]
    layouts = fit_layout(neighbors, chosen, relations=links, settings=settings)
    return NeuromapperModel(neighbors, layouts, relations, seed)


def update_neuromapper(
    model: NeuromapperModel, table: FloatArray, relation: dict[int, int], parameters: Mapping[str, Any], window: int
) -> NeuromapperModel:
    """Lay out one more slice; the older layouts, and the model, stay as they are.

    Args:
        model: The slices before.
        table: float32 (N, d), checked.
        relation: The checked dict from the last slice's rows to the new one's.
        parameters: Checked parameters of umap-learn's constructor.
        window: Slices before that pull.

    Raises:
        ValueError: See `fit_neuromapper`.
    """
    t = len(model.layouts)
    neighbors = [*model.neighbors, _find(t, table, parameters, model.seed)]
    relations = [*model.relations, relation]
    chosen = _layout_parameters(parameters, window, model.seed)
    first = max(0, t - max(1, chosen.window))
    links = [link_rows(relations[i], len(neighbors[i].ids)) for i in range(first, t)]
    settings = slice_settings(parameters, range(first, t + 1))
    layout = extend_layout(neighbors[first:], model.layouts[first:], chosen, relations=links, settings=settings)
    return NeuromapperModel(neighbors, [*model.layouts, layout], relations, model.seed)


def _find(t: int, table: FloatArray, parameters: Mapping[str, Any], seed: int) -> Neighbors:
    n_neighbors, metric = int(nth_value("n_neighbors", parameters["n_neighbors"], t)), parameters["metric"]
    near = find_neighbors(table, n_neighbors=n_neighbors - 1, metric=metric, seed=seed, name=f"slice {t}")
    if check_metric(metric) not in ("cosine", "correlation"):
        return near
    # Opposite vectors have nothing in common: umap-learn cuts such edges.
    return Neighbors(np.where(near.dists >= 2, -1, near.ids).astype(np.int32), near.dists)


def _layout_parameters(parameters: Mapping[str, Any], window: int, seed: int) -> LayoutParameters:
    n_neighbors, n_epochs = parameters["n_neighbors"], parameters["n_epochs"]
    return LayoutParameters(
        n_neighbors=int(max(n_neighbors) if is_list(n_neighbors) else n_neighbors),
        min_dist=float(nth_value("min_dist", parameters["min_dist"], 0)),
        spread=float(nth_value("spread", parameters["spread"], 0)),
        alignment=float(parameters["alignment_regularisation"]),
        window=int(window),
        seed=seed,
        n_passes=None if n_epochs is None else int(n_epochs),
    )
