"""AlignedUMAP: the interface of umap-learn's class over this package's engine."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.aligned import extend_layout, fit_layout
from tb_neuromapper.numerics.neighbors import check_metric, check_points, find_neighbors, is_metric
from tb_neuromapper.numerics.reference_engine import import_umap
from tb_neuromapper.numerics.types import FloatArray, LayoutParameters, Neighbors
from tb_neuromapper.numerics.umap_interface import (
    append_value,
    check_relation_dicts,
    check_width,
    is_same,
    link_rows,
    nth_value,
    plain_layouts,
    slice_settings,
)

ENGINES = ("neuromapper", "umap-learn")
_PER_SLICE = ("n_neighbors", "min_dist", "spread", "repulsion_strength", "learning_rate", "negative_sample_rate")
# What only umap-learn's engine honours, with the value at which ours gives the same.
_UNSUPPORTED: dict[str, Any] = {
    "n_components": 2,
    "metric_kwds": None,
    "init": "spectral",
    "set_op_mix_ratio": 1.0,
    "local_connectivity": 1.0,
    "unique": False,
}


class AlignedUMAP:
    """Layouts of a sequence of slices in one coordinate system; drop-in for `umap.AlignedUMAP` 0.5.12.

    Parameters are umap-learn's. n_neighbors, min_dist, spread, repulsion_strength, learning_rate and
    negative_sample_rate take one value or one per slice. low_memory, transform_queue_size, angular_rp_forest,
    transform_seed, force_approximation_algorithm and the target parameters are accepted and change nothing with our
    engine. What only umap-learn can do (more than two components, other metrics, labels, ...) is left to umap-learn,
    with a warning, so that the meaning stays that of umap-learn's class.

    Args:
        engine: "neuromapper", or "umap-learn" for the reference.

    Attributes:
        engine_: The engine that made the layout.
        embeddings_: T arrays float32 (N_t, 2); NaN for samples without neighbours.
        n_models_: Number of slices.
        dict_relations_: The relations, T - 1 dicts.

    Reference: umap-learn 0.5.12, aligned_umap.py.
    """

    def __init__(
        self,
        n_neighbors: Any = 15,
        n_components: int = 2,
        metric: str = "euclidean",
        metric_kwds: dict[str, Any] | None = None,
        n_epochs: int | None = None,
        learning_rate: Any = 1.0,
        init: str = "spectral",
        alignment_regularisation: float = 1.0e-2,
        alignment_window_size: int = 3,
        min_dist: Any = 0.1,
        spread: Any = 1.0,
        low_memory: bool = False,
        set_op_mix_ratio: Any = 1.0,
        local_connectivity: Any = 1.0,
        repulsion_strength: Any = 1.0,
        negative_sample_rate: Any = 5,
        transform_queue_size: float = 4.0,
        a: float | None = None,
        b: float | None = None,
        random_state: Any = None,
        angular_rp_forest: bool = False,
        target_n_neighbors: int = -1,
        target_metric: str = "categorical",
        target_metric_kwds: dict[str, Any] | None = None,
        target_weight: float = 0.5,
        transform_seed: int = 42,
        force_approximation_algorithm: bool = False,
        verbose: bool = False,
        unique: bool = False,
        engine: str = "neuromapper",
    ) -> None:
        self.n_neighbors = n_neighbors
        self.n_components = n_components
        self.metric = metric
        self.metric_kwds = metric_kwds
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.init = init
        self.alignment_regularisation = alignment_regularisation
        self.alignment_window_size = alignment_window_size
        self.min_dist = min_dist
        self.spread = spread
        self.low_memory = low_memory
        self.set_op_mix_ratio = set_op_mix_ratio
        self.local_connectivity = local_connectivity
        self.repulsion_strength = repulsion_strength
        self.negative_sample_rate = negative_sample_rate
        self.transform_queue_size = transform_queue_size
        self.a = a
        self.b = b
        self.random_state = random_state
        self.angular_rp_forest = angular_rp_forest
        self.target_n_neighbors = target_n_neighbors
        self.target_metric = target_metric
        self.target_metric_kwds = target_metric_kwds
        self.target_weight = target_weight
        self.transform_seed = transform_seed
        self.force_approximation_algorithm = force_approximation_algorithm
        self.verbose = verbose
        self.unique = unique
        self.engine = engine

    def fit(self, X: Sequence[npt.ArrayLike], y: Any = None, **fit_params: Any) -> AlignedUMAP:
        """Lay out all slices together.

        Args:
            X: T tables (N_t, d_t).
            y: Labels, for umap-learn's engine.
            relations: T - 1 dicts from a row of slice t to the same sample's row in slice t + 1.
            window_size: Overrides alignment_window_size.

        Raises:
            ValueError: Input that cannot be laid out; the message names slice and row.
            ImportError: umap-learn's engine is needed and not installed.
        """
        self.engine_ = self._choose_engine(y)
        relations = check_relation_dicts(X, fit_params.get("relations"))
        self.dict_relations_ = relations
        if self.engine_ == "umap-learn":
            return self._fit_reference(X, y, fit_params)
        self.n_models_ = len(X)
        tables = [check_points(table, f"slice {t}") for t, table in enumerate(X)]
        for t, table in enumerate(tables):
            check_width(t, table, tables[0].shape[1])
        self.n_features_in_ = tables[0].shape[1]
        self._neighbors = [self._find(t, table) for t, table in enumerate(tables)]
        n_rows = [len(table) for table in tables]
        links = [link_rows(t, relation, n_rows) for t, relation in enumerate(relations)]
        parameters, settings = (
            self._layout_parameters(fit_params),
            slice_settings(self.get_params(), range(len(tables))),
        )
        self.embeddings_ = fit_layout(self._neighbors, parameters, relations=links, settings=settings)
        return self

    def fit_transform(self, X: Sequence[npt.ArrayLike], y: Any = None, **fit_params: Any) -> list[FloatArray]:
        """`fit`, then the layouts."""
        self.fit(X, y, **fit_params)
        return self.embeddings_

    def update(self, X: npt.ArrayLike, y: Any = None, **fit_params: Any) -> AlignedUMAP:
        """Lay out one more slice; the older ones stay as they are.

        Args:
            X: One table (N, d).
            relations: One dict from the last slice's rows to the new one's.
            window_size: Overrides alignment_window_size.
            Any parameter of the constructor that takes one value per slice: the new slice's value.

        Raises:
            ValueError, ImportError: See `fit`; also if nothing was fitted before.
        """
        if not hasattr(self, "embeddings_"):
            raise ValueError("this AlignedUMAP is not fitted; call fit before update.")
        relation = fit_params.get("relations")
        if not isinstance(relation, Mapping):
            raise ValueError(f"relations is a {type(relation).__name__}; update needs one dict, last slice to new.")
        if y is not None and self.engine_ != "umap-learn":
            raise ValueError('y is given, but the fit was made without; only engine="umap-learn" uses labels.')
        if self.engine_ == "umap-learn":
            self._mapper.update(X, y, **fit_params)
            self.embeddings_ = plain_layouts(self._mapper.embeddings_)
            self.dict_relations_, self.n_models_ = self._mapper.dict_relations_, self._mapper.n_models_
            return self
        before = self.get_params()
        try:
            return self._extend(X, dict(relation), fit_params)
        except BaseException:
            self.set_params(**before)
            raise

    def _extend(self, X: npt.ArrayLike, relation: dict[int, int], fit_params: dict[str, Any]) -> AlignedUMAP:
        t = self.n_models_
        table = check_points(X, f"slice {t}")
        check_width(t, table, self.n_features_in_)
        for name in _PER_SLICE:
            if name in fit_params:
                setattr(self, name, append_value(getattr(self, name), fit_params[name], t))
        neighbors = [*self._neighbors, self._find(t, table)]
        relations = [*self.dict_relations_, relation]
        parameters = self._layout_parameters(fit_params)
        first = max(0, t - max(1, parameters.window))
        n_rows = [len(near.ids) for near in neighbors]
        links = [link_rows(i, relations[i], n_rows) for i in range(first, t)]
        settings = slice_settings(self.get_params(), range(first, t + 1))
        layout = extend_layout(
            neighbors[first:], self.embeddings_[first:], parameters, relations=links, settings=settings
        )
        self._neighbors, self.dict_relations_, self.n_models_ = neighbors, relations, t + 1
        self.embeddings_ = [*self.embeddings_, layout]
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """The constructor's parameters, as scikit-learn asks for them."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> AlignedUMAP:
        """Set constructor parameters.

        Raises:
            ValueError: An unknown name.
        """
        names = self._parameter_names()
        for name, value in params.items():
            if name not in names:
                raise ValueError(f"{name!r} is no parameter of AlignedUMAP; allowed are {', '.join(names)}.")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [f"{k}={v!r}" for k, v in self.get_params().items() if v is not defaults[k].default]
        return f"AlignedUMAP({', '.join(changed)})"

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def _choose_engine(self, y: Any) -> str:
        """Our engine, or umap-learn's if it was asked for or alone can do what was asked."""
        if self.engine not in ENGINES:
            raise ValueError(f"engine {self.engine!r} is unknown; allowed are {', '.join(ENGINES)}.")
        if self.engine == "umap-learn":
            return self.engine
        changed = [name for name, value in _UNSUPPORTED.items() if not is_same(getattr(self, name), value)]
        wanted = [f"{name}={getattr(self, name)!r}" for name in changed] + (["y"] if y is not None else [])
        if not is_metric(self.metric):
            wanted.append(f"metric={self.metric!r}")
        if not wanted:
            return self.engine
        message = "only umap-learn has this; its engine is used, which takes about a hundred times as long."
        warnings.warn(f"{', '.join(wanted)}: {message}", stacklevel=3)
        return "umap-learn"

    def _fit_reference(self, X: Sequence[npt.ArrayLike], y: Any, fit_params: dict[str, Any]) -> AlignedUMAP:
        parameters = {name: value for name, value in self.get_params().items() if name != "engine"}
        self._mapper = import_umap().AlignedUMAP(**parameters)
        self._mapper.fit(X, y, **fit_params)
        self.embeddings_, self.n_models_ = plain_layouts(self._mapper.embeddings_), self._mapper.n_models_
        return self

    def _find(self, t: int, table: FloatArray) -> Neighbors:
        n_neighbors = int(nth_value("n_neighbors", self.n_neighbors, t))
        if n_neighbors < 2:
            raise ValueError(f"n_neighbors is {n_neighbors}; it counts the sample itself and must be 2 or more.")
        near = find_neighbors(table, n_neighbors=n_neighbors - 1, metric=self.metric, seed=self._seed())
        if check_metric(self.metric) not in ("cosine", "correlation"):
            return near
        # Opposite vectors have nothing in common: umap-learn cuts such edges.
        return Neighbors(np.where(near.dists >= 2, -1, near.ids).astype(np.int32), near.dists)

    def _seed(self) -> int:
        if self.random_state is None:
            return 0
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state)
        if not hasattr(self, "_drawn_seed"):
            self._drawn_seed = int(self.random_state.randint(2**31 - 1))
        return self._drawn_seed

    def _layout_parameters(self, fit_params: dict[str, Any]) -> LayoutParameters:
        n_neighbors = max(np.atleast_1d(self.n_neighbors).astype(int))
        return LayoutParameters(
            n_neighbors=int(n_neighbors),
            min_dist=float(np.atleast_1d(self.min_dist)[0]),
            spread=float(np.atleast_1d(self.spread)[0]),
            alignment=float(self.alignment_regularisation),
            window=int(fit_params.get("window_size", self.alignment_window_size)),
            seed=self._seed(),
            n_passes=None if self.n_epochs is None else int(self.n_epochs),
        )
