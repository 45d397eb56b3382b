"""What the viewer makes of whole, broken and hostile logs, through TensorBoard's Python ingester."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_TENSOR

from tests.logs import LogWriter, string_tensor, write_run


def only_run(viewer):
    (run,) = viewer.json("runs")["runs"]
    return run


def test_runs__lists_all_steps(tmp_path, open_viewer):
    """All steps are there, not ten; runs without our data are named apart; nested names are kept."""
    write_run(tmp_path / "sweep" / "a", steps=range(25))
    write_run(tmp_path / "b", steps=[3, 7, 1000])
    (tmp_path / "plain").mkdir()
    LogWriter(tmp_path / "plain").close()
    runs = open_viewer(tmp_path).json("runs")
    assert [(run["name"], run["steps"]) for run in runs["runs"]] == [
        ("b", [3, 7, 1000]),
        ("sweep/a", list(range(25))),
    ]
    assert runs["other_runs"] == ["plain"]
    assert runs["runs"][0]["blocks"] == ["layer1", "output"]
    assert runs["runs"][0]["n_samples"] == 60


def test_runs__is_empty_for_an_empty_log_directory(tmp_path, open_viewer):
    """No runs, no error."""
    viewer = open_viewer(tmp_path)
    assert viewer.json("runs")["runs"] == []
    assert not viewer.plugin.is_active()


def test_run__describes_the_probe(tmp_path, open_viewer):
    """Class names, label kind, thumbnails and blocks come from the log."""
    write_run(tmp_path / "a")
    run = open_viewer(tmp_path).json("run", run="a")
    assert run["class_names"] == ["class 0", "class 1", "class 2"]
    assert run["label_kind"] == "class"
    assert run["thumbnails"] == {"height": 4, "width": 4, "per_sheet": 256, "columns": 16, "n_sheets": 1}
    assert run["blocks"][0] == {"name": "layer1", "n_dims": 8, "n_features": 8, "reduction": "none"}
    assert run["outcome_steps"] == [0, 1, 2]
    assert run["problems"] == []


@pytest.mark.parametrize("payload", ["file", "event"])
def test_samples_and_outcomes__come_from_either_payload(tmp_path, open_viewer, payload):
    """Ids, labels and outcomes are the same from a sidecar and from the event."""
    writer = write_run(tmp_path / "a", payload=payload)
    viewer = open_viewer(tmp_path)
    arrays, attributes = viewer.frame("samples", run="a")
    np.testing.assert_array_equal(arrays["labels"], writer.labels)
    assert attributes["ids"] == list(range(60))
    arrays, _ = viewer.frame("outcomes", run="a", step=1)
    np.testing.assert_array_equal(arrays["predicted"], writer.labels)
    assert arrays["confidence"].tolist() == [0.5] * 60


@pytest.mark.parametrize("payload", ["file", "event"])
def test_thumbnails__are_png_sheets(tmp_path, open_viewer, payload):
    """300 thumbnails fill two sheets; the pixels are those of the log."""
    writer = LogWriter(tmp_path / "a", n=300, payload=payload)
    pixels = np.random.default_rng(0).integers(0, 256, (300, 5, 7, 3), dtype=np.uint8)
    writer.probe(**{"probe/thumbnails": pixels})
    writer.epoch(0)
    writer.close()
    viewer = open_viewer(tmp_path)
    response = viewer.get("thumbnails", run="a", sheet=1)
    assert response.status_code == 200, response.text
    sheet = np.asarray(Image.open(BytesIO(response.data)))
    assert sheet.shape == (15, 112, 3)
    np.testing.assert_array_equal(sheet[0:5, 7:14], pixels[257])
    assert viewer.get("thumbnails", run="a", sheet=2).status_code == 404


def test_runs__prefers_the_newest_record_of_a_resumed_run(tmp_path, open_viewer):
    """A run resumed at step 1 holds step 1 twice; the newer one counts, whatever the order in the file."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0)
    old = writer.epoch(1, seed=1)
    new = writer.epoch(1, seed=2, file="newer.safetensors")
    writer.close()
    viewer = open_viewer(tmp_path)
    assert only_run(viewer)["steps"] == [0, 1]
    old.unlink()
    viewer = open_viewer(tmp_path)
    assert only_run(viewer)["problems"] == [f"step 1 of activations: the file {old.name} is missing; {HINT}"]
    assert only_run(viewer)["steps"] == [0, 1]
    assert new.is_file()


HINT = "was the run copied without its plugins/ folder?"


