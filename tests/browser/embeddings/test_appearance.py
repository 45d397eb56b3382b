"""Contours, decision regions, size and opacity of the points; what two runs predict; layouts that stay cancelled."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.pairs import await_pair
from tests.browser.pixels import class_color, share_of
from tests.logs import LogWriter
from tests.servers import await_value

# Of a region where all votes are for one class.
FULL_OPACITY = 0.34


def write_classes(folder, *, steps=(0, 1), n=120, wrong=(), **probe):
    """A run of three well separated classes; the rows in `wrong` are taken for the next class."""
    writer = LogWriter(folder, n=n)
    writer.probe(**probe)
    predicted = writer.labels.copy()
    predicted[list(wrong)] = (predicted[list(wrong)] + 1) % 3
    ones = np.ones(n, np.float32)
    for step in steps:
        writer.epoch(step, blocks=["layer1"])
        tensors = {"outcomes/predicted": predicted, "outcomes/confidence": ones * 0.5, "outcomes/loss": ones}
        writer.record("outcomes", step, tensors, {})
    writer.close()


@pytest.fixture
def tab(tmp_path, start_tensorboard, open_tab):
    """The tab on a run whose network is always right."""
    write_classes(tmp_path / "a")
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(run="a", steps=2, step=1)
    return tab


def open_look(tab):
    """Open the menu of the appearance."""
    tab.get("look-menu").click()
    tab.get("look-menu-sheet").wait_for()


def close_look(tab):
    """Close the menu of the appearance; the pointer is away from the plots."""
    tab.page.keyboard.press("Escape")
    tab.get("look-menu-sheet").wait_for(state="detached")
    tab.page.mouse.move(640, 90)


def plot_of(tab, view=0):
    """The pixels of a plot."""
    return tab.pixels(tab.get("plot").nth(view))


def region_color(pixels, color):
    """The colour (3,) of a class's region in a plot: that of the legend, as faint as a region is."""
    return (1 - FULL_OPACITY) * pixels[5, 5].astype(float) + FULL_OPACITY * color


def region_share(tab, index, view=0):
    """The share of a plot that is the region of a class."""
    pixels = plot_of(tab, view)
    return share_of(pixels, region_color(pixels, class_color(tab, index)), tolerance=4)


def ink_of(tab):
    """How far the plot is from its ground, summed."""
    pixels = plot_of(tab).astype(float)
    return np.abs(pixels - pixels[5, 5]).sum()


def test_contours__follow_the_shown_classes_and_the_link(tab):
    """Lines appear around all samples or each class and go with hidden classes; a reload brings them back."""
    without = plot_of(tab)
    open_look(tab)
    tab.get("contours").select_option("all")
    close_look(tab)
    expect(tab.get("contour-words")).to_contain_text("25, 50, 75 and 95 % of the samples")
    await_value(lambda: (plot_of(tab) != without).any(axis=-1).mean() > 0.002)
    of_all = plot_of(tab)
    open_look(tab)
    tab.get("contours").select_option("class")
    close_look(tab)
    expect(tab.get("contour-words")).to_contain_text("50 and 95 % of a class")
    await_value(lambda: (plot_of(tab) != of_all).any(axis=-1).mean() > 0.002)
    color = class_color(tab, 1)
    tab.await_root(settled="true")
    shown = share_of(plot_of(tab), color)
    tab.get("class-1").click()
    tab.page.mouse.move(640, 90)
    await_value(lambda: share_of(plot_of(tab), color, tolerance=60) == 0)
    inked = ink_of(tab)
    tab.get("classes-none").click()
    expect(tab.get("plot")).to_contain_text("No class is shown.")
    await_value(lambda: ink_of(tab) < 0.02 * inked)
    tab.get("classes-all").click()
    tab.page.mouse.move(640, 90)
    await_value(lambda: share_of(plot_of(tab), color) > 0.8 * shown)
    await_value(lambda: "contours=class" in tab.hash() and "hidden" not in tab.hash())
    tab.page.reload()
    tab.await_complete(run="a")
    await_value(lambda: share_of(plot_of(tab), color) > 0.8 * shown)


