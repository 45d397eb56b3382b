"""What is laid out of a run, over HTTP."""

import numpy as np
import pytest

from tests.logs import LogWriter, flip_bit, write_run


def test_projections__extend_to_new_epochs_and_leave_older_ones_still(tmp_path, open_viewer):
    """A new epoch adds its positions; the older steps keep their revisions, so that nothing is fetched again."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0)
    writer.epoch(1)
    viewer = open_viewer(tmp_path, tmp_path / "cache")
    before = viewer.project("a")
    assert [item["state"] for item in before] == ["done", "done"]
    assert before[0]["steps"] == [0, 1]
    writer.epoch(2)
    writer.close()
    viewer.reload()
    after = viewer.project("a")
    assert after[0]["id"] == before[0]["id"]
    assert after[0]["steps"] == [0, 1, 2]
    arrays, attributes = viewer.frame("positions", ids=after[0]["id"], step=0)
    assert arrays[after[0]["id"]].shape == (60, 2)
    assert attributes["extents"][after[0]["id"]] == after[0]["extent"]
    if after[0]["extent"] == before[0]["extent"]:
        assert after[0]["revisions"][:2] == before[0]["revisions"]
    assert after[0]["revisions"][2] > after[0]["revisions"][1]
    assert [quality["step"] for quality in after[0]["quality"]] == [0, 1, 2]
    assert after[0]["quality"][2]["trustworthiness"] > 0.8


@pytest.mark.parametrize("payload", ["file", "event"])
def test_projections__separate_the_classes(tmp_path, open_viewer, payload):
    """Well separated classes stay apart in the plane, from either payload."""
    writer = write_run(tmp_path / "a", payload=payload)
    viewer = open_viewer(tmp_path)
    for manifest in viewer.project("a"):
        arrays, _ = viewer.frame("positions", ids=manifest["id"], step=1)
        positions = arrays[manifest["id"]].astype(float)
        dists = np.linalg.norm(positions[:, None] - positions[None], axis=2)
        np.fill_diagonal(dists, np.inf)
        assert (writer.labels[dists.argmin(axis=1)] == writer.labels).mean() > 0.95


def test_projections__come_from_the_cache_after_a_restart(tmp_path, open_viewer):
    """A second TensorBoard over the same log answers at once, without a worker."""
    write_run(tmp_path / "logs" / "a")
    first = open_viewer(tmp_path / "logs", tmp_path / "cache")
    positions = [first.positions(manifest, 1) for manifest in first.project("a")]
    first.close()
    second = open_viewer(tmp_path / "logs", tmp_path / "cache")
    again = second.post("projections", {"run": "a"}).json["projections"]
    assert [item["state"] for item in again] == ["done", "done"]
    for before, manifest in zip(positions, again, strict=True):
        np.testing.assert_allclose(second.positions(manifest, 1), before, atol=2e-3)


def test_projections__leave_a_damaged_step_out_in_words(tmp_path, open_viewer):
    """A flipped bit, NaN and infinity each cost their step; the run says so and the others are laid out."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0, blocks=["layer1"])
    flip_bit(writer.epoch(1, blocks=["layer1"]), -3)
    for step, value in ((2, np.nan), (3, np.inf)):
        points = np.zeros((60, 8), np.float16)
        points[7, 1] = value
        writer.record("activations", step, {"activations/layer1": points}, {})
    writer.epoch(4, blocks=["layer1"])
    writer.close()
    viewer = open_viewer(tmp_path, tmp_path / "cache")
    (manifest,) = viewer.project("a")
    assert manifest["state"] == "done"
    assert manifest["steps"] == [0, 4]
    problems = viewer.only_run()["problems"]
    assert len(problems) == 3
    assert "does not match its checksum" in problems[0]
    assert "NaN or infinite for 1 samples, first in row 7" in problems[1]


def test_projections__of_nothing_usable_fail_in_words(tmp_path, open_viewer):
    """When no step is usable the projection fails with the reason."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    flip_bit(writer.epoch(0, blocks=["layer1"]), -3)
    writer.close()
    viewer = open_viewer(tmp_path, tmp_path / "cache")
    (manifest,) = viewer.project("a")
    assert manifest["state"] == "failed"
    assert "checksum" in manifest["message"]
    assert manifest["extent"] is None


@pytest.mark.parametrize("n", [1, 2, 3, 16])
def test_projections__of_few_samples_exist(tmp_path, open_viewer, n):
    """Fewer samples than neighbours still have a layout."""
    write_run(tmp_path / "a", n=n, n_classes=1)
    viewer = open_viewer(tmp_path)
    for manifest in viewer.project("a"):
        assert manifest["state"] == "done", manifest["message"]
        arrays, _ = viewer.frame("positions", ids=manifest["id"], step=2)
        assert arrays[manifest["id"]].shape == (n, 2)


def test_projections__of_changed_parameters_start_from_the_present_layout(tmp_path, open_viewer):
    """After a change of min_dist every class stays where it was: its centre moves less than the classes are apart."""
    writer = write_run(tmp_path / "a", n=300)
    viewer = open_viewer(tmp_path, tmp_path / "cache")
    (before, _) = viewer.project("a")
    (after, _) = viewer.project("a", min_dist=0.4)
    fresh = open_viewer(tmp_path, tmp_path / "other")
    (anew, _) = fresh.project("a", min_dist=0.4)
    for step in (0, 2):
        old = centres(viewer.positions(before, step), writer.labels)
        new = centres(viewer.positions(after, step), writer.labels)
        other = centres(fresh.positions(anew, step), writer.labels)
        apart = np.linalg.norm(old[0] - old[1])
        assert np.linalg.norm(new - old, axis=1).max() < apart / 3
        assert np.linalg.norm(new - old) < np.linalg.norm(other - old) + apart / 3
    assert after["id"] != before["id"]


def centres(positions, labels):
    """Mean position (n_classes, 2) of each class."""
    return np.stack([positions[labels == label].mean(axis=0) for label in np.unique(labels)])


def test_projections__of_two_runs_are_independent(tmp_path, open_viewer):
    """Equal data in two runs share the cache; the runs' projections keep their own ids."""
    write_run(tmp_path / "a")
    write_run(tmp_path / "b")
    viewer = open_viewer(tmp_path)
    first, second = viewer.project("a"), viewer.project("b")
    assert {item["id"] for item in first}.isdisjoint(item["id"] for item in second)
    for own, other in zip(first, second, strict=True):
        np.testing.assert_allclose(viewer.positions(own, 0), viewer.positions(other, 0), atol=2e-3)
