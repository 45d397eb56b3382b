"""umap-learn's AlignedUMAP behind our interface, to compare with and to choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tb_neuromapper.numerics.checks import check_parameters
from tb_neuromapper.numerics.neighbors import check_points
from tb_neuromapper.numerics.tracks import check_relations
from tb_neuromapper.numerics.types import FloatArray, IntArray, LayoutParameters


def umap_learn_layout(
    points: Sequence[FloatArray],
    parameters: LayoutParameters,
    *,
    metric: str = "euclidean",
    relations: Sequence[IntArray] | None = None,
) -> list[FloatArray]:
    """The layout that umap-learn computes; it cannot report progress, stop early or repeat itself exactly.

    Args:
        points: T slices (N_t, d).
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
    tables = [check_points(table, f"slice {t}") for t, table in enumerate(points)]
    if len(tables) < 2:
        raise ValueError(f"{len(tables)} slices; umap-learn's AlignedUMAP needs two or more.")
    links = check_relations([len(table) for table in tables], relations)
    mapper = import_umap().AlignedUMAP(
        n_neighbors=parameters.n_neighbors,
        min_dist=parameters.min_dist,
        spread=parameters.spread,
        metric=metric,
        n_epochs=parameters.n_passes,
        alignment_regularisation=parameters.alignment,
        alignment_window_size=parameters.window,
        random_state=parameters.seed,
    )
    mapper.fit(tables, relations=[relation_dict(link) for link in links])
    return [np.ascontiguousarray(layout, dtype=np.float32) for layout in mapper.embeddings_]


def relation_dict(relation: IntArray) -> dict[int, int]:
    """A relation as umap-learn's dict."""
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
