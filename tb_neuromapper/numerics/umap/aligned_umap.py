"""AlignedUMAP: umap-learn's interface to this package's engine."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
from scipy.sparse import issparse

from tb_neuromapper.numerics.features import check_features
from tb_neuromapper.numerics.neighbors.find import is_metric
from tb_neuromapper.numerics.types import FloatArray
from tb_neuromapper.numerics.umap.neuromapper_engine import NeuromapperModel, fit_neuromapper, update_neuromapper
from tb_neuromapper.numerics.umap.parameters import (
    PER_SLICE,
    UMAP_PER_SLICE,
    append_value,
    check_number,
    check_umap_parameters,
    is_list,
)
from tb_neuromapper.numerics.umap.reference_engine import UmapModel, fit_umap, update_umap
from tb_neuromapper.numerics.umap.relations import (
    check_labels,
    check_names,
    check_relation_dict,
    check_relation_dicts,
    check_slices,
    is_same,
)

ENGINES = ("neuromapper", "umap-learn")
# Parameters that only umap-learn's engine supports, with the value at which this package's gives the same.
_UNSUPPORTED: dict[str, Any] = {
    "n_components": 2,
    "set_op_mix_ratio": 1.0,
    "local_connectivity": 1.0,
    "unique": False,
}


class AlignedUMAP:
    """Layouts of a sequence of slices in one coordinate system; drop-in for `umap.AlignedUMAP` 0.5.12.

    Parameters are umap-learn's. n_neighbors, min_dist, spread, repulsion_strength, learning_rate and
    negative_sample_rate take one value or one per slice. init, low_memory, transform_queue_size, angular_rp_forest,
    transform_seed, force_approximation_algorithm and the target parameters are accepted and have no effect on this
    package's engine. What only umap-learn can do (more than two components, other metrics, labels, sparse tables, ...)
    is left to umap-learn, with a warning, so that all parameters mean what they mean there.

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
        """Lay out all slices together; if that fails, the model stays as it was.

        Args:
            X: T tables (N_t, d_t).
            y: Labels, for umap-learn's engine.
            **fit_params: As in umap-learn: `relations`, T - 1 dicts from a row of slice t to the same sample's row in
                slice t + 1; `window_size`, which overrides alignment_window_size.

        Raises:
            ValueError: Input that cannot be laid out; the message names parameter, slice and row.
            ImportError: umap-learn's engine is needed and not installed.
        """
        check_names("fit", fit_params, ("relations", "window_size"))
        tables = check_slices(X)
        relations = check_relation_dicts(fit_params.get("relations"), [table.shape[0] for table in tables])
        labels, parameters = check_labels(y, len(tables)), self._parameters()
        check_umap_parameters(parameters, len(tables))
        window = self._window(fit_params)
        if self._choose_engine(tables, labels) == "umap-learn":
            self._keep(fit_umap(tables, labels, relations, parameters, window))
        else:
            self._keep(fit_neuromapper(tables, relations, parameters, window))
        return self

    def fit_transform(self, X: Sequence[npt.ArrayLike], y: Any = None, **fit_params: Any) -> list[FloatArray]:
        """Call `fit`, then return `embeddings_`: T arrays float32 (N_t, 2)."""
        self.fit(X, y, **fit_params)
        return self.embeddings_

    def update(self, X: npt.ArrayLike, y: Any = None, **fit_params: Any) -> AlignedUMAP:
        """Lay out one more slice; the older ones stay as they are. If that fails, the model stays as it was.

        Args:
            X: One table (N, d).
            y: Labels, for umap-learn's engine.
            **fit_params: As in umap-learn: `relations`, one dict from the last slice's rows to the new one's;
                `window_size`, which overrides alignment_window_size; and the new slice's value of any parameter of the
                constructor that takes one value per slice.

        Raises:
            ValueError: See `fit`; also if nothing was fitted before (scikit-learn's NotFittedError).
            ImportError: See `fit`.
        """
        if not self.__sklearn_is_fitted__():
            raise _not_fitted_error("this AlignedUMAP is not fitted; call fit before update.")
        model, t = self._model, self.n_models_
        per_slice = PER_SLICE + UMAP_PER_SLICE if isinstance(model, UmapModel) else PER_SLICE
        check_names("update", fit_params, ("relations", "window_size", *per_slice))
        relation = fit_params.get("relations")
        if not isinstance(relation, Mapping):
            raise ValueError(f"relations is a {type(relation).__name__}; update needs one dict, last slice to new.")
        if issparse(X):
            raise ValueError(f"slice {t} is sparse; update takes dense tables only. Pass X.toarray().")
        table = check_features(X, f"slice {t}")
        relation = check_relation_dict(t - 1, relation, model.n_rows[-1], len(table))
        changed = self._changed_values(fit_params, per_slice)
        parameters, window = {**self._parameters(), **changed}, self._window(fit_params)
        check_umap_parameters(parameters, t + 1)
        if isinstance(model, UmapModel):
            self._keep(update_umap(model, table, y, relation, parameters, window))
        elif y is None:
            self._keep(update_neuromapper(model, table, relation, parameters, window))
        else:
            raise ValueError('y is given, but the fit was made without; only engine="umap-learn" uses labels.')
        return self.set_params(**changed)

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """The constructor's parameters by name, as in scikit-learn; `deep` has no effect."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> AlignedUMAP:
        """Set constructor parameters and return the model, as in scikit-learn.

        Raises:
            ValueError: An unknown name.
        """
        check_names(type(self).__name__, params, self._parameter_names())
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [f"{k}={v!r}" for k, v in self.get_params().items() if v is not defaults[k].default]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "embeddings_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.base import BaseEstimator

        return BaseEstimator().__sklearn_tags__()

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def _parameters(self) -> dict[str, Any]:
        """umap-learn's parameters."""
        return {name: getattr(self, name) for name in inspect.signature(AlignedUMAP).parameters if name != "engine"}

    def _window(self, fit_params: Mapping[str, Any]) -> int:
        window = fit_params.get("window_size", self.alignment_window_size)
        check_number("window_size", window)
        return int(window)

    def _changed_values(self, fit_params: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
        """The per-slice parameters with the values of a new slice."""
        changed = {}
        for name in names:
            if name in fit_params:
                value = fit_params[name]
                if is_list(value):
                    raise ValueError(f"{name} is {value!r}; update takes one value, the new slice's.")
                changed[name] = append_value(getattr(self, name), value, self.n_models_)
        return changed

    def _choose_engine(self, tables: Sequence[Any], labels: Any) -> str:
        """The engine of the fit: the chosen one, or umap-learn where only that supports the parameters."""
        if self.engine not in ENGINES:
            raise ValueError(f"engine {self.engine!r} is unknown; allowed are {', '.join(ENGINES)}.")
        if self.engine == "umap-learn":
            return self.engine
        wanted = [name for name, value in _UNSUPPORTED.items() if not is_same(getattr(self, name), value)]
        wanted += [] if is_metric(self.metric) else [f"metric {self.metric!r}"]
        wanted += ["metric_kwds"] if self.metric_kwds else []
        wanted += ["sparse tables"] if any(issparse(table) for table in tables) else []
        wanted += ["y"] if labels is not None else []
        if not wanted:
            return self.engine
        message = "only umap-learn has this; its engine is used, which takes about a hundred times as long."
        warnings.warn(f"{', '.join(wanted)}: {message}", stacklevel=3)
        return "umap-learn"

    def _keep(self, model: NeuromapperModel | UmapModel) -> None:
        self._model = model
        self.engine_ = "umap-learn" if isinstance(model, UmapModel) else "neuromapper"
        self.embeddings_, self.dict_relations_ = model.layouts, model.relations
        self.n_models_ = len(model.layouts)


def _not_fitted_error(message: str) -> ValueError:
    """scikit-learn's error where it is installed."""
    try:
        from sklearn.exceptions import NotFittedError
    except ImportError:
        return ValueError(message)
    error: ValueError = NotFittedError(message)
    return error
