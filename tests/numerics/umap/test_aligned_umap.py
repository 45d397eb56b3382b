"""The drop-in class: umap-learn's parameters, relations and conventions."""

import inspect
import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from tb_neuromapper.numerics.neighbors.find import METRICS
from tb_neuromapper.numerics.types import LayoutParameters
from tb_neuromapper.numerics.umap.aligned_umap import AlignedUMAP
from tb_neuromapper.numerics.umap.reference_engine import umap_learn_layout


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
    features = np.abs(random.normal(size=(1, 3))) * random.uniform(1, 2, (30, 1))
    features[4] = -features[0]
    model = AlignedUMAP(n_neighbors=5, metric="cosine", n_epochs=5).fit([features], relations=[])
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
        ({}, [GOOD, GOOD], {"relations": [{0: None}]}, r"relations\[0\] names row None; only integers"),
        ({}, [GOOD, GOOD], {"relations": [{0: [1]}]}, r"names row \[1\]"),
        ({}, [GOOD, GOOD], {"relations": [{"0": 1}]}, "names row '0'"),
        ({}, [GOOD, GOOD], {"relations": [{0.5: 1}]}, "names row 0.5"),
        ({}, [GOOD, GOOD], {"relations": [{np.nan: 1}]}, "names row nan"),
        ({}, [GOOD, GOOD], {"relations": [{np.inf: 1}]}, "names row inf"),
        ({}, [GOOD, GOOD], {"relations": [SAME], "windowsize": 2}, "allowed are relations, window_size"),
        ({}, [GOOD, GOOD], {"relations": [SAME], "window_size": None}, "window_size is None"),
        ({}, [GOOD, [[1.0, 2.0], [3.0]]], {"relations": [{}]}, "slice 1: a list that numpy cannot read"),
        ({}, [GOOD, [["a", 2.0]]], {"relations": [{}]}, "slice 1: <U"),
        ({}, [GOOD, np.array([["a", 2.0]], object)], {"relations": [{}]}, "slice 1: a ndarray"),
        ({}, [GOOD, csr_matrix(GOOD * [1, 1, np.nan])], {"relations": [{}]}, "row 0 of slice 1"),
        ({}, np.float64(3), {"relations": []}, "one or more tables"),
        ({}, [GOOD, GOOD], {"relations": [SAME], "y": [None]}, "a list of 2 arrays"),
        ({}, [GOOD, GOOD * np.nan], {"relations": [SAME]}, "row 0 of slice 1"),
        ({}, [GOOD, np.where(GOOD[4, 1] == GOOD, np.inf, GOOD)], {"relations": [SAME]}, "row 4 of slice 1"),
        ({}, [GOOD, GOOD[:0]], {"relations": [{}]}, "slice 1: shape"),
        ({}, [], {"relations": []}, "one or more tables"),
        ({"n_neighbors": 1}, [GOOD], {"relations": []}, "2 or more"),
        ({"n_neighbors": [5]}, [GOOD, GOOD], {"relations": [SAME]}, "one value per slice"),
        ({"min_dist": 2.0}, [GOOD], {"relations": []}, "between 0 and spread"),
        ({"engine": "gpu"}, [GOOD], {"relations": []}, "neuromapper, umap-learn"),
        ({"n_neighbors": [5, 7.5]}, [GOOD, GOOD], {"relations": [SAME]}, r"n_neighbors\[1\] is 7.5; only one integer"),
        ({"random_state": "x"}, [GOOD], {"relations": []}, "random_state is 'x'; only None, an integer"),
        ({"random_state": np.random.default_rng(0)}, [GOOD], {"relations": []}, "random_state is Generator"),
        ({"init": "nope"}, [GOOD], {"relations": []}, "init is 'nope'; only spectral"),
        ({"init": np.zeros((20, 3))}, [GOOD], {"relations": []}, r"shape \(20, 3\); only .* an array \(n, 2\)"),
    ],
)
def test_aligned_umap__refuses_bad_input_in_words(parameters, slices, arguments, message):
    """Every bad input is named in words, whichever engine would run."""
    for engine in {"neuromapper", "umap-learn", parameters.get("engine", "neuromapper")}:
        with pytest.raises(ValueError, match=message):
            AlignedUMAP(**{"engine": engine, **parameters}).fit(slices, **arguments)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n_neighbors", (1, 5.7, None, np.nan, "5")),
        ("n_components", ([2, 2], 0, 2.5, None)),
        ("n_epochs", (0, 2.5, "x", [10, 10], np.inf)),
        ("learning_rate", (-1, np.nan, np.inf, None, 1e37)),
        ("repulsion_strength", (-1, np.nan, np.inf, 1e38)),
        ("negative_sample_rate", (-1, np.nan, None, 1e38)),
        ("min_dist", (-0.1, None, np.nan)),
        ("spread", (0, 1e-6, 1e30, np.nan)),
        ("a", (0, -1, np.nan, np.inf, [1, 2])),
        ("b", (0, -1, np.nan, np.inf)),
        ("alignment_regularisation", (-1, None, [0.1], np.nan, np.inf, 10**400)),
        ("random_state", (-1, 1.5)),
    ],
)
def test_aligned_umap__names_bad_parameters(name, values):
    """A parameter that cannot be used is refused under the name that was typed."""
    for value in values:
        with pytest.raises(ValueError, match=f"^{name} is .* (allowed|needed)"):
            AlignedUMAP(**{name: value}).fit([GOOD], relations=[])


