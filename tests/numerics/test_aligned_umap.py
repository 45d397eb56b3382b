"""The drop-in class: umap-learn's parameters, relations and conventions."""

import inspect
import warnings
from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

from tb_neuromapper.numerics.aligned_umap import AlignedUMAP
from tb_neuromapper.numerics.neighbors import METRICS
from tb_neuromapper.numerics.reference_engine import umap_learn_layout
from tb_neuromapper.numerics.types import LayoutParameters


@pytest.fixture(scope="module")
def iris():
    """Overlapping slices of iris sorted by petal length, as in umap-learn's documentation, and their relations."""
    data = load_iris().data
    data = data[np.argsort(data[:, 2], kind="stable")]
    slices = [data[first : first + 50] for first in range(0, 101, 25)]
    return slices, [{row + 25: row for row in range(25)}] * (len(slices) - 1)


def import_umap():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import umap
    return umap


def test_aligned_umap__has_umap_learns_parameters():
    """Names, order and defaults of the constructor are umap-learn's; engine comes last."""
    ours = inspect.signature(AlignedUMAP.__init__).parameters
    theirs = inspect.signature(import_umap().AlignedUMAP.__init__).parameters
    assert list(ours) == [*theirs, "engine"]
    assert all(ours[name].default == theirs[name].default for name in theirs)


def test_aligned_umap__fits_relations_that_come_and_go(iris):
    """fit and fit_transform take overlapping slices; related samples lie close to one another."""
    slices, relations = iris
    layouts = AlignedUMAP(n_neighbors=10).fit_transform(slices, relations=relations)
    assert [layout.shape for layout in layouts] == [(len(table), 2) for table in slices]
    steps = [np.linalg.norm(a[25:50] - b[:25], axis=1).mean() for a, b in pairwise(layouts)]
    assert np.mean(steps) < 0.2 * np.ptp(layouts[0])


def test_aligned_umap__takes_values_per_slice(iris):
    """n_neighbors, min_dist and others may be lists with one value per slice."""
    slices, relations = iris
    model = AlignedUMAP(
        n_neighbors=[5, 10, 15, 20, 25], min_dist=[0.01, 0.1, 0.2, 0.5, 0.9], learning_rate=(1.0,) * 5, n_epochs=20
    )
    model.fit(slices, relations=relations)
    assert all(np.isfinite(layout).all() for layout in model.embeddings_)
    assert model.n_models_ == 5