def test_contours__move_with_epoch_and_view(tab):
    """Another epoch has other lines; zooming in takes them along."""
    open_look(tab)
    tab.get("contours").select_option("all")
    tab.get("point-opacity").focus()
    tab.page.keyboard.press("Home")
    close_look(tab)
    tab.await_root(settled="true")
    tab.await_still()
    newest = plot_of(tab)
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    tab.await_still()
    assert (plot_of(tab) != newest).any(axis=-1).mean() > 0.002
    tab.get("last").click()
    tab.await_root(step=1, settled="true")
    await_value(lambda: (plot_of(tab) != newest).any(axis=-1).mean() < 0.002)
    tab.get("plot").focus()
    tab.page.keyboard.press("+")
    await_value(lambda: (plot_of(tab) != newest).any(axis=-1).mean() > 0.01)


def test_regions__have_the_legends_colours_where_a_class_dominates(tab):
    """Around each class the ground is its legend's colour, faint; a hidden class has none; a link brings it back."""
    assert region_share(tab, 0) < 0.001
    open_look(tab)
    tab.get("regions").check()
    close_look(tab)
    expect(tab.get("region-words")).to_contain_text("the class predicted most around there")
    for index in range(3):
        await_value(lambda index=index: region_share(tab, index) > 0.005)
    tab.get("class-2").click()
    tab.page.mouse.move(640, 90)
    await_value(lambda: region_share(tab, 2) < 0.0005)
    assert region_share(tab, 0) > 0.005
    await_value(lambda: "regions=1" in tab.hash() and "hidden=2" in tab.hash())
    tab.page.reload()
    tab.await_complete(run="a")
    await_value(lambda: region_share(tab, 0) > 0.005)
    assert region_share(tab, 2) < 0.0005


def test_regions__are_of_the_predictions_not_the_labels(tmp_path, start_tensorboard, open_tab):
    """A network that takes all of one class for another has the other's region there."""
    write_classes(tmp_path / "a", wrong=range(0, 120, 3))
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(run="a", steps=2)
    open_look(tab)
    tab.get("regions").check()
    close_look(tab)
    await_value(lambda: region_share(tab, 1) > 0.01 and region_share(tab, 2) > 0.005)
    assert region_share(tab, 0) < 0.0005


def test_regions__are_offered_only_with_predictions(tmp_path, start_tensorboard, open_tab):
    """Without outcomes there is no switch; a column's colours, which mean something else, switch it off with a word."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0)
    writer.close()
    write_classes(tmp_path / "b", **{"probe/metadata/writer": ["x", "y"] * 60})
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(run="a")
    open_look(tab)
    expect(tab.get("regions")).to_have_count(0)
    close_look(tab)
    tab.get("run").select_option("b")
    tab.await_complete(run="b", steps=2)
    open_look(tab)
    tab.get("regions").check()
    close_look(tab)
    await_value(lambda: region_share(tab, 1) > 0.005)
    tab.get("color-by").select_option("metadata:writer")
    expect(tab.get("region-words")).to_contain_text("Colour by something else")
    await_value(lambda: region_share(tab, 1) < 0.0005)


def test_points__are_larger_and_fainter_by_keyboard(tab):
    """Both sliders go with the arrow keys and say what they do; one button brings the automatic look back."""
    before = ink_of(tab)
    open_look(tab)
    tab.get("point-size").focus()
    for _ in range(4):
        tab.page.keyboard.press("ArrowRight")
    expect(tab.get("point-size")).to_have_attribute("aria-valuetext", "× 2")
    await_value(lambda: "size=2" in tab.hash())
    close_look(tab)
    await_value(lambda: ink_of(tab) > 1.5 * before)
    large = ink_of(tab)
    open_look(tab)
    tab.get("point-opacity").focus()
    tab.page.keyboard.press("Home")
    close_look(tab)
    await_value(lambda: ink_of(tab) < 0.7 * large)
    await_value(lambda: "opacity=0.25" in tab.hash())
    tab.page.reload()
    tab.await_complete(run="a")
    open_look(tab)
    expect(tab.get("point-opacity")).to_have_attribute("aria-valuetext", "× 0.25")
    tab.get("look-automatic").click()
    close_look(tab)
    await_value(lambda: abs(ink_of(tab) - before) < 0.02 * before)
    await_value(lambda: "size=" not in tab.hash())


def test_picture__that_is_saved_has_contours_and_regions(tab):
    """The PNG shows the ground's colours; the SVG has texts that say what lines and ground mean."""
    open_look(tab)
    tab.get("contours").select_option("class")
    tab.get("regions").check()
    close_look(tab)
    await_value(lambda: region_share(tab, 1) > 0.003)
    tab.await_root(settled="true")
    color = region_color(plot_of(tab), class_color(tab, 1))
    tab.get("save-menu").click()
    _, data = tab.save("save-png")
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert share_of(picture, color, tolerance=4) > 0.002
    tab.get("save-menu").click()
    _, data = tab.save("save-svg")
    texts = ElementTree.fromstring(data).iter("{http://www.w3.org/2000/svg}text")
    words = " ".join(each.text or "" for each in texts)
    assert "lines hold 50" in words
    assert "ground: the class" in words


