"""The scalars screen as its users see it, on real trainings."""

import re

import pytest
from playwright.sync_api import expect
from torch.utils.tensorboard import SummaryWriter

from tests.browser.accessibility import violations
from tests.browser.scalars.charts import chart, ink, tags
from tests.browser.trainings import FaultyTraining, write_plain
from tests.logs import LogWriter
from tests.servers import await_value


@pytest.fixture
def tab(open_scalars):
    """The scalars screen with all its charts in sight."""
    return open_scalars(size=(1280, 1100))


def test_scalars__of_all_runs_are_there_in_groups(tab):
    """Ours and everybody's, also of the run without records, which is drawn over the other in another colour."""
    await_value(lambda: tags(tab) == ["other/value", "probe/accuracy", "probe/loss", "score", "train/loss"])
    groups = tab.frame.locator("[data-testid=tag-group]").evaluate_all("all => all.map(each => each.dataset.group)")
    assert groups == ["other", "probe", "", "train"]
    runs = tab.frame.locator("[data-testid=scalar-run]")
    assert runs.evaluate_all("all => all.map(each => each.dataset.run)") == ["faulty", "plain"]
    assert len(set(runs.evaluate_all("all => all.map(each => each.dataset.color)"))) == 2
    both = ink(tab, "train/loss")
    runs.nth(1).click()
    expect(runs.nth(1)).to_have_attribute("aria-pressed", "false")
    await_value(lambda: ink(tab, "train/loss") < both)
    await_value(lambda: "other/value" not in tags(tab))


def test_scalars__are_filtered_and_folded(tab):
    """By a regular expression; a group without tags goes, a folded one keeps its head. The address keeps the filter."""
    tab.get("tag-filter").fill("LOSS$")
    await_value(lambda: tags(tab) == ["probe/loss", "train/loss"])
    tab.frame.locator("[data-testid=tag-group][data-group=probe]").click()
    await_value(lambda: tags(tab) == ["train/loss"])
    await_value(lambda: "tags=" in tab.hash())
    tab.get("tag-filter").fill("nonsense")
    expect(tab.get("no-tags")).to_be_visible()


def test_scalars__step_cursor_is_that_of_all_screens(tab):
    """A click in a chart by training step moves the epoch, keys move the cursor, and its values are written out."""
    card = chart(tab, "train/loss")
    box = card.get_by_test_id("curves").bounding_box()
    card.get_by_test_id("curves").click(position={"x": box["width"] * 0.3, "y": 80})
    tab.page.mouse.move(2, 2)
    step = int(await_value(lambda: re.search(r"train=(\d+)", tab.hash())).group(1))
    assert 10 < step < 80
    expect(card.get_by_test_id("readout")).to_contain_text(f"step {step}")
    await_value(lambda: tab.attribute("step") in ("0", "1"))
    tab.page.keyboard.press("End")
    tab.await_root(train_step=150)
    tab.page.keyboard.press("Home")
    tab.await_root(train_step=0)
    tab.page.keyboard.press("ArrowRight")
    tab.await_root(train_step=10)


def test_scalars__chart_by_epoch_moves_the_training_step(tab):
    """A click in a chart of the probe chooses the epoch, and with it the training step before it."""
    tab.await_root(step=3)
    curves = chart(tab, "probe/loss").get_by_test_id("curves")
    curves.click(position={"x": 60, "y": 80})
    tab.await_root(step=0)
    await_value(lambda: 30 <= int(tab.attribute("train-step")) <= 40)


def test_scalars__that_are_not_finite_are_told(tab):
    """A cross in the chart, and a message that says which and where."""
    words = chart(tab, "score").get_by_test_id("not-finite")
    expect(words).to_have_text("× 1 not finite")
    expect(words).to_have_attribute("title", re.compile(r"faulty: NaN at step 1"))


def test_scalars__are_smoothed_and_logarithmic(tab):
    """Both change the picture and are in the address; a reload shows the same."""
    before = ink(tab, "train/loss")
    tab.get("smoothing").focus()
    tab.page.keyboard.press("Home")
    expect(tab.get("smoothing-weight")).to_have_text("0.00")
    await_value(lambda: ink(tab, "train/loss") != before)
    plain = ink(tab, "train/loss")
    tab.get("log-scale").check()
    await_value(lambda: ink(tab, "train/loss") != plain)
    await_value(lambda: "smooth=0" in tab.hash() and "log=1" in tab.hash())
    tab.page.reload()
    tab.await_root(screen="scalars", settled="true")
    expect(tab.get("log-scale")).to_be_checked()
    expect(tab.get("smoothing-weight")).to_have_text("0.00")


def test_scalars__charts_out_of_sight_are_not_fetched(open_scalars):
    """Only what is near the window is asked for; scrolling asks for the rest."""
    tab = open_scalars(size=(420, 600))
    assert not chart(tab, "train/loss").get_by_test_id("curves").is_visible()
    with tab.page.expect_request(re.compile("/scalars/series.*train%2Floss")):
        chart(tab, "train/loss").scroll_into_view_if_needed()
    expect(chart(tab, "train/loss").get_by_test_id("curves")).to_be_visible()