def test_runs__leaves_broken_records_out_in_words(tmp_path, open_viewer):
    """A missing file, a truncated one, another version and a path outside are each told; the rest works."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0)
    writer.epoch(1).unlink()
    path = writer.epoch(2)
    path.write_bytes(path.read_bytes()[:900])
    writer.epoch(3, index_changes={"schema_version": 2})
    writer.epoch(4, index_changes={"file": "../../secret.safetensors"})
    writer.event("activations", 5, string_tensor([b"not json"], scalar=True), DATA_CLASS_TENSOR)
    writer.epoch(6)
    writer.close()
    run = only_run(open_viewer(tmp_path))
    assert run["steps"] == [0, 6]
    problems = sorted(run["problems"])
    assert [problem.split(":")[0] for problem in problems] == [f"step {n} of activations" for n in range(1, 6)]
    told = ["missing", "truncated", "version 2", "bare name", "not JSON"]
    assert all(words in problem for words, problem in zip(told, problems, strict=True))


def test_runs__does_not_follow_a_link_out_of_the_folder(tmp_path, open_viewer):
    """A sidecar that is a link to another folder is not read."""
    writer = LogWriter(tmp_path / "logs" / "a")
    writer.probe()
    writer.epoch(0)
    path = writer.epoch(1)
    writer.close()
    elsewhere = tmp_path / "secret.safetensors"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    run = only_run(open_viewer(tmp_path / "logs"))
    assert run["steps"] == [0]
    assert "leads out of the run's folder" in run["problems"][0]


def test_runs__leaves_another_probe_set_out(tmp_path, open_viewer):
    """Steps of an older probe set are counted and left out."""
    first = LogWriter(tmp_path / "a", ids=list(range(100, 160)))
    first.probe()
    first.epoch(0)
    first.close()
    second = LogWriter(tmp_path / "a", wall_time_s=first.wall_time_s + 100)
    second.probe()
    second.epoch(1)
    second.close()
    run = only_run(open_viewer(tmp_path))
    assert run["steps"] == [1]
    assert run["problems"] == ["1 step of activations show other samples than the newest probe set and are left out."]


def test_samples__of_a_damaged_probe_is_a_sentence(tmp_path, open_viewer):
    """A flipped bit in the probe's file is found by its checksum; the run's other parts still answer."""
    writer = LogWriter(tmp_path / "a")
    path = writer.probe()
    writer.epoch(0)
    writer.close()
    flip_bit(path, -5)
    viewer = open_viewer(tmp_path)
    response = viewer.get("thumbnails", run="a", sheet=0)
    assert response.status_code == 400
    assert "does not match its checksum" in response.json["error"]
    assert viewer.get("run", run="a").status_code == 200


def flip_bit(path: Path, offset: int):
    data = bytearray(path.read_bytes())
    data[offset] ^= 4
    path.write_bytes(data)


def test_samples__without_a_probe_record_are_numbered(tmp_path, open_viewer):
    """Without a probe record the samples have numbers, and the log's fault is told."""
    writer = LogWriter(tmp_path / "a")
    writer.epoch(0)
    writer.close()
    viewer = open_viewer(tmp_path)
    _, attributes = viewer.frame("samples", run="a")
    assert attributes["ids"] == list(range(60))
    assert "no usable probe record" in only_run(viewer)["problems"][0]


def test_samples__carries_metadata_and_descriptions(tmp_path, open_viewer):
    """Columns arrive by name; NaN becomes null, which JSON has."""
    writer = LogWriter(tmp_path / "a", n=3)
    weight = np.array([1.5, np.nan, 2], np.float32)
    writer.probe(**{"probe/metadata/weight": weight, "probe/metadata/writer": ["x", "y", "z"]})
    writer.epoch(0)
    writer.close()
    _, attributes = open_viewer(tmp_path).frame("samples", run="a")
    assert attributes["metadata"] == {"weight": [1.5, None, 2.0], "writer": ["x", "y", "z"]}


def test_samples__keeps_all_digits_of_large_integers(tmp_path, open_viewer):
    """What a double cannot hold is a string, in ids and metadata."""
    large = np.array([1, 2**53 - 1, 2**53 + 1], np.int64)
    writer = LogWriter(tmp_path / "a", n=3)
    writer.probe(**{"probe/ids": large, "probe/metadata/hash": -large})
    writer.epoch(0)
    writer.close()
    _, attributes = open_viewer(tmp_path).frame("samples", run="a")
    assert attributes["ids"] == [1, 9007199254740991, "9007199254740993"]
    assert attributes["metadata"] == {"hash": [-1, -9007199254740991, "-9007199254740993"]}


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
    positions = [plane_positions(first, manifest, 1) for manifest in first.project("a")]
    first.close()
    second = open_viewer(tmp_path / "logs", tmp_path / "cache")
    again = second.post("projections", {"run": "a"}).json["projections"]
    assert [item["state"] for item in again] == ["done", "done"]
    for before, manifest in zip(positions, again, strict=True):
        np.testing.assert_allclose(plane_positions(second, manifest, 1), before, atol=2e-3)


def plane_positions(viewer, manifest, step):
    arrays, attributes = viewer.frame("positions", ids=manifest["id"], step=step)
    extent = attributes["extents"][manifest["id"]]
    return np.array(extent[:2]) + arrays[manifest["id"]] / 65535 * (extent[2] - extent[0])


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
    problems = only_run(viewer)["problems"]
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


def test_log_directory__is_never_written_to(tmp_path, open_viewer):
    """Looking at a run leaves its folder as it was."""
    write_run(tmp_path / "a")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    viewer = open_viewer(tmp_path)
    viewer.project("a")
    viewer.frame("samples", run="a")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert json.dumps(viewer.json("runs"))