def test_beside__each_run_says_what_it_predicts(tmp_path, start_tensorboard, open_tab):
    """The card of a sample and the list of the selected name both runs with their own predictions; regions differ."""
    write_classes(tmp_path / "a", **{"probe/metadata/writer": ["x", "y"] * 60})
    write_classes(tmp_path / "b", wrong=range(0, 120, 3))
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(run="a", steps=2)
    tab.get("color-by").select_option("metadata:writer")
    tab.get("beside").select_option("b")
    await_pair(tab, ("a", "b"))
    # A column of the first run's metadata colours the samples of both.
    expect(tab.get("color-by")).to_have_value("metadata:writer")
    color = class_color(tab, 1)
    for view in (0, 1):
        await_value(lambda view=view: share_of(plot_of(tab, view), color) > 0.0005)
    tab.get("color-by").select_option("label")
    tab.pin(3)
    facts = {run: tab.frame.locator(f"[data-testid=pinned] [data-run={run}]") for run in "ab"}
    expect(facts["a"]).to_contain_text("class 0 · 50 %")
    expect(facts["b"]).to_contain_text("class 1 wrong")
    tab.get("class-0").hover()
    tab.get("select-0").click()
    expect(tab.frame.locator("[data-testid=confusions][data-run=a]")).to_have_text("a: all right at epoch 1")
    expect(tab.frame.locator("[data-testid=confusions][data-run=b]")).to_contain_text("b: 40 wrong")
    tab.get("selection-clear").click()
    open_look(tab)
    tab.get("regions").check()
    close_look(tab)
    await_value(lambda: region_share(tab, 0, view=0) > 0.003)
    assert region_share(tab, 0, view=1) < 0.0005


def test_cancelled__stays_so_while_the_run_goes_on(tmp_path, start_tensorboard, open_tab):
    """A new epoch does not start a layout that was cancelled; the button does."""
    writer = LogWriter(tmp_path / "a", n=5000)
    writer.probe()
    for step in range(10):
        writer.epoch(step, blocks=["layer1"], seed=step)
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    asked = []
    tab.page.on("request", lambda request: asked.append(request) if request.url.endswith("/projections") else None)
    tab.expected_errors.append("neuromapper/positions")  # Of the intermediate layout, which goes with the job.
    tab.get("cancel").click()

    def state():
        (block,) = tab.inspect()["blocks"]
        return block["state"]

    await_value(lambda: state() == "cancelled")
    n_asked = len(asked)
    writer.epoch(10, blocks=["layer1"])
    writer.close()
    tab.await_root(logged_steps=11)
    await_value(lambda: state() and any(request.response() for request in asked[n_asked:]))
    assert state() == "cancelled"
    tab.get("compute-again").click()
    await_value(lambda: state() == "done")
    tab.await_root(state="ready", steps=11)
    expect(tab.get("compute-again")).to_have_count(0)