def write_loss(folder, steps, *, n_epochs=3, gradient_steps=()):
    """A run with records that logs a loss of 1 / (1 + step)."""
    log = LogWriter(folder)
    log.probe()
    for epoch in range(n_epochs):
        log.epoch(epoch)
    for step in gradient_steps:
        log.gradients(step)
    log.close()
    with SummaryWriter(str(folder), filename_suffix=".later") as writer:
        for step in steps:
            writer.add_scalar("train/loss", 1 / (1 + step), step)


def test_scalars__chart_has_one_unit(tmp_path, start_tensorboard, open_tab):
    """A run by training step and nine by epoch share no axis; what is left out is reported, another run shows it."""
    write_loss(tmp_path / "by step", range(101), gradient_steps=(0, 50, 100))
    by_epoch = [f"by epoch {index}" for index in range(9)]
    for name in by_epoch:
        write_loss(tmp_path / name, range(3))
    server = start_tensorboard("--logdir", tmp_path)
    server.await_runs(lambda runs: len(runs) == 10)
    tab = open_tab(server, size=(390, 844))
    tab.await_root(state="ready")
    tab.get("run").select_option("by step")
    tab.await_root(run="by step")
    tab.get("screen-scalars").click()
    tab.await_root(state="ready", settled="true")
    card = chart(tab, "train/loss")
    card.scroll_into_view_if_needed()
    expect(card.get_by_test_id("left-out")).to_have_text("9 runs count epochs: not drawn")
    expect(card.get_by_test_id("readout")).to_have_text("step 1000.0099")
    tab.get("run").select_option("by epoch 3")
    expect(card.get_by_test_id("left-out")).to_have_text("1 run counts training steps: not drawn")
    values = card.get_by_test_id("readout-value")
    expect(values).to_have_count(9)
    for value, name in zip(values.all(), by_epoch, strict=True):
        expect(value).to_have_attribute("title", re.compile(f"^{name}: 0.333"))
    seen = "(all) => all.filter(each => each.offsetTop === all[0].offsetTop).length"
    n_seen = values.evaluate_all(seen)
    assert 0 < n_seen < 9
    expect(card.get_by_test_id("readout-more")).to_have_text(f"+{9 - n_seen}")
    expect(card.get_by_test_id("readout-more")).to_have_attribute("title", re.compile("by epoch 8: 0.333"))


def test_scalars__grow_while_training_goes_on(tmp_path, start_tensorboard, open_tab):
    """A new epoch's values and findings appear automatically."""
    training = FaultyTraining(tmp_path / "live")
    training.epoch()
    server = start_tensorboard("--logdir", tmp_path)
    server.await_runs(lambda runs: len(runs) == 1)
    tab = open_tab(server, size=(1280, 1100))
    tab.await_root(run="live")
    tab.get("screen-scalars").click()
    tab.await_root(state="ready", settled="true")
    readout = chart(tab, "train/loss").get_by_test_id("readout")
    expect(readout).to_contain_text("step 30")
    for _ in range(3):
        training.epoch()
    expect(readout).to_contain_text("step 150")
    expect(tab.frame.locator("[data-testid=finding][data-kind=loss_spike]")).to_be_visible()
    training.close()


def test_scalars__without_our_records_are_shown_too(tmp_path, start_tensorboard, open_tab):
    """A log directory of other people's runs."""
    write_plain(tmp_path / "a")
    write_plain(tmp_path / "b", n=30)
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_root(state="empty")
    tab.get("open-scalars").click()
    tab.await_root(state="ready", settled="true")
    await_value(lambda: tags(tab) == ["other/value", "train/loss"])
    curves = chart(tab, "train/loss").get_by_test_id("curves")
    curves.click(position={"x": 200, "y": 80})
    expect(chart(tab, "train/loss").get_by_test_id("readout")).to_contain_text("step")


def test_scalars__empty_state_says_what_to_add(tmp_path, start_tensorboard, open_tab):
    """No run has a scalar."""
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_root(state="empty")
    tab.get("open-scalars").click()
    expect(tab.get("no-scalars")).to_contain_text("add_scalar")


@pytest.mark.parametrize("size", [(390, 844), (800, 600), (1920, 1080)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_scalars__are_for_everybody(open_scalars, size, theme):
    """Nothing is found by axe, at any size, in light and dark; nothing lies outside the window."""
    tab = open_scalars(size=size)
    tab.set_theme(theme)
    tab.await_root(settled="true")
    tab.get("thresholds").locator("summary").click()
    assert violations(tab) == []
    assert tab.fits_sideways()


def test_scalars__nothing_moves_when_values_arrive(tab):
    """Charts stand where they stood before their values were there, and when the cursor is over them."""
    place = chart(tab, "train/loss").bounding_box()
    chart(tab, "other/value").get_by_test_id("curves").hover()
    tab.get("smoothing").focus()
    tab.page.keyboard.press("End")
    tab.await_root(settled="true")
    assert chart(tab, "train/loss").bounding_box() == place
