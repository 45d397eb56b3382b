"""Two runs in one space."""

import numpy as np
import pytest

from tb_neuromapper.backend.embeddings.run_pairs import match_samples
from tests.logs import LogWriter, flip_bit, write_run


def await_pair(viewer, **body):
    """Ask for two runs side by side and await the end; the manifests."""
    response = viewer.post("projections", {"runs": ["a", "b"], **body})
    assert response.status_code == 200, response.text
    return viewer.await_end([item["id"] for item in response.json["projections"]])


def test_pair__has_a_side_for_each_run_in_one_space(tmp_path, open_viewer):
    """Each run answers for its own steps; both share extent and state, and equal samples lie near each other."""
    write_run(tmp_path / "a", steps=[0, 1, 2])
    write_run(tmp_path / "b", steps=[0, 2, 5])
    viewer = open_viewer(tmp_path)
    manifests = await_pair(viewer, blocks=["layer1"])
    assert [(item["run"], item["steps"], item["state"]) for item in manifests] == [
        ("a", [0, 1, 2], "done"),
        ("b", [0, 2, 5], "done"),
    ]
    assert manifests[0]["extent"] == manifests[1]["extent"]
    assert manifests[0]["runs"] == ["a", "b"]
    assert manifests[0]["n_common"] == 60
    first, second = (viewer.positions(item, 2) for item in manifests)
    assert first.shape == second.shape == (60, 2)
    spread = np.linalg.norm(first - first.mean(axis=0), axis=1).mean()
    assert np.linalg.norm(first - second, axis=1).mean() < 0.4 * spread
    # The second run has no step 1, the first no step 5.
    assert viewer.get("positions", ids=manifests[1]["id"], step=1).status_code == 404
    assert viewer.get("positions", ids=manifests[0]["id"], step=5).status_code == 404
    assert [item["step"] for item in manifests[1]["quality"]] == [0, 2, 5]
    assert [item["movement"] is None for item in manifests[1]["quality"]] == [True, False, False]


def test_pair__is_related_by_sample_id(tmp_path, open_viewer):
    """Of runs with other samples in another order the common ones are laid out, in the first run's rows."""
    write_run(tmp_path / "a", steps=[0, 1])
    rng = np.random.default_rng(0)
    order = rng.permutation(60)[:45]
    writer = LogWriter(tmp_path / "b", n=50, ids=[*(int(row) for row in order), 901, 902, 903, 904, 905])
    writer.labels = np.array([*(order % 3), 0, 0, 0, 0, 0], np.int64)
    writer.probe()
    for step in (0, 1):
        writer.epoch(step)
    writer.close()
    viewer = open_viewer(tmp_path)
    manifests = await_pair(viewer, blocks=["layer1"])
    assert manifests[0]["n_common"] == 45
    assert manifests[0]["n_samples"] == [60, 50]
    assert [item["state"] for item in manifests] == ["done", "done"]
    classes = np.arange(60) % 3
    for item in manifests:
        positions = viewer.positions(item, 1)
        placed = np.isfinite(positions).all(axis=1)
        np.testing.assert_array_equal(np.flatnonzero(placed), np.sort(order))
        # A sample's nearest other sample is of its class: the rows are those of the first run.
        gaps = np.linalg.norm(positions[:, None] - positions[None], axis=2)
        gaps[np.isnan(gaps) | np.eye(60, dtype=bool)] = np.inf
        nearest = gaps[placed].argmin(axis=1)
        assert (classes[nearest] == classes[placed]).mean() > 0.95
    arrays, _ = viewer.frame("preservation", ids=manifests[1]["id"], step=1)
    np.testing.assert_array_equal(arrays[manifests[1]["id"]] == 255, ~placed)


def test_pair__grows_with_its_runs(tmp_path, open_viewer, tmp_path_factory):
    """A step that one run logs later appears on its side; the other side stays."""
    writers = [LogWriter(tmp_path / name) for name in "ab"]
    for writer in writers:
        writer.probe()
        for step in range(3):
            writer.epoch(step, ["layer1"])
    viewer = open_viewer(tmp_path, tmp_path_factory.mktemp("own-cache"))
    await_pair(viewer)
    writers[1].epoch(3, ["layer1"])
    viewer.reload()
    manifests = await_pair(viewer)
    assert [item["steps"] for item in manifests] == [[0, 1, 2], [0, 1, 2, 3]]
    assert len(manifests[1]["quality"]) == 4
    for writer in writers:
        writer.close()


