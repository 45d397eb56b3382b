"""What the viewer answers about a run and its samples."""

import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from tests.logs import LogWriter, flip_bit, write_run


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


def test_samples__without_a_probe_record_are_numbered(tmp_path, open_viewer):
    """Without a probe record the samples have numbers, and the log's fault is reported."""
    writer = LogWriter(tmp_path / "a")
    writer.epoch(0)
    writer.close()
    viewer = open_viewer(tmp_path)
    _, attributes = viewer.frame("samples", run="a")
    assert attributes["ids"] == list(range(60))
    assert "no usable probe record" in viewer.only_run()["problems"][0]


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


def test_log_directory__is_never_written_to(tmp_path, open_viewer):
    """Looking at a run leaves its folder as it was."""
    write_run(tmp_path / "a")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    viewer = open_viewer(tmp_path)
    viewer.project("a")
    viewer.frame("samples", run="a")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert json.dumps(viewer.json("runs"))


def test_accuracy__is_what_the_run_logged(tmp_path, open_viewer):
    """Probe and training accuracy come from the run's ordinary scalars, whatever of them there is."""
    write_run(tmp_path / "a", steps=[0])
    viewer = open_viewer(tmp_path)
    assert viewer.json("accuracy", run="a") == {"run": "a", "probe": [], "train": [], "train_tag": None}
    with SummaryWriter(str(tmp_path / "a")) as writer:
        for step, value in enumerate([0.5, float("nan"), 0.75]):
            writer.add_scalar("acc/train", value, step)
    viewer.reload()
    found = viewer.json("accuracy", run="a")
    assert found["train"] == [[0, 0.5], [2, 0.75]]
    assert found["train_tag"] == "acc/train"
    assert viewer.get("accuracy", run="zzz").status_code == 404


def test_outcomes__may_have_any_columns(tmp_path, open_viewer):
    """Numbers are float32, texts integers with their list; the run names the columns and says what they are of."""
    log = LogWriter(tmp_path / "a")
    log.probe()
    log.epoch(1)
    codes = np.arange(log.n, dtype=np.int64) % 2
    tensors = {"outcomes/iou": np.linspace(0, 1, log.n, dtype=np.float32), "outcomes/verdict": codes}
    about = "outcomes from a function: iou, verdict"
    log.record("outcomes", 1, tensors, {"about": about, "texts": {"verdict": ["hit", "miss"], "other": 3}})
    viewer = open_viewer(tmp_path)
    run = viewer.json("run", run="a")
    assert (run["outcome_columns"], run["about_outcomes"]) == (["iou", "verdict"], about)
    arrays, attributes = viewer.frame("outcomes", run="a", step=1)
    assert {name: array.dtype.name for name, array in arrays.items()} == {"iou": "float32", "verdict": "int32"}
    assert attributes["texts"] == {"verdict": ["hit", "miss"]}
