"""The parameters of a projection as they come over HTTP or from Python, checked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

ENGINES = ("neuromapper", "umap-learn")
METRICS = ("euclidean", "cosine", "correlation", "manhattan")


@dataclass(frozen=True)
class ProjectionParameters:
    """What shapes a projection. The same values, and the same activations, give the same layout.

    Attributes:
        n_neighbors: Size of a sample's neighbourhood, the sample included; 2 to 200.
        min_dist: Smallest wanted distance of points in the layout; 0 to 1.
        alignment: Strength of the pull between steps; 0 to 10.
        window: Number of steps on either side that pull; 1 to 20.
        metric: One of METRICS.
        engine: One of ENGINES.
        seed: 0 to 2**31 - 1.
    """

    n_neighbors: int = 15
    min_dist: float = 0.1
    alignment: float = 0.01
    window: int = 3
    metric: str = "euclidean"
    engine: str = "neuromapper"
    seed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The parameters by name, as JSON values: what the cache's keys are made of."""
        return asdict(self)


def parse_parameters(values: Mapping[str, Any]) -> ProjectionParameters:
    """Check the values that came from outside.

    Raises:
        ValueError: An unknown name, or a value that is not allowed; the message names what is.
    """
    names = [field.name for field in fields(ProjectionParameters)]
    for name in values:
        if name not in names:
            raise ValueError(f"parameter {name!r} is unknown; allowed are {', '.join(names)}.")
    return ProjectionParameters(**{name: _CHECKS[name](name, value) for name, value in values.items()})


def _integer(low: int, high: int) -> Callable[[str, Any], int]:
    def check(name: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"{name} is {value!r}; only an integer from {low} to {high} is allowed.")
        return value

    return check


def _number(low: float, high: float) -> Callable[[str, Any], float]:
    def check(name: str, value: Any) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:  # Nor is NaN between any two numbers.
            raise ValueError(f"{name} is {value!r:.80}; only a number from {low:g} to {high:g} is allowed.")
        return float(value)

    return check


def _choice(allowed: tuple[str, ...]) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"{name} is {value!r}; allowed are {', '.join(allowed)}.")
        return str(value)

    return check


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "n_neighbors": _integer(2, 200),
    "min_dist": _number(0, 1),
    "alignment": _number(0, 10),
    "window": _integer(1, 20),
    "metric": _choice(METRICS),
    "engine": _choice(ENGINES),
    "seed": _integer(0, 2**31 - 1),
}
