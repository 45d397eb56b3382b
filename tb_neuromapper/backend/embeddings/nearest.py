"""The nearest samples of one sample in the space of the activations themselves. Pure: no files, no sockets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

_SCIPY_NAMES = {"euclidean": "euclidean", "cosine": "cosine", "correlation": "correlation", "manhattan": "cityblock"}


def nearest_samples(
    chunks: Iterable[npt.NDArray[Any]], query: npt.NDArray[Any], *, row: int, k: int, metric: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The k samples nearest to one, by comparing it with all of them.

    Args:
        chunks: Consecutive rows (n_i, d) of the slice; only one of them is held at a time.
        query: (d,), the sample's own activations.
        row: Its row, which is left out.
        k: How many; fewer if there are fewer. Samples with NaN or infinities are no one's neighbours.
        metric: One of `parameters.METRICS`. For cosine and correlation, rows of zero length are at 0 from one another
            and at 1 from all others.

    Returns:
        Rows and distances, both (k,), nearest first, equals by row.

    Raises:
        ValueError: The query is not finite.
    """
    if not np.isfinite(query).all():
        raise ValueError(f"the activations of row {row} hold NaN or an infinity; it has no neighbours.")
    distances = np.concatenate([_distances(chunk, query, metric) for chunk in chunks])
    distances[row] = np.nan
    known = np.flatnonzero(~np.isnan(distances))
    nearest = known[np.argsort(distances[known], kind="stable")[:k]]
    return nearest, distances[nearest]


def _distances(points: npt.NDArray[Any], query: npt.NDArray[Any], metric: str) -> npt.NDArray[np.float64]:
    """(n,) distances; NaN for rows that are not finite."""
    from scipy.spatial.distance import cdist  # Half a second that only those wait for who ask.

    table, one = points.astype(np.float64), query.astype(np.float64)[None]
    finite = np.isfinite(table).all(axis=1)
    table[~finite] = 0
    with np.errstate(invalid="ignore", divide="ignore"):
        distances: npt.NDArray[np.float64] = cdist(table, one, _SCIPY_NAMES[metric])[:, 0]
    if metric in ("cosine", "correlation"):
        flat, own = _is_flat(table, metric), bool(_is_flat(one, metric)[0])
        distances[flat | own] = 1
        distances[flat & own] = 0
    distances[~finite] = np.nan
    return distances


def _is_flat(table: npt.NDArray[np.float64], metric: str) -> npt.NDArray[np.bool_]:
    """Which rows have no direction: all zeros, or for correlation all equal."""
    first = table[:, :1] if metric == "correlation" else 0
    flat: npt.NDArray[np.bool_] = (table == first).all(axis=1)
    return flat


def neighbor_table(
    ids: npt.NDArray[np.integer[Any]], distances: npt.NDArray[np.floating[Any]], *, k: int
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Every sample's nearest of one slice in few bytes: arrays and attributes of a frame.

    Args:
        ids: (n, m): rows, nearest first, -1 for none; m may be more or less than k.
        distances: (n, m); not finite where there is no neighbour.
        k: How many are kept.

    Returns:
        `rows` uint16, or int32 for more than 65,536 samples, (n, k or m): a row that names itself has none there.
        `distances` uint16, as shares of 65535 of the attribute `largest_distance`.
    """
    ids, distances = ids[:, :k], distances[:, :k].astype(np.float64)
    known = (ids >= 0) & np.isfinite(distances)
    own = np.arange(len(ids))[:, None]
    rows = np.where(known, ids, own).astype(np.uint16 if len(ids) <= 1 << 16 else np.int32)
    distances = np.where(known, distances, 0)
    largest = float(distances.max(initial=0))
    shares = np.rint(distances / (largest or 1) * 65535).astype(np.uint16)
    return {"rows": rows, "distances": shares}, {"largest_distance": largest}