def test_aligned_umap__updates_without_moving_the_rest(iris):
    """update adds a slice; the older embeddings keep their bytes, new values join the lists."""
    slices, relations = iris
    model = AlignedUMAP(n_neighbors=10).fit(slices[:-1], relations=relations[:-1])
    before = [layout.copy() for layout in model.embeddings_]
    assert model.update(slices[-1], relations=relations[-1], n_neighbors=12) is model
    assert model.n_models_ == len(model.embeddings_) == len(model.dict_relations_) + 1 == 5
    assert model.n_neighbors == [10, 10, 10, 10, 12]
    for a, b in zip(before, model.embeddings_[:-1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.isfinite(model.embeddings_[-1]).all()


def test_aligned_umap__keeps_scikit_learns_conventions(iris):
    """clone, get_params and set_params work; fit does not change parameters; the seed decides."""
    slices, relations = iris
    model = AlignedUMAP(n_neighbors=7, random_state=3, n_epochs=20)
    before = model.get_params()
    first = clone(model).fit(slices, relations=relations).embeddings_
    second = model.fit(slices, relations=relations).embeddings_
    assert model.get_params() == before
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.set_params(min_dist=0.5).min_dist == 0.5
    assert repr(AlignedUMAP(n_neighbors=7)) == "AlignedUMAP(n_neighbors=7)"
    with pytest.raises(ValueError, match="no parameter"):
        model.set_params(neighbours=3)


def test_aligned_umap__takes_a_random_state(iris):
    """A RandomState is drawn from once, as a generator would be."""
    slices, relations = iris
    runs = [
        AlignedUMAP(n_epochs=5, random_state=np.random.RandomState(seed)).fit_transform(slices, relations=relations)
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    assert not np.array_equal(runs[0][0], runs[2][0])


@pytest.mark.parametrize("metric", ["cosine", "correlation", "manhattan"])
def test_aligned_umap__has_metrics(iris, metric):
    """Other metrics give other layouts."""
    slices, relations = iris
    assert metric in METRICS
    layouts = AlignedUMAP(metric=metric, n_epochs=10).fit_transform(slices, relations=relations)
    assert all(np.isfinite(layout).all() for layout in layouts)


def test_aligned_umap__is_nan_for_disconnected_points():
    """In cosine, a vector opposite to all others has no neighbour."""
    random = np.random.default_rng(0)
    points = np.abs(random.normal(size=(1, 3))) * random.uniform(1, 2, (30, 1))
    points[4] = -points[0]
    model = AlignedUMAP(n_neighbors=5, metric="cosine", n_epochs=5).fit([points], relations=[])
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(model.embeddings_[0]).any(axis=1)), [4])


def test_aligned_umap__lets_the_last_of_several_rows_win(iris):
    """Two rows related to one: the last is the sample, as in umap-learn."""
    slices, _ = iris
    model = AlignedUMAP(n_epochs=5).fit(slices[:2], relations=[{0: 5, 1: 5, 30: 6}])
    assert np.isfinite(model.embeddings_[1]).all()


GOOD = np.random.default_rng(0).normal(size=(20, 3))
SAME = {row: row for row in range(20)}


@pytest.mark.parametrize(
    ("parameters", "slices", "arguments", "message"),
    [
        ({}, [GOOD, GOOD], {}, "relations are missing"),
        ({}, [GOOD, GOOD], {"relations": SAME}, "list of dicts"),
        ({}, [GOOD, GOOD], {"relations": []}, "0 relations for 2 slices"),
        ({}, [GOOD, GOOD], {"relations": [{0: 20}]}, "row 20, but slice 1 has 20 rows"),
        ({}, [GOOD, GOOD], {"relations": [{20: 0}]}, "row 20, but slice 0 has 20 rows"),
        ({}, [GOOD, GOOD], {"relations": [{-1: 0}]}, "row -1"),
        ({}, [GOOD, GOOD[:, :2]], {"relations": [SAME]}, "slice 1 has 2 columns and slice 0 has 3"),
        ({}, [GOOD, GOOD * np.nan], {"relations": [SAME]}, "row 0 of slice 1"),
        ({}, [GOOD, np.where(GOOD[4, 1] == GOOD, np.inf, GOOD)], {"relations": [SAME]}, "row 4 of slice 1"),
        ({}, [GOOD, GOOD[:0]], {"relations": [{}]}, "slice 1: shape"),
        ({}, [], {"relations": []}, "one or more tables"),
        ({"n_neighbors": 1}, [GOOD], {"relations": []}, "2 or more"),
        ({"n_neighbors": [5]}, [GOOD, GOOD], {"relations": [SAME]}, "one value per slice"),
        ({"min_dist": 2.0}, [GOOD], {"relations": []}, "between 0 and spread"),
        ({"engine": "gpu"}, [GOOD], {"relations": []}, "neuromapper, umap-learn"),
        ({"n_epochs": 0}, [GOOD], {"relations": []}, "n_passes"),
    ],
)
def test_aligned_umap__refuses_bad_input_in_words(parameters, slices, arguments, message):
    """Every bad input is named in words."""
    with pytest.raises(ValueError, match=message):
        AlignedUMAP(**parameters).fit(slices, **arguments)


def test_aligned_umap__refuses_a_bad_update(iris):
    """update needs a fit and a dict; a failed one changes nothing."""
    slices, relations = iris
    with pytest.raises(ValueError, match="not fitted"):
        AlignedUMAP().update(slices[0], relations={})
    model = AlignedUMAP(n_epochs=5).fit(slices[:2], relations=relations[:1])
    for table, relation, message in (
        (slices[2], None, "one dict"),
        (slices[2], {0: 99}, "row 99"),
        (slices[2] * np.nan, {}, "row 0 of slice 2"),
        (slices[2][:, :2], {}, "2 columns"),
    ):
        with pytest.raises(ValueError, match=message):
            model.update(table, relations=relation, n_neighbors=5)
    assert model.n_neighbors == 15
    assert model.n_models_ == len(model.embeddings_) == 2


@pytest.mark.parametrize("n", [1, 2, 3])
def test_aligned_umap__takes_fewer_samples_than_neighbors(n):
    """One, two or three samples have a layout."""
    model = AlignedUMAP(n_epochs=10).fit([GOOD[:n], GOOD[:n]], relations=[{0: 0}])
    assert all(np.isfinite(layout).all() for layout in model.embeddings_)


def test_aligned_umap__takes_one_slice():
    """A single slice has a layout, and one may be added to it."""
    model = AlignedUMAP(n_epochs=10).fit([GOOD], relations=[])
    assert [layout.shape for layout in model.embeddings_] == [(20, 2)]
    model.update(GOOD, relations=SAME)
    assert all(np.isfinite(layout).all() for layout in model.embeddings_)
    assert model.n_models_ == 2


@pytest.mark.filterwarnings("ignore")
def test_aligned_umap__offers_umap_learn(iris):
    """engine="umap-learn" is umap-learn's own class behind the same interface; the adapter takes arrays."""
    slices, relations = iris
    import_umap()
    model = AlignedUMAP(n_neighbors=5, n_epochs=2, engine="umap-learn", random_state=0)
    model.fit(slices[:2], relations=relations[:1])
    assert [layout.shape for layout in model.embeddings_] == [(50, 2), (50, 2)]
    link = np.array([relations[0].get(row, -1) for row in range(50)])
    parameters = LayoutParameters(n_neighbors=5, n_passes=2)
    layouts = umap_learn_layout([table.astype(np.float32) for table in slices[:2]], parameters, relations=[link])
    assert [layout.shape for layout in layouts] == [(50, 2), (50, 2)]
    with pytest.raises(ValueError, match="two or more"):
        umap_learn_layout([slices[0]], parameters)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("wanted", [{"n_components": 3}, {"metric": "canberra"}])
def test_aligned_umap__leaves_to_umap_learn_what_it_alone_can(iris, wanted):
    """More than two components and other metrics mean what they mean in umap-learn; a warning names the reason."""
    slices, relations = iris
    model = AlignedUMAP(n_neighbors=5, n_epochs=2, random_state=0, **wanted)
    with pytest.warns(UserWarning, match="only umap-learn has this"):
        model.fit(slices[:2], relations=relations[:1])
    assert model.engine_ == "umap-learn"
    theirs = import_umap().AlignedUMAP(n_neighbors=5, n_epochs=2, random_state=0, **wanted)
    theirs.fit(slices[:2], relations=relations[:1])
    assert [layout.shape for layout in model.embeddings_] == [layout.shape for layout in theirs.embeddings_]


def test_umap_learn_layout__names_the_extra(monkeypatch):
    """Without umap-learn the error says what to install."""
    import sys

    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r"tb-neuromapper\[umap\]"):
        umap_learn_layout([GOOD, GOOD], LayoutParameters())
