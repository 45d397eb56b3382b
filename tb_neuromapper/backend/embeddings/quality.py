"""A layout's quality as the page shows it: which steps changed abruptly, which samples are misrepresented. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.outliers import flag_outliers

# An abrupt step changes more than so many times as much as the step before.
_SUDDEN = 2.0
_SHARE_MAX = 254  # 255 means "not known".


def describe_quality(measured: Sequence[dict[str, Any] | None]) -> list[dict[str, Any]]:
    """The measured steps, each with `cka` and `abrupt`: the activations changed far more than they usually do.

    `abrupt` is an outlier of 1 - CKA among the steps on the upper side that comes suddenly. Early training changes fast
    and slows down, so that most of its steps are outliers among the many later ones; none of them is sudden.
    """
    known = [{"cka": None, **item} for item in measured if item is not None]
    changes = np.array([np.nan if item["cka"] is None else 1 - item["cka"] for item in known])
    usual = np.median(changes[np.isfinite(changes)]) if np.isfinite(changes).any() else np.nan
    before = np.concatenate([[np.nan], changes[:-1]])[: len(changes)]
    abrupt = flag_outliers(changes) & (changes > usual) & (changes > _SUDDEN * before)
    return [{**item, "abrupt": bool(flag)} for item, flag in zip(known, abrupt, strict=True)]


def encode_shares(shares: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Shares in [0, 1] as uint8: 0 is none, 254 all, 255 stands for NaN."""
    known = np.isfinite(shares)
    return np.where(known, np.rint(np.where(known, shares, 0) * _SHARE_MAX), 255).astype(np.uint8)
