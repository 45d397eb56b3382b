"""What the viewer makes of whole, broken and hostile logs, through TensorBoard's Python ingester."""

import numpy as np
import pytest
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_TENSOR

from tests.logs import LogWriter, string_tensor, write_run


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


def test_runs__prefers_the_newest_record_of_a_resumed_run(tmp_path, open_viewer):
    """A run resumed at step 1 holds step 1 twice; the newer one counts, whatever the order in the file."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0)
    old = writer.epoch(1, seed=1)
    new = writer.epoch(1, seed=2, file="newer.safetensors")
    writer.close()
    viewer = open_viewer(tmp_path)
    assert viewer.only_run()["steps"] == [0, 1]
    old.unlink()
    viewer = open_viewer(tmp_path)
    assert viewer.only_run()["problems"] == [f"step 1 of activations: the file {old.name} is missing; {HINT}"]
    assert viewer.only_run()["steps"] == [0, 1]
    assert new.is_file()


HINT = "was the run copied without its plugins/ folder?"


def test_runs__leaves_broken_records_out_in_words(tmp_path, open_viewer):
    """A missing file, a truncated one, another version and a path outside are each reported; the rest works."""
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
    run = open_viewer(tmp_path).only_run()
    assert run["steps"] == [0, 6]
    problems = sorted(run["problems"])
    assert [problem.split(":")[0] for problem in problems] == [f"step {n} of activations" for n in range(1, 6)]
    reported = ["missing", "truncated", "version 2", "bare name", "not JSON"]
    assert all(words in problem for words, problem in zip(reported, problems, strict=True))


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
    run = open_viewer(tmp_path / "logs").only_run()
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
    run = open_viewer(tmp_path).only_run()
    assert run["steps"] == [1]
    assert run["problems"] == ["1 step of activations show other samples than the newest probe set and are left out."]


def test_runs__become_whole_when_their_files_arrive(tmp_path, open_viewer):
    """A run whose event file was copied before its arrays becomes whole when they come."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    path = writer.epoch(0)
    writer.close()
    data = path.read_bytes()
    path.unlink()
    viewer = open_viewer(tmp_path)
    assert viewer.only_run()["steps"] == []
    path.write_bytes(data[:400])
    assert "truncated" in viewer.only_run()["problems"][0]
    path.write_bytes(data)
    assert viewer.only_run()["steps"] == [0]
    assert viewer.only_run()["problems"] == []


def test_runs__tell_samples_with_equal_ids_apart(tmp_path, open_viewer):
    """A run resumed with other samples under the same ids shows only the newer ones."""
    writer = LogWriter(tmp_path / "a")
    points = {"activations/layer1": np.ones((60, 8), np.float16)}
    for step, content in ((0, "old"), (1, "new")):
        writer.record("probe", step, {"probe/ids": np.arange(60)}, {"content": content})
        writer.record("activations", step, points, {"content": content})
    writer.close()
    run = open_viewer(tmp_path).only_run()
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
    assert words in viewer.only_run()["problems"][0]
    assert viewer.only_run()["steps"] == [0]
    assert viewer.get("run", run="a").status_code == 200
    assert viewer.get("samples", run="a").status_code == 200


def test_activations__with_other_rows_are_left_out(tmp_path, open_viewer):
    """A step whose table has another number of rows is left out and reported; the block's others are laid out."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0, ["layer1"])
    writer.record("activations", 1, {"activations/layer1": np.ones((59, 8), np.float16)}, {"blocks": [1]})
    writer.epoch(2, ["layer1"])
    writer.close()
    viewer = open_viewer(tmp_path)
    (manifest,) = viewer.project("a")
    assert manifest["steps"] == [0, 2]
    assert "the probe has 60 samples" in viewer.only_run()["problems"][0]


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
