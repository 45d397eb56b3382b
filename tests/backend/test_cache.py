"""Facts about the results cache."""

import os

import numpy as np
import pytest

from tb_neuromapper.backend.cache import ResultCache
from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters

PARAMETERS = ProjectionParameters().as_dict()


@pytest.fixture
def cache(tmp_path):
    """An empty cache."""
    return ResultCache(tmp_path / "cache")


def slices(n_steps, n=5):
    """Positions (n, 2) of each of some steps, all of them the step's number."""
    return [np.full((n, 2), step, np.float32) for step in range(n_steps)]


def test_find_layout__finds_the_longest_prefix(cache):
    """A base of two slices and one extension cover three of four slices."""
    stored = cache.store_base(["a", "b"], PARAMETERS, slices(2))
    cache.store_extension(stored, "c", np.full((5, 2), 2, np.float32))
    found = cache.find_layout(["a", "b", "c", "d"], PARAMETERS)
    assert len(found) == 3
    assert [found.positions(index)[0, 0] for index in range(3)] == [0, 1, 2]
    assert len({found.token(index) + str(index) for index in range(3)}) == 3


def test_find_layout__tells_histories_and_parameters_apart(cache):
    """Other activations, another order or another parameter are other layouts."""
    stored = cache.store_base(["a", "b"], PARAMETERS, slices(2))
    cache.store_extension(stored, "c", np.zeros((5, 2), np.float32))
    assert cache.find_layout(["b", "a"], PARAMETERS) is None
    assert cache.find_layout(["a"], PARAMETERS) is None
    assert cache.find_layout(["a", "b"], {**PARAMETERS, "min_dist": 0.2}) is None
    assert len(cache.find_layout(["a", "b", "x", "c"], PARAMETERS)) == 2


def test_find_layout__prefers_a_base_of_all_slices(cache):
    """A joint layout of all slices takes the place of a shorter one with extensions."""
    cache.store_extension(cache.store_base(["a"], PARAMETERS, slices(1)), "b", np.ones((5, 2), np.float32))
    joint = cache.store_base(["a", "b"], PARAMETERS, slices(2))
    assert cache.find_layout(["a", "b"], PARAMETERS) == joint


def test_keys__are_those_of_earlier_versions(cache):
    """Users keep their caches: equal checksums and parameters have the same names on disk as ever."""
    layout = cache.store_base(["a", "b"], PARAMETERS, slices(2))
    cache.store_neighbors("a", "cosine", np.zeros((3, 2), np.int32), np.zeros((3, 2), np.float32))
    assert layout.base.name == "9a90e52afa3f0587b3c4a8a49838f1cda6684d1a"
    assert [path.stem for path in (cache.folder / "neighbors").iterdir()] == [
        "8419e486bd9ef0496de1ccab83ad2b4dfcdd17ee"
    ]


def test_find_neighbors__serves_a_smaller_k(cache):
    """A stored list serves any k up to its length, and any k where there are no more samples."""
    ids, dists = np.zeros((10, 4), np.int32), np.zeros((10, 4), np.float32)
    cache.store_neighbors("a", "euclidean", ids, dists)
    assert cache.find_neighbors("a", "euclidean", 4) is not None
    assert cache.find_neighbors("a", "euclidean", 5) is None
    assert cache.find_neighbors("a", "cosine", 4) is None
    cache.store_neighbors("few", "euclidean", ids[:5], dists[:5])
    assert cache.find_neighbors("few", "euclidean", 30) is not None


def test_find_neighbors__ignores_a_broken_file(cache):
    """A truncated file is computed again, not an error."""
    cache.store_neighbors("a", "euclidean", np.zeros((9, 4), np.int32), np.zeros((9, 4), np.float32))
    (path,) = (cache.folder / "neighbors").iterdir()
    path.write_bytes(path.read_bytes()[:50])
    assert cache.find_neighbors("a", "euclidean", 2) is None


def test_shrink__removes_the_least_recently_used(cache):
    """The bound is kept, and what was used last stays."""
    for index, name in enumerate(["old", "used", "new"]):
        stored = cache.store_base([name], PARAMETERS, [np.zeros((1000, 2), np.float32)])
        os.utime(stored.base, (index, index))
    cache.find_layout(["used"], PARAMETERS)
    cache.max_bytes = 17000
    cache.shrink()
    assert cache.find_layout(["old"], PARAMETERS) is None
    assert cache.find_layout(["used"], PARAMETERS) is not None
    assert sum(file.stat().st_size for file in cache.folder.rglob("*") if file.is_file()) <= 17000