def test_aligned_umap__names_a_bad_window():
    """alignment_window_size and window_size are checked alike."""
    for value in (-1, 1.5, None, [1]):
        with pytest.raises(ValueError, match="window_size is"):
            AlignedUMAP(alignment_window_size=value).fit([GOOD], relations=[])


@pytest.mark.parametrize(
    "parameters",
    [
        {"learning_rate": 1e6},
        {"repulsion_strength": 1e6, "negative_sample_rate": 1e6},
        {"alignment_regularisation": 1e300},
        {"a": 1e7, "b": 5},
        {"a": 1e-12, "b": 1e-3},
        {"spread": 0.01, "min_dist": 0.01},
        {"spread": 1000, "min_dist": 1000},
        {"n_neighbors": 10**20},
        {"n_neighbors": range(5, 7)},
    ],
)
def test_aligned_umap__is_finite_at_the_ends_of_every_range(parameters):
    """What is allowed has a finite layout, soon."""
    model = AlignedUMAP(n_epochs=20, **parameters).fit([GOOD, GOOD[:, :2]], relations=[SAME])
    assert all(np.isfinite(layout).all() for layout in model.embeddings_)


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
        (csr_matrix(slices[2]), {}, "slice 2 is sparse"),
    ):
        with pytest.raises(ValueError, match=message):
            model.update(table, relations=relation, n_neighbors=5)
    for arguments, message in (
        ({"n_neighbors": [5]}, "n_neighbors is"),
        ({"min_dist": [0.1]}, "min_dist is"),
        ({"learning_rate": np.nan}, r"learning_rate\[2\] is nan"),
        ({"metric": "cosine"}, "'metric' is no parameter of update; allowed are relations, window_size, n_neighbors"),
        ({"window_size": None}, "window_size is None"),
        ({"y": [0] * 50}, "y is given"),
    ):
        with pytest.raises(ValueError, match=message):
            model.update(slices[2], relations=relations[1], **arguments)
    assert (model.n_neighbors, model.min_dist, model.learning_rate) == (15, 0.1, 1.0)
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
    given = relations[:1]
    model = AlignedUMAP(n_neighbors=5, n_epochs=2, engine="umap-learn", random_state=0)
    model.fit(slices[:2], relations=given)
    assert [layout.shape for layout in model.embeddings_] == [(50, 2), (50, 2)]
    labels = np.arange(50) % 3
    model.update(slices[2], y=labels, relations=relations[1], n_neighbors=8, unique=False)
    assert [layout.shape for layout in model.embeddings_] == [(50, 2)] * 3
    assert (model.n_neighbors, model.get_params()["n_neighbors"]) == ([5, 5, 8], [5, 5, 8])
    assert len(given) == 1
    before = {name: value for name, value in vars(model).items() if name != "_model"}
    for table, arguments, message in (
        (slices[3][:1], {"relations": {}}, r"slice 3 has 1 samples; umap-learn needs 4"),
        (slices[3], {"relations": {0: 99}}, "row 99"),
        (slices[3], {"relations": relations[2], "min_dist": 5.0}, "between 0 and spread"),
        (slices[3], {"relations": relations[2], "y": [0]}, "."),
    ):
        with pytest.raises(ValueError, match=message):
            model.update(table, n_neighbors=8, **arguments)
        assert all(getattr(model, name) is value for name, value in before.items())
    model.update(slices[3], relations=relations[2], n_neighbors=8)
    assert (model.n_models_, len(model.dict_relations_), len(model.embeddings_)) == (4, 3, 4)
    link = np.array([relations[0].get(row, -1) for row in range(50)])
    parameters = LayoutParameters(n_neighbors=5, n_passes=2)
    layouts = umap_learn_layout([table.astype(np.float32) for table in slices[:2]], parameters, relations=[link])
    assert [layout.shape for layout in layouts] == [(50, 2), (50, 2)]
    for tables, message in (([slices[0]], "two or more"), ([slices[0], slices[0][:1]], r"slice 1 has 1 sample")):
        with pytest.raises(ValueError, match=message):
            umap_learn_layout(tables, parameters, relations=[np.full(50, -1)] * (len(tables) - 1))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("link", [{}, {0: 3}])
