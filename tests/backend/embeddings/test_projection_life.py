"""The life of a projection: what arrives late, breaks, is mended, evicted or cancelled."""

import os
import shutil

import pytest

from tb_neuromapper.backend.cache import StoredLayout
from tests.logs import LogWriter


@pytest.fixture
def live(tmp_path, open_viewer):
    """A writer with three epochs of one block, and a viewer with a cache of its own."""
    writer = LogWriter(tmp_path / "logs" / "a", n=600)
    writer.probe()
    for step in range(3):
        writer.epoch(step, ["layer1"], seed=step)
    yield writer, open_viewer(tmp_path / "logs", tmp_path / "cache")
    writer.close()


def test_epoch__that_arrives_during_a_job_is_laid_out_after_it(live):
    """The client asks once for the new epoch while a job runs, and never again: the epoch still gets its positions."""
    writer, viewer = live
    (manifest,) = viewer.post("projections", {"run": "a"}).json["projections"]
    assert manifest["state"] in ("queued", "running")
    writer.epoch(3, ["layer1"])
    viewer.reload()
    viewer.post("projections", {"run": "a"})
    (done,) = viewer.await_end([manifest["id"]])
    assert done["state"] == "done"
    assert done["steps"] == [0, 1, 2, 3]
    assert [quality["step"] for quality in done["quality"]] == [0, 1, 2, 3]


def test_layout__that_is_damaged_in_the_cache_is_computed_again(live, tmp_path, open_viewer):
    """An empty and a truncated file in the cache cost a computation, not the projection."""
    _, viewer = live
    (before,) = viewer.project("a")
    (path,) = (tmp_path / "cache" / "layouts").glob("*/positions.npy")
    for n_bytes in (0, 300):
        path.write_bytes(path.read_bytes()[:n_bytes])
        again = open_viewer(tmp_path / "logs", tmp_path / "cache")
        (after,) = again.project("a")
        assert after["state"] == "done"
        assert after["steps"] == before["steps"]
        assert path.stat().st_size > 300


def test_layout__that_was_evicted_is_computed_again(live, tmp_path):
    """A projection whose files have gone from the cache is laid out anew when it is asked for."""
    _, viewer = live
    (before,) = viewer.project("a")
    for path in (tmp_path / "cache" / "layouts").glob("*/*"):
        path.unlink()
    (gone,) = viewer.json("projections", ids=before["id"])["projections"]
    assert gone["state"] == "failed"
    assert "not in the cache any more" in gone["message"]
    (after,) = viewer.project("a")
    assert after["steps"] == before["steps"]


def test_step__that_is_mended_comes_back(live):
    """A damaged step is left out; once its file is whole again, it is laid out."""
    writer, viewer = live
    path = writer.epoch(3, ["layer1"], seed=9)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    viewer.reload()
    (broken,) = viewer.project("a")
    assert broken["steps"] == [0, 1, 2]
    path.write_bytes(whole)
    os.utime(path, (1, 1))
    (mended,) = viewer.project("a")
    assert mended["steps"] == [0, 1, 2, 3]
    assert viewer.json("runs")["runs"][0]["problems"] == []


def test_cache__keeps_its_bound_while_a_run_is_live(live, tmp_path):
    """Extensions are counted too: after each job the cache is within its bound."""
    writer, viewer = live
    viewer.cache.max_bytes = 200_000
    for step in range(3, 6):
        viewer.project("a")
        assert sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file()) <= 200_000
        writer.epoch(step, ["layer1"], seed=step)
        viewer.reload()


def test_positions__never_mix_two_layouts(live):
    """What is answered belongs together: extent, revision and positions are those of one moment."""
    _, viewer = live
    (manifest,) = viewer.project("a")
    projection = viewer.projections.get(manifest["id"])
    before = projection.published
    viewer.project("a", min_dist=0.5)
    assert projection.published is before
    with pytest.raises(AttributeError):
        projection.published.extent = (0, 0, 1, 1)


