"""What AlignedUMAP refuses, and how it names it; a failed call changes nothing."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tb_neuromapper.numerics.umap.aligned_umap import AlignedUMAP
from tests.numerics.umap.tables import GOOD, SAME


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


def test_aligned_umap__refuses_a_bad_update(iris):
    """Update needs a fit and a dict; a failed one changes nothing."""
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
