"""The constructor parameters of umap-learn's class, checked under their own names."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np

from tb_neuromapper.numerics.layout.curve import fit_curve

PER_SLICE = ("n_neighbors", "min_dist", "spread", "repulsion_strength", "learning_rate", "negative_sample_rate")
# Per slice too, but only umap-learn's engine honours them.
UMAP_PER_SLICE = ("set_op_mix_ratio", "local_connectivity", "unique")
# Least and largest value. Beyond a million a force leaves the range of float32.
_WHOLE = {
    "n_neighbors": (2, math.inf),
    "n_components": (1, math.inf),
    "n_epochs": (1, math.inf),
    "alignment_window_size": (0, math.inf),
    "window_size": (0, math.inf),
}
_REAL = {
    "min_dist": (0, math.inf),
    "spread": (0.01, 1000),
    "repulsion_strength": (0, 1e6),
    "learning_rate": (0, 1e6),
    "negative_sample_rate": (0, 1e6),
    "alignment_regularisation": (0, math.inf),
    "a": (1e-12, 1e7),
    "b": (1e-3, 5),
    "set_op_mix_ratio": (0, 1),
    "local_connectivity": (0, math.inf),
}
_OPTIONAL = ("n_epochs", "a", "b")
_INITS = ("spectral", "random", "pca", "tswspectral")


def check_umap_parameters(parameters: Mapping[str, Any], n_slices: int) -> None:
    """Check all constructor parameters.

    Args:
        parameters: All of them, by name.
        n_slices: Number of values that a parameter per slice needs.

    Raises:
        ValueError: A parameter cannot be used; the message names the first one.
    """
    for name in (*PER_SLICE, "set_op_mix_ratio", "local_connectivity"):
        if is_list(parameters[name]):
            for t in range(n_slices):
                check_number(name, nth_value(name, parameters[name], t), f"{name}[{t}]")
        else:
            check_number(name, parameters[name])
    for name in ("n_components", "n_epochs", "alignment_regularisation", "alignment_window_size", "a", "b"):
        check_number(name, parameters[name])
    for t in range(n_slices):
        fit_curve(*(float(nth_value(name, parameters[name], t)) for name in ("spread", "min_dist")))
    _check_random_state(parameters["random_state"])
    _check_init(parameters["init"], parameters["n_components"])


def check_number(name: str, value: Any, label: str | None = None) -> None:
    """Check one value of a parameter.

    Args:
        name: The parameter.
        value: One value.
        label: The parameter's name in the error, by default `name`.

    Raises:
        ValueError: The parameter does not allow the value.
    """
    if value is None and name in _OPTIONAL:
        return
    least, most = _WHOLE.get(name) or _REAL[name]
    kind, fits = ("integer", is_whole(value)) if name in _WHOLE else ("number", _is_finite(value))
    if fits and least <= value <= most:
        return
    bounds = f"of {least} or more" if most == math.inf else f"from {least} to {most:,.10g}"
    none = "None or " if name in _OPTIONAL else ""
    raise ValueError(f"{label or name} is {reprlib.repr(value)}; only {none}one {kind} {bounds} is allowed.")


def plain_values(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Checked parameters as umap-learn takes them: lists of plain numbers, whole ones as int."""
    result = dict(parameters)
    for name in {*_WHOLE, *_REAL} & result.keys():
        kind = int if name in _WHOLE else float
        value = result[name]
        if is_list(value):
            result[name] = [kind(item) for item in value]
        elif value is not None:
            result[name] = kind(value)
    return result


def is_whole(value: Any) -> bool:
    """Whether a value is a number without a fraction."""
    return isinstance(value, Integral) or (_is_finite(value) and value == int(value))


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, Real) and math.isfinite(value)
    except OverflowError:
        return False


def draw_seed(random_state: Any) -> int:
    """The seed that a checked random_state stands for: 0 for None; from a RandomState one number is drawn."""
    if random_state is None:
        return 0
    return int(random_state) if is_whole(random_state) else int(random_state.randint(2**31 - 1))


def is_list(values: Any) -> bool:
    """Whether a parameter has one value per slice."""
    return isinstance(values, (list, tuple, range)) or (isinstance(values, np.ndarray) and values.ndim > 0)


def nth_value(name: str, values: Any, t: int) -> Any:
    """The value of slice `t` of a parameter that has one value, or one per slice.

    Raises:
        ValueError: Fewer values than slices.
    """
    if not is_list(values):
        return values
    if t >= len(values):
        raise ValueError(f"{name} has {len(values)} values, but there is a slice {t}; one value per slice is needed.")
    return values[t]


def append_value(values: Any, value: Any, n_slices: int) -> Any:
    """The parameter's values with one for a new slice after `n_slices`."""
    if is_list(values):
        return [*values[:n_slices], value]
    return values if value == values else [*[values] * n_slices, value]


def _check_random_state(random_state: Any) -> None:
    if random_state is None or isinstance(random_state, np.random.RandomState) or random_state is np.random:
        return
    if not is_whole(random_state) or random_state < 0:
        raise ValueError(
            f"random_state is {reprlib.repr(random_state)}; only None, an integer of 0 or more or a numpy RandomState "
            "is allowed."
        )


def _check_init(init: Any, n_components: int) -> None:
    """Check init, which has no effect: aligned layouts start from a spectral layout, in umap-learn too."""
    if isinstance(init, np.ndarray) and init.ndim == 2 and init.shape[1] == n_components:
        return
    if not isinstance(init, str) or init not in _INITS:
        came = f"an array of shape {init.shape}" if isinstance(init, np.ndarray) else reprlib.repr(init)
        raise ValueError(f"init is {came}; only {', '.join(_INITS)} or an array (n, {n_components}) is allowed.")
