"""Small slices, and umap-learn to compare with."""

import warnings

import numpy as np

GOOD = np.random.default_rng(0).normal(size=(20, 3))
SAME = {row: row for row in range(20)}


def import_umap():
    """umap-learn, whose import warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import umap
    return umap
