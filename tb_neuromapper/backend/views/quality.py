"""A layout's quality as the page shows it: which steps changed abruptly, which samples are misrepresented. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.outliers import flag_outliers

_SHARE_MAX = 254  # 255 means "not known".


def describe_quality(measured: Sequence[dict[str, Any] | None]) -> list[dict[str, Any]]:
    """The measured steps, each with `cka` and `abrupt`: the activations changed far more than they usually do.

    `abrupt` is an outlier of 1 - CKA among the steps on the upper side.
    """
    known = [{"cka": None, **item} for item in measured if item is not None]
    changes = np.array([np.nan if item["cka"] is None else 1 - item["cka"] for item in known])
    usual = np.median(changes[np.isfinite(changes)]) if np.isfinite(changes).any() else np.nan
    abrupt = flag_outliers(changes) & (changes > usual)
    return [{**item, "abrupt": bool(flag)} for item, flag in zip(known, abrupt, strict=True)]


def encode_shares(shares: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Shares in [0, 1] as uint8: 0 is none, 254 all, 255 stands for NaN."""
    known = np.isfinite(shares)
    return np.where(known, np.rint(np.where(known, shares, 0) * _SHARE_MAX), 255).astype(np.uint8)
