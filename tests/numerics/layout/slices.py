"""Slices of samples that tests lay out."""

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from tb_neuromapper.numerics.neighbors.find import find_neighbors


def clusters(n_slices=5, n=300, n_clusters=6, seed=0):
    """Slices of clusters whose axes drift from slice to slice, and the labels."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % n_clusters
    local = random.normal(size=(n, 8))
    centres = 5 * random.normal(size=(n_clusters, 8))
    drifts = [np.eye(8) + 0.1 * t * random.normal(size=(8, 8)) for t in range(n_slices)]
    return [((local + centres[labels]) @ drift).astype(np.float32) for drift in drifts], labels


def neighbors_of(slices, k=14):
    """The k nearest neighbours in every slice."""
    return [find_neighbors(features, n_neighbors=k) for features in slices]


def radius(layout):
    """Root mean square distance to the mean position."""
    return np.sqrt(((layout - layout.mean(axis=0)) ** 2).sum(axis=1).mean())


@st.composite
def slices_and_relations(draw, most_slices=11):
    """Row counts and relations in which samples come, go and change rows."""
    n_slices = draw(st.integers(1, most_slices))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    n_rows = random.integers(1, 9, n_slices).tolist()
    relations = []
    for n, following in pairwise(n_rows):
        link = np.full(n, -1)
        n_shared = random.integers(0, min(n, following) + 1)
        link[random.choice(n, n_shared, replace=False)] = random.choice(following, n_shared, replace=False)
        relations.append(link)
    return n_rows, relations