def test_positions__of_an_intermediate_layout_stay_until_the_finished_one_is_shown(tmp_path, open_viewer, monkeypatch):
    """When a job ends, its folder goes only after the picture that was read from it: a listed step has positions."""
    writer = LogWriter(tmp_path / "logs" / "a", n=3000)
    writer.probe()
    for step in range(6):
        writer.epoch(step, ["layer1"], seed=step)
    writer.close()
    viewer = open_viewer(tmp_path / "logs", tmp_path / "cache")
    (manifest,) = viewer.post("projections", {"run": "a"}).json["projections"]
    while not manifest["steps"]:
        assert manifest["state"] in ("queued", "running")
        (manifest,) = viewer.json("projections", ids=manifest["id"])["projections"]
    projection = viewer.projections.get(manifest["id"])
    folder = projection.folder
    shown_at_removal = []
    remove = shutil.rmtree

    def watched(path, **options):
        if path == folder:
            shown_at_removal.append(projection.published.snapshot.layout)
        remove(path, **options)

    monkeypatch.setattr(shutil, "rmtree", watched)
    (done,) = viewer.await_end([manifest["id"]])
    assert done["state"] == "done"
    (layout,) = shown_at_removal
    assert isinstance(layout, StoredLayout)


def test_positions__that_are_replaced_while_they_are_read_are_read_again(live, monkeypatch):
    """A step that the manifest lists is never answered with 404, though its file was replaced a moment ago."""
    _, viewer = live
    (manifest,) = viewer.project("a")
    gone, read = [1], StoredLayout.positions

    def replaced_once(layout, index):
        if gone:
            gone.pop()
            raise FileNotFoundError(layout.base)
        return read(layout, index)

    monkeypatch.setattr(StoredLayout, "positions", replaced_once)
    arrays, _ = viewer.frame("positions", ids=manifest["id"], step=1)
    assert arrays[manifest["id"]].shape == (600, 2)
    assert gone == []


def test_cancelled__stays_so_whatever_is_logged_until_it_is_asked_for_again(tmp_path, open_viewer):
    """A page that follows the run asks `unless_cancelled`: a new epoch brings nothing back; the user does."""
    writer = LogWriter(tmp_path / "logs" / "a", n=3000)
    writer.probe()
    for step in range(8):
        writer.epoch(step, ["layer1"], seed=step)
    viewer = open_viewer(tmp_path / "logs", tmp_path / "cache")
    (manifest,) = viewer.post("projections", {"run": "a"}).json["projections"]
    viewer.post("cancel", {"ids": [manifest["id"]]})
    (cancelled,) = viewer.await_end([manifest["id"]])
    assert cancelled["state"] == "cancelled"
    writer.epoch(8, ["layer1"])
    writer.close()
    viewer.reload()
    viewer.post("projections", {"run": "a", "unless_cancelled": True})
    (still,) = viewer.await_end([manifest["id"]])
    assert still["state"] == "cancelled"
    viewer.post("projections", {"run": "a"})
    (again,) = viewer.await_end([manifest["id"]])
    assert (again["state"], again["steps"]) == ("done", list(range(9)))
    (done,) = viewer.post("projections", {"run": "a", "unless_cancelled": True}).json["projections"]
    assert done["state"] == "done"


def test_unless_cancelled__is_true_or_false(live):
    """Anything else is refused with a sentence."""
    _, viewer = live
    response = viewer.post("projections", {"run": "a", "unless_cancelled": "yes"})
    assert response.status_code == 400
    assert "only true or false is allowed" in response.json["error"]


def test_cancel__stops_and_can_be_taken_up_again(tmp_path, open_viewer):
    """A cancelled projection says so; asking again computes it."""
    writer = LogWriter(tmp_path / "a", n=3000)
    writer.probe()
    for step in range(12):
        writer.epoch(step, blocks=["layer1"], seed=step)
    writer.close()
    viewer = open_viewer(tmp_path, tmp_path / "cache")
    (manifest,) = viewer.post("projections", {"run": "a"}).json["projections"]
    viewer.post("cancel", {"ids": [manifest["id"]]})
    (cancelled,) = viewer.await_end([manifest["id"]])
    assert cancelled["state"] == "cancelled"
    (done,) = viewer.project("a")
    assert done["state"] == "done"
    assert list((tmp_path / "cache" / "jobs").iterdir()) == []
