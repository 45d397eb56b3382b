"""Facts about the scalars that the page shows: of all runs, whoever logged them."""

import math

import pytest
from torch.utils.tensorboard import SummaryWriter

from tests.logs import LogWriter


@pytest.fixture
def viewer(tmp_path, open_viewer):
    """A run of somebody else, and one with our records, whose scalars lie in a folder below it."""
    with SummaryWriter(str(tmp_path / "other")) as writer:
        for step, value in enumerate([3.0, math.nan, 1.0, math.inf, -math.inf]):
            writer.add_scalar("train/loss", value, 10 * step)
        writer.add_text("words", "no scalar", 0)
    return open_viewer(tmp_path)


def test_scalars__are_those_of_all_runs_also_without_our_records(viewer):
    """Texts and pictures are not among them; without our records there is no axis of ours."""
    runs = viewer.json("scalars")["runs"]
    assert list(runs) == ["other"]
    assert list(runs["other"]) == ["train/loss"]
    loss = runs["other"]["train/loss"]
    assert (loss["last_step"], loss["axis"]) == (40, None)
    assert loss["last_wall_time"] > 1.7e9


def test_series__has_null_where_a_value_is_not_finite(viewer):
    """What it is instead is named by its place."""
    series = viewer.json("scalars/series", run="other", tag="train/loss")
    assert series["steps"] == [0, 10, 20, 30, 40]
    assert series["values"] == [3.0, None, 1.0, None, None]
    assert series["non_finite"] == {"1": "NaN", "3": "infinite", "4": "minus infinite"}
    assert len(series["wall_times"]) == 5
    assert series["sampled"] is None


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"run": "other", "tag": "train/acc"}, "it has train/loss"),
        ({"run": "gone", "tag": "train/loss"}, "it has none"),
    ],
)
def test_series__says_what_there_is(viewer, query, words):
    """A wrong run or tag is a 404 that names the right ones."""
    response = viewer.get("scalars/series", **query)
    assert response.status_code == 404
    assert words in response.json["error"]
    assert viewer.get("scalars/series", run="other").status_code == 400


def test_series__says_when_tensorboard_keeps_a_choice_only(tmp_path, open_viewer):
    """Of more than 1000 values TensorBoard itself keeps a random thousand."""
    with SummaryWriter(str(tmp_path / "long")) as writer:
        for step in range(1200):
            writer.add_scalar("loss", step, step)
    series = open_viewer(tmp_path).json("scalars/series", run="long", tag="loss")
    assert len(series["steps"]) == 1000
    assert series["steps"][-1] == 1199
    assert "keeps 1,000 values" in series["sampled"]
    assert "--samples_per_plugin scalars=0" in series["sampled"]


def test_series__of_a_resumed_run_has_each_step_once(tmp_path, open_viewer):
    """Where steps repeat, the newest value counts."""
    with SummaryWriter(str(tmp_path / "a")) as writer:
        for step, value, time_s in ((0, 1, 100), (1, 2, 101), (2, 3, 102), (1, 20, 200), (2, 30, 201)):
            writer.add_scalar("loss", value, step, walltime=time_s)
    series = open_viewer(tmp_path).json("scalars/series", run="a", tag="loss")
    steps = series["steps"]
    assert steps == sorted(set(steps))
    assert dict(zip(steps, series["values"], strict=True)) == {0: 1, 1: 20, 2: 30}


def test_scalars__of_a_run_with_records_have_their_axis(tmp_path, open_viewer):
    """Three epochs and a hundred training steps are told apart."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    for epoch in range(3):
        writer.epoch(epoch)
    for step in (0, 50, 100):
        writer.gradients(step)
    writer.close()
    with SummaryWriter(str(tmp_path / "a"), filename_suffix=".later") as scalars:
        scalars.add_scalar("train/loss", 1, 100)
        scalars.add_scalar("val/acc", 1, 2)
    found = open_viewer(tmp_path).json("scalars")["runs"]["a"]
    assert {tag: info["axis"] for tag, info in found.items()} == {"train/loss": "train_step", "val/acc": "epoch"}
