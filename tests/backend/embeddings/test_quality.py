"""Quality, abrupt changes and misrepresented samples, over HTTP."""

import numpy as np
import pytest

from tb_neuromapper.backend.embeddings.quality import describe_quality, encode_shares
from tb_neuromapper.numerics.outliers import flag_outliers
from tb_neuromapper.numerics.quality.cka import linear_cka
from tests.logs import LogWriter, write_jumping_run, write_run


def test_quality__compares_the_activations_of_successive_steps(tmp_path, open_viewer):
    """`cka` is the linear CKA of the logged activations with those of the step before; the first has none."""
    write_jumping_run(tmp_path / "a", jump_at=5)
    viewer = open_viewer(tmp_path)
    (manifest,) = viewer.project("a")
    found = [item["cka"] for item in manifest["quality"]]
    from tb_neuromapper import open_run

    run = open_run(tmp_path / "a")
    points = [run.activations("layer1", step) for step in range(8)]
    expected = [linear_cka(points[step - 1], points[step]) for step in range(1, 8)]
    assert found[0] is None
    np.testing.assert_allclose(found[1:], expected, atol=1e-5)


def test_quality__marks_the_abrupt_step(tmp_path, open_viewer):
    """The step from which the activations are others is abrupt, and only that."""
    write_jumping_run(tmp_path / "a", jump_at=5)
    (manifest,) = open_viewer(tmp_path).project("a")
    assert [item["step"] for item in manifest["quality"] if item["abrupt"]] == [5]


def test_quality__is_unknown_for_constant_activations(tmp_path, open_viewer):
    """Where all samples are activated alike there are no neighbours to keep: null, not a perfect score."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    details = {"layer1": {"n_features": 8, "reduction": "none", "explained_variance": 1.0}}
    for step in range(2):
        writer.record("activations", step, {"activations/layer1": np.ones((writer.n, 8))}, {"blocks": details})
    writer.close()
    (manifest,) = open_viewer(tmp_path).project("a")
    for item in manifest["quality"]:
        assert item["trustworthiness"] is item["continuity"] is item["preservation"] is None


def test_quality__knows_the_change_of_a_step_added_later(tmp_path, open_viewer, tmp_path_factory):
    """A step that was logged after the layout is compared with the one before it."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    for step in range(4):
        writer.epoch(step, ["layer1"])
    viewer = open_viewer(tmp_path, tmp_path_factory.mktemp("own-cache"))
    viewer.project("a")
    writer.epoch(4, ["layer1"], seed=1)
    writer.close()
    viewer.reload()
    (manifest,) = viewer.project("a")
    assert len(manifest["quality"]) == 5
    assert manifest["quality"][4]["cka"] < 0.9
    assert manifest["quality"][4]["abrupt"]


def test_describe_quality__marks_large_changes_only():
    """A step at which the activations stood still is no abrupt change; neither are steps that are not known."""
    measured = [{"step": 0}, *({"step": step, "cka": cka} for step, cka in enumerate([0.9, 0.91, 1.0, 0.9, 0.89], 1))]
    assert not any(item["abrupt"] for item in describe_quality([*measured, None]))
    assert len(describe_quality([*measured, None])) == 6
    assert describe_quality([]) == []


def test_describe_quality__marks_a_jump_and_not_the_course_of_early_training():
    """Changes that become less and less are the usual course, large as they are; a jump among the later ones is not."""
    changes = [0.5, 0.3, 0.22, 0.12, 0.06, 0.03, 0.02, 0.011, 0.01, 0.012, 0.25, 0.02, *[0.01, 0.011, 0.009] * 4]
    measured = [{"step": 0, "cka": None}, *({"step": step, "cka": 1 - x} for step, x in enumerate(changes, 1))]
    assert flag_outliers(np.array(changes)).sum() > 5
    assert [item["step"] for item in describe_quality(measured) if item["abrupt"]] == [11]


def test_encode_shares__is_exact_to_half_a_quantum():
    """0 is none, 254 all, 255 not known."""
    shares = np.array([0, 0.5, 1, np.nan], np.float32)
    np.testing.assert_array_equal(encode_shares(shares), [0, 127, 254, 255])


def test_preservation__is_known_for_every_sample(tmp_path, open_viewer):
    """The mean over the samples is the manifest's preservation; the answer may be cached under its revision."""
    write_run(tmp_path / "a", steps=[0, 1])
    viewer = open_viewer(tmp_path)
    manifests = viewer.project("a")
    ids = ",".join(item["id"] for item in manifests)
    arrays, attributes = viewer.frame("preservation", ids=ids, step=1)
    assert attributes["step"] == 1
    assert attributes["k"] == 15
    for item in manifests:
        shares = arrays[item["id"]]
        assert shares.shape == (60,)
        assert shares.mean() / 254 == pytest.approx(item["quality"][1]["preservation"], abs=0.01)
    revisions = ",".join(str(item["revisions"][1]) for item in manifests)
    cached = viewer.get("preservation", ids=ids, step=1, v=revisions)
    assert "immutable" in cached.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ({"ids": "nonsense", "step": 0}, 404, "there is no projection"),
        ({"ids": "nonsense"}, 400, "'step' is missing"),
        ({"step": 0}, 400, "'ids' is missing"),
    ],
)
def test_preservation__answers_bad_input_in_words(tmp_path, open_viewer, query, code, words):
    """A wrong request gets a 4xx with a sentence."""
    response = open_viewer(tmp_path).get("preservation", **query)
    assert response.status_code == code
    assert words in response.json["error"]


def test_preservation__without_neighbours_is_told_in_words(tmp_path, open_viewer, tmp_path_factory):
    """At a step without a layout, and when the cache has lost the neighbours, the answer says so."""
    write_run(tmp_path / "a", steps=[0, 1])
    cache = tmp_path_factory.mktemp("own-cache")
    viewer = open_viewer(tmp_path, cache)
    ids = viewer.project("a")[0]["id"]
    assert "not known at step 9" in viewer.get("preservation", ids=ids, step=9).json["error"]
    for path in (cache / "neighbors").iterdir():
        path.unlink()
    assert viewer.get("preservation", ids=ids, step=0).status_code == 404