def test_aligned_umap__leaves_umap_learn_within_its_tables(iris, link):
    """With few or no related rows umap-learn does not read beyond the relations: unrelated slices do not pull."""
    slices, _ = iris
    tables = [slices[0][:30], slices[1]]
    model = AlignedUMAP(n_neighbors=5, n_epochs=2, engine="umap-learn", random_state=0)
    layouts = model.fit_transform(tables, relations=[link])
    assert [layout.shape for layout in layouts] == [(30, 2), (50, 2)]
    assert all(np.isfinite(layout).all() for layout in layouts)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("wanted", [{"n_components": 3}, {"metric": "canberra"}, "sparse tables"])
def test_aligned_umap__leaves_to_umap_learn_what_it_alone_can(iris, wanted):
    """More than two components and the like mean what they mean in umap-learn; a warning names the reason."""
    slices, relations = iris
    if wanted == "sparse tables":
        slices, wanted = [csr_matrix(table) for table in slices], {}
    model = AlignedUMAP(n_neighbors=5, n_epochs=2, random_state=0, **wanted)
    with pytest.warns(UserWarning, match="only umap-learn has this"):
        model.fit(slices[:2], relations=relations[:1])
    assert model.engine_ == "umap-learn"
    theirs = import_umap().AlignedUMAP(n_neighbors=5, n_epochs=2, random_state=0, **wanted)
    theirs.fit(slices[:2], relations=relations[:1])
    assert [layout.shape for layout in model.embeddings_] == [layout.shape for layout in theirs.embeddings_]


@pytest.mark.filterwarnings("ignore")
def test_aligned_umap__names_a_bad_target_metric(iris):
    """With labels, the metric of the labels is checked."""
    slices, relations = iris
    model = AlignedUMAP(n_neighbors=5, n_epochs=2, target_metric="nope")
    with pytest.raises(ValueError, match="target_metric is 'nope'; allowed are"):
        model.fit(slices[:2], y=[np.arange(50) % 2] * 2, relations=relations[:1])