def test_projections__of_changed_parameters_start_from_the_present_layout(tmp_path, open_viewer):
    """After a change of min_dist every class stays where it was: its centre moves less than the classes are apart."""
    writer = write_run(tmp_path / "a", n=300)
    viewer = open_viewer(tmp_path, tmp_path / "cache")
    (before, _) = viewer.project("a")
    (after, _) = viewer.project("a", min_dist=0.4)
    fresh = open_viewer(tmp_path, tmp_path / "other")
    (anew, _) = fresh.project("a", min_dist=0.4)
    for step in (0, 2):
        old = centres(plane_positions(viewer, before, step), writer.labels)
        new = centres(plane_positions(viewer, after, step), writer.labels)
        other = centres(plane_positions(fresh, anew, step), writer.labels)
        apart = np.linalg.norm(old[0] - old[1])
        assert np.linalg.norm(new - old, axis=1).max() < apart / 3
        assert np.linalg.norm(new - old) < np.linalg.norm(other - old) + apart / 3
    assert after["id"] != before["id"]


def centres(positions, labels):
    return np.stack([positions[labels == label].mean(axis=0) for label in np.unique(labels)])


def test_runs__become_whole_when_their_files_arrive(tmp_path, open_viewer):
    """A run whose event file was copied before its arrays heals by itself when they come."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    path = writer.epoch(0)
    writer.close()
    data = path.read_bytes()
    path.unlink()
    viewer = open_viewer(tmp_path)
    assert only_run(viewer)["steps"] == []
    path.write_bytes(data[:400])
    assert "truncated" in only_run(viewer)["problems"][0]
    path.write_bytes(data)
    assert only_run(viewer)["steps"] == [0]
    assert only_run(viewer)["problems"] == []


def test_runs__tell_samples_with_equal_ids_apart(tmp_path, open_viewer):
    """A run resumed with other samples under the same ids shows only the newer ones."""
    writer = LogWriter(tmp_path / "a")
    points = {"activations/layer1": np.ones((60, 8), np.float16)}
    for step, content in ((0, "old"), (1, "new")):
        writer.record("probe", step, {"probe/ids": np.arange(60)}, {"content": content})
        writer.record("activations", step, points, {"content": content})
    writer.close()
    run = only_run(open_viewer(tmp_path))
    assert run["steps"] == [1]
    assert "other samples" in run["problems"][0]


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("probe/thumbnails", np.zeros((), np.uint8), "thumbnails are uint8 []"),
        ("probe/thumbnails", np.zeros((60, 4, 4, 7), np.uint8), "1 or 3"),
        ("probe/thumbnails", np.zeros((60, 1, 900, 1), np.uint8), "at most 256 pixels"),
        ("probe/labels", np.zeros(59, np.int64), "the probe has 60 samples"),
        ("probe/labels", np.zeros(60, np.uint8), "only int64"),
        ("probe/metadata/x", np.zeros((60, 2), np.float32), "the probe has 60 samples"),
    ],
)
def test_probe__tensors_of_a_wrong_kind_are_left_out(tmp_path, open_viewer, name, array, words):
    """A tensor that is not what its name promises costs itself, not the run."""
    writer = LogWriter(tmp_path / "a")
    writer.probe(**{name: array})
    writer.epoch(0)
    writer.close()
    viewer = open_viewer(tmp_path)
    assert words in only_run(viewer)["problems"][0]
    assert only_run(viewer)["steps"] == [0]
    assert viewer.get("run", run="a").status_code == 200
    assert viewer.get("samples", run="a").status_code == 200


def test_activations__with_other_rows_are_left_out(tmp_path, open_viewer):
    """A step whose table has another number of rows is left out in words; the block's others are laid out."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0, ["layer1"])
    writer.record("activations", 1, {"activations/layer1": np.ones((59, 8), np.float16)}, {"blocks": [1]})
    writer.epoch(2, ["layer1"])
    writer.close()
    viewer = open_viewer(tmp_path)
    (manifest,) = viewer.project("a")
    assert manifest["steps"] == [0, 2]
    assert "the probe has 60 samples" in only_run(viewer)["problems"][0]


def test_one_hostile_run__does_not_hide_the_others(tmp_path, open_viewer):
    """Indexes with monstrous shapes or attributes are refused quickly and alone."""
    write_run(tmp_path / "good")
    bad = LogWriter(tmp_path / "bad")
    spec = {"dtype": "uint8", "checksum": "", "shape": [2**52] * 300}
    bad.record("probe", 0, {"probe/ids": np.arange(60)}, {"n_samples": "many"})
    for step, shape in enumerate(([2**52] * 300, [2**53 - 1] * 7, [5_000_000_000, 0], [[1]])):
        tensors = {"activations/layer1": {**spec, "shape": shape}}
        bad.record("activations", step, {}, {"blocks": []}, index_changes={"tensors": tensors})
    bad.epoch(7)
    bad.close()
    runs = open_viewer(tmp_path).json("runs")["runs"]
    assert [(run["name"], run["steps"]) for run in runs] == [("bad", [7]), ("good", [0, 1, 2])]
    assert len(runs[0]["problems"]) == 4