def test_pair__leaves_single_runs_as_they_are(tmp_path, open_viewer):
    """A run's own projection is another one than its side in a pair."""
    write_run(tmp_path / "a")
    write_run(tmp_path / "b")
    viewer = open_viewer(tmp_path)
    pair = await_pair(viewer, blocks=["layer1"])
    (alone, _) = viewer.project("a")
    assert alone["id"] not in [item["id"] for item in pair]
    assert "runs" not in alone


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"runs": ["a"]}, 400, "two different runs"),
        ({"runs": ["a", "a"]}, 400, "two different runs"),
        ({"runs": ["a", 3]}, 400, "two different runs"),
        ({"runs": ["a", "b"], "run": "a"}, 400, "without run"),
        ({"runs": ["a", "zzz"]}, 404, "there is no run 'zzz'"),
        ({"runs": ["a", "b"], "blocks": ["output"]}, 404, "both have layer1"),
        ({"runs": ["a", "c"]}, 400, "share 0 samples"),
    ],
)
def test_post_pair__answers_bad_input_in_words(tmp_path, open_viewer, body, code, words):
    """Not two runs, a block that one lacks, no common sample: refused in a sentence."""
    write_run(tmp_path / "a", steps=[0])
    for name, ids in (("b", []), ("c", list(range(1000, 1060)))):
        writer = LogWriter(tmp_path / name, ids=ids)
        writer.probe()
        writer.epoch(0, ["layer1"])
        writer.close()
    response = open_viewer(tmp_path).post("projections", body)
    assert response.status_code == code, response.text
    assert words in response.json["error"]


def test_match_samples__keeps_equal_orders_whole():
    """No rows are picked where all are meant; ids are matched whatever their order."""
    same = match_samples(("a", "b"), (["x", "y"], ["x", "y"]))
    assert same.rows == (None, None)
    pair = match_samples(("a", "b"), ([1, 2, 3], [3, 9, 1]))
    np.testing.assert_array_equal(pair.rows[0], [0, 2])
    np.testing.assert_array_equal(pair.rows[1], [2, 0])
    np.testing.assert_array_equal(pair.scatter_to_rows(np.array([5, 7], np.float32)), [5, np.nan, 7])


def test_subclusters__are_counted_on_either_side(tmp_path, open_viewer):
    """Well separated classes are one cluster each, give or take; bad requests are refused with a sentence."""
    write_run(tmp_path / "a", steps=[0])
    write_run(tmp_path / "b", steps=[0])
    viewer = open_viewer(tmp_path)
    for item in await_pair(viewer, blocks=["layer1"]):
        found = viewer.json("subclusters", id=item["id"], step=0)
        assert found["id"] == item["id"]
        assert 1 <= found["per_class"] < 3
        assert "no positions at step 7" in viewer.get("subclusters", id=item["id"], step=7).json["error"]
    assert viewer.get("subclusters", id="nonsense", step=0).status_code == 404


def test_pair__lists_its_broken_steps_among_the_problems_of_their_run(tmp_path, open_viewer, tmp_path_factory):
    """A step that cannot be laid out is left out, and the problems of its run name it by its own step."""
    write_run(tmp_path / "a", steps=[0, 1])
    writer = LogWriter(tmp_path / "b")
    writer.probe()
    writer.epoch(0)
    flip_bit(writer.epoch(4, blocks=["layer1"]), -3)
    writer.epoch(7)
    writer.close()
    viewer = open_viewer(tmp_path, tmp_path_factory.mktemp("own-cache"))
    manifests = await_pair(viewer, blocks=["layer1"])
    assert [(item["state"], item["steps"]) for item in manifests] == [("done", [0, 1]), ("done", [0, 7])]
    problems = {item["name"]: item["problems"] for item in viewer.json("runs")["runs"]}
    assert problems["a"] == []
    (problem,) = problems["b"]
    assert problem.startswith("step 4 of layer1: ")
    assert "checksum" in problem


def test_pair__stays_cancelled_until_it_is_asked_for_again(tmp_path, open_viewer, tmp_path_factory):
    """As the projections of one run."""
    for name in ("a", "b"):
        write_run(tmp_path / name, n=2000, steps=range(4))
    viewer = open_viewer(tmp_path, tmp_path_factory.mktemp("own-cache"))
    ask = {"runs": ["a", "b"], "blocks": ["layer1"]}
    ids = [item["id"] for item in viewer.post("projections", ask).json["projections"]]
    viewer.post("cancel", {"ids": ids})
    assert [item["state"] for item in viewer.await_end(ids)] == ["cancelled", "cancelled"]
    viewer.post("projections", {**ask, "unless_cancelled": True})
    assert [item["state"] for item in viewer.await_end(ids)] == ["cancelled", "cancelled"]
    assert [item["state"] for item in await_pair(viewer, blocks=["layer1"])] == ["done", "done"]
