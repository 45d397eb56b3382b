"""What is left to umap-learn, and what is not."""

import sys

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tb_neuromapper.numerics.types import LayoutParameters
from tb_neuromapper.numerics.umap.aligned_umap import AlignedUMAP
from tb_neuromapper.numerics.umap.reference_engine import umap_learn_layout
from tests.numerics.umap.tables import GOOD, import_umap


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


def test_umap_learn_layout__names_the_extra(monkeypatch):
    """Without umap-learn the error says what to install."""
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r"tb-neuromapper\[umap\]"):
        umap_learn_layout([GOOD, GOOD], LayoutParameters())