@pytest.mark.filterwarnings("ignore")
def test_aligned_umap__names_a_bad_metric(iris):
    """Neither engine has it."""
    slices, relations = iris
    with pytest.raises(ValueError, match=r"metric is 'nope'; allowed are .*cosine"):
        AlignedUMAP(n_neighbors=5, n_epochs=2, metric="nope").fit(slices[:2], relations=relations[:1])


def test_aligned_umap__keeps_its_engine_where_umap_learns_would_change_nothing(iris):
    """init, empty metric_kwds and labels that are all None do not ask for umap-learn."""
    slices, relations = iris
    plain = AlignedUMAP(n_epochs=5).fit(slices[:2], relations=relations[:1])
    for init in ("random", "pca", np.zeros((50, 2))):
        model = AlignedUMAP(n_epochs=5, init=init, metric_kwds={})
        model.fit(slices[:2], y=[None, None], relations=relations[:1])
        assert model.engine_ == "neuromapper"
        np.testing.assert_array_equal(model.embeddings_[1], plain.embeddings_[1])


def test_aligned_umap__keeps_the_fit_if_a_refit_fails(iris):
    """A failed fit leaves the model as it was."""
    slices, relations = iris
    model = AlignedUMAP(n_epochs=5).fit(slices[:2], relations=relations[:1])
    before = dict(vars(model))
    for tables, links in ((slices[:3], relations[:1]), ([*slices[:2], slices[2] * np.nan], relations[:2])):
        with pytest.raises(ValueError, match=r"relations|NaN"):
            model.fit(tables, relations=links)
        assert all(vars(model)[name] is value for name, value in before.items())
    model.update(slices[2], relations=relations[1])


def test_aligned_umap__takes_what_holds_numbers(iris):
    """Objects that are numbers, tensors that track gradients and bfloat16 are tables; slices may differ in width."""
    slices, relations = iris
    tensor = torch.tensor(slices[1], dtype=torch.float32)
    expected = AlignedUMAP(n_epochs=5).fit(slices[:2], relations=relations[:1])
    for other in (slices[1].astype(object), tensor.clone().requires_grad_(), tensor.tolist()):
        model = AlignedUMAP(n_epochs=5).fit([slices[0], other], relations=relations[:1])
        np.testing.assert_array_equal(model.embeddings_[1], expected.embeddings_[1])
    model.update(tensor.bfloat16()[:, :3], relations={})
    assert np.isfinite(model.embeddings_[-1]).all()


def test_aligned_umap__is_an_estimator(iris):
    """scikit-learn's checks and tags take it; an update before the fit is its NotFittedError."""
    slices, relations = iris
    model = AlignedUMAP(n_epochs=5)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    with pytest.raises(NotFittedError, match="call fit before"):
        model.update(slices[0], relations={})
    check_is_fitted(model.fit(slices[:2], relations=relations[:1]))
    assert get_tags(model).requires_fit

    class Mine(AlignedUMAP):
        pass

    assert repr(Mine(n_epochs=5)) == "Mine(n_epochs=5)"


def test_aligned_umap__draws_its_seed_at_every_fit(iris):
    """A new random_state decides the next fit; an update keeps the fit's seed."""
    slices, relations = iris

    def fit(model):
        return model.fit(slices[:2], relations=relations[:1]).embeddings_[0]

    expected = fit(AlignedUMAP(n_epochs=5, random_state=np.random.RandomState(1)))
    model = AlignedUMAP(n_epochs=5, random_state=np.random.RandomState(0))
    assert not np.array_equal(fit(model), expected)
    np.testing.assert_array_equal(fit(model.set_params(random_state=np.random.RandomState(1))), expected)
    assert not np.array_equal(fit(model), expected)


def test_umap_learn_layout__names_the_extra(monkeypatch):
    """Without umap-learn the error says what to install."""
    import sys

    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r"tb-neuromapper\[umap\]"):
        umap_learn_layout([GOOD, GOOD], LayoutParameters())
