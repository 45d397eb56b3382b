"""Two runs side by side in one space."""

import re

from playwright.sync_api import expect
from torch.utils.tensorboard import SummaryWriter

from tests.browser.pairs import await_pair, open_pair
from tests.logs import LogWriter, write_run
from tests.servers import await_value


def test_beside__shows_both_runs_with_one_controller(board, open_tab):
    """Each block has two views labelled by run, all with points; one slider moves both; a link reopens it."""
    tab = open_tab(board)
    open_pair(tab)
    blocks = tab.inspect()["blocks"]
    assert [(block["name"], block["run"]) for block in blocks] == [
        (name, run) for name in ("2", "4", "output") for run in ("first", "second")
    ]
    expect(tab.get("panel")).to_have_count(6)
    expect(tab.get("panel-run")).to_have_text(["first", "second"] * 3)
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    await_value(lambda: all(block["nPoints"] == 400 for block in tab.inspect()["blocks"]))
    boxes = [tab.get("plot").nth(index).bounding_box() for index in (0, 1)]
    assert boxes[0]["y"] == boxes[1]["y"]
    await_value(lambda: "beside=second" in tab.hash())
    tab.page.reload()
    tab.await_root(state="ready")
    await_pair(tab)
    tab.await_root(step=0)
    expect(tab.get("panel")).to_have_count(6)
    tab.get("beside").select_option("")
    expect(tab.get("panel")).to_have_count(3)
    tab.await_complete(run="first", step=0)


def test_beside__views_of_a_block_are_enlarged_and_turned_together(board, open_tab):
    """Both views of a block move as one, since they are one space."""
    tab = open_tab(board)
    open_pair(tab)
    before = [tab.view(index) for index in (0, 1)]
    tab.get("panel").nth(1).hover()
    tab.get("rotate").nth(1).click()
    for index in (0, 1):
        await_value(lambda index=index: (tab.view(index) != before[index]).mean() > 0.005)
    tab.get("enlarge").nth(1).click()
    expect(tab.get("panel")).to_have_count(2)


def test_beside__gives_the_evidence(tmp_path, start_tensorboard, open_tab):
    """Accuracies on training and probe set, their gap and the spread of the classes, for both runs."""
    for name, train, probe in (("first", 0.9, 0.88), ("second", 1.0, 0.6)):
        write_run(tmp_path / name, steps=[0, 1])
        with SummaryWriter(str(tmp_path / name)) as writer:
            writer.add_scalar("train/accuracy", train, 1)
            writer.add_scalar("probe/accuracy", probe, 1)
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(run="first", steps=2)
    expect(tab.get("evidence")).to_have_count(0)
    tab.get("beside").select_option("second")
    figures = {"train": ["90.0 %", "100.0 %"], "probe": ["88.0 %", "60.0 %"], "gap": ["2.0 pp", "40.0 pp"]}
    for name, cells in figures.items():
        expect(tab.get(f"evidence-{name}").locator("td")).to_have_text(cells)
    for name in ("spread", "subclusters"):
        expect(tab.get(f"evidence-{name}").locator("td")).to_have_text([re.compile(r"\d\.\d")] * 2)


def test_beside__with_other_samples_says_how_many_are_common(tmp_path, start_tensorboard, open_tab):
    """Runs that share a part of their samples are shown with that part, and it is said."""
    write_run(tmp_path / "first", steps=[0, 1])
    writer = LogWriter(tmp_path / "second", ids=list(range(20, 80)))
    writer.probe()
    writer.epoch(1)
    writer.close()
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(run="first", steps=2)
    tab.get("beside").select_option("second")
    expect(tab.get("status")).to_contain_text("40 samples in both runs (60 and 60)")
    await_pair(tab)
