"""Selecting samples, their list, their neighbours, and what can be saved."""

import base64
import csv
import io
import json
import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tb_neuromapper import open_run
from tests.logs import LogWriter, json_tensor
from tests.reference import distance
from tests.servers import await_value


@pytest.fixture
def tab(board, open_tab):
    """The tab on a finished run, everything loaded, at its newest epoch."""
    tab = open_tab(board)
    tab.await_complete(run="first", steps=5, step=4)
    return tab


@pytest.fixture(scope="module")
def run(trained, tmp_path_factory):
    """The same run from Python."""
    return open_run(trained / "first", cache=tmp_path_factory.mktemp("unused"))


def drag(tab, plot, path, *, modifier=None):
    """Drag along a path of shares of the plot's sides."""
    box = plot.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in path]
    if modifier:
        tab.page.keyboard.down(modifier)
    tab.page.mouse.move(*places[0])
    tab.page.mouse.down()
    for place in places[1:]:
        tab.page.mouse.move(*place, steps=4)
    tab.page.mouse.up()
    if modifier:
        tab.page.keyboard.up(modifier)


LEFT = [(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98)]
LEFT_BOX = [(0.01, 0.01), (0.5, 0.99)]
RIGHT_BOX = [(0.5, 0.01), (0.99, 0.99)]
TOP_BOX = [(0.01, 0.01), (0.99, 0.5)]
ALL_BOX = [(0.005, 0.005), (0.995, 0.995)]


def selected(tab):
    return set(tab.inspect()["selected"])


def nearest_of(row, points, k):
    """Distances and rows of the k others nearest to one, by looking at all."""
    others = [other for other in range(len(points)) if other != row]
    return sorted((distance(points[row], points[other], "euclidean"), other) for other in others)[:k]


def saturated(pixels):
    """The share of pixels that have a colour, rather than being grey."""
    return (np.ptp(pixels.astype(int), axis=-1) > 60).mean()


def saved(tab, test_id):
    """The name and the bytes of the file that a button saves."""
    with tab.page.expect_download() as waiting:
        tab.get(test_id).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def test_lasso__selects_in_one_view_and_shows_in_all(tab):
    """The samples in the lasso keep their colours in every view, the others turn grey; clearing brings all back."""
    before = [saturated(tab.pixels(tab.get("plot").nth(index))) for index in range(3)]
    tab.get("tool-lasso").click()
    expect(tab.get("tool-lasso")).to_have_attribute("aria-pressed", "true")
    drag(tab, tab.get("plot").first, LEFT)
    rows = selected(tab)
    assert 20 < len(rows) < 380
    expect(tab.get("selection-words")).to_have_text(f"{len(rows)} of 400 selected")
    tab.page.mouse.move(300, 75)
    for index in range(3):
        await_value(
            lambda index=index: saturated(tab.pixels(tab.get("plot").nth(index))) < before[index] * len(rows) / 300
        )
    right = tab.pixels(tab.get("plot").first)
    right = right[:, int(right.shape[1] * 0.52) :]
    assert saturated(right) < 0.001
    assert (right < 230).all(axis=-1).mean() > 0.002
    tab.get("selection-clear").click()
    assert selected(tab) == set()
    tab.page.mouse.move(300, 75)
    for index in range(3):
        await_value(lambda index=index: saturated(tab.pixels(tab.get("plot").nth(index))) > before[index] * 0.95)


def test_box__is_added_to_with_shift_and_taken_from_with_alt(tab):
    """Two halves make all; a part taken away is gone; without a modifier the box is the whole selection."""
    plot = tab.get("plot").first
    tab.get("tool-box").click()
    drag(tab, plot, RIGHT_BOX)
    right = selected(tab)
    drag(tab, plot, LEFT_BOX)
    left = selected(tab)
    assert left
    assert right
    assert not left & right
    drag(tab, plot, RIGHT_BOX, modifier="Shift")
    assert selected(tab) == left | right == set(range(400))
    drag(tab, plot, TOP_BOX, modifier="Alt")
    bottom = selected(tab)
    drag(tab, plot, TOP_BOX)
    assert selected(tab) == set(range(400)) - bottom
    drag(tab, plot, [(0.001, 0.001), (0.03, 0.03)])
    assert selected(tab) == set()


def test_pan__stays_what_dragging_does_by_default(tab):
    """Without a tool dragging moves the picture and selects nothing; with shift it draws a lasso that adds."""
    plot = tab.get("plot").first
    before = tab.pixels(plot)
    drag(tab, plot, [(0.3, 0.3), (0.5, 0.5)])
    assert selected(tab) == set()
    await_value(lambda: (tab.pixels(plot) != before).mean() > 0.01)
    tab.get("fit-all").click()
    drag(tab, plot, LEFT, modifier="Shift")
    left = selected(tab)
    assert left
    drag(tab, plot, [(1 - x, y) for x, y in LEFT], modifier="Shift")
    assert selected(tab) > left
    tab.page.mouse.move(300, 75)
    drag(tab, plot, LEFT, modifier="Alt")
    assert not selected(tab) & left


def test_keys__choose_the_tool_and_draw_a_box(tab):
    """L and B choose; Enter, arrows and Enter draw a box in the focused plot; Escape goes back step by step."""
    plot = tab.get("plot").first
    plot.focus()
    tab.page.keyboard.press("l")
    expect(tab.get("tool-lasso")).to_have_attribute("aria-pressed", "true")
    tab.page.keyboard.press("b")
    expect(tab.get("tool-box")).to_have_attribute("aria-pressed", "true")
    tab.page.keyboard.press("Enter")
    expect(tab.get("draft")).to_be_visible()
    for _ in range(60):
        tab.page.keyboard.press("ArrowLeft")
        tab.page.keyboard.press("ArrowUp")
    tab.page.keyboard.press("Enter")
    for _ in range(100):
        tab.page.keyboard.press("ArrowDown")
    for _ in range(60):
        tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("Enter")
    assert len(selected(tab)) == 400
    tab.await_root(step=4)  # The arrows were the box's.
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.press("Escape")
    assert tab.get("draft").count() == 0
    expect(tab.get("tool-box")).to_have_attribute("aria-pressed", "true")
    tab.page.keyboard.press("Escape")
    expect(tab.get("tool-pan")).to_have_attribute("aria-pressed", "true")
    assert len(selected(tab)) == 400
    tab.page.keyboard.press("Escape")
    assert selected(tab) == set()
    tab.page.keyboard.press("ArrowLeft")
    tab.await_root(step=3)


def test_escape__ends_a_lasso_that_is_being_drawn(tab):
    """Nothing is selected, and the tool stays."""
    tab.get("tool-lasso").click()
    box = tab.get("plot").first.bounding_box()
    tab.page.mouse.move(box["x"] + 20, box["y"] + 20)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + 200, box["y"] + 30, steps=5)
    tab.page.mouse.move(box["x"] + 200, box["y"] + 230, steps=5)
    expect(tab.get("draft")).to_be_visible()
    tab.page.keyboard.press("Escape")
    assert tab.get("draft").count() == 0
    tab.page.mouse.up()
    assert selected(tab) == set()
    expect(tab.get("tool-lasso")).to_have_attribute("aria-pressed", "true")


def test_list__counts_classes_and_confusions(tab, run):
    """Class counts, confused pairs at the epoch on view and pictures are those of the selected samples."""
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    tab.get("tool-box").click()
    drag(tab, tab.get("plot").first, LEFT_BOX)
    rows = sorted(selected(tab))
    labels, predicted = np.asarray(run.labels)[rows], run.outcomes(0).predicted[rows]
    counts = Counter(labels.tolist())
    shown = tab.get("selection-classes").locator("[data-testid^=selection-class-]")
    assert shown.count() == min(6, len(counts))
    for place in range(shown.count()):
        label = int(shown.nth(place).get_attribute("data-testid").removeprefix("selection-class-"))
        expect(shown.nth(place)).to_have_attribute("data-count", str(counts[label]))
    wrong = int((labels != predicted).sum())
    expect(tab.get("confusions")).to_contain_text(f"{wrong} wrong at epoch 0")
    pairs = Counter((a, b) for a, b in zip(labels.tolist(), predicted.tolist(), strict=True) if a != b)
    (most, n), first = pairs.most_common(1)[0], tab.get("confusion").first
    expect(first).to_contain_text(str(n))
    if list(pairs.values()).count(n) == 1:
        expect(first).to_contain_text(f"digit {most[0]} → digit {most[1]}")
    assert tab.get("selected-sample").count() == min(40, len(rows))
    assert int(tab.get("selected-sample").first.get_attribute("data-row")) == rows[0]
    if len(rows) > 40:
        expect(tab.get("selection-more")).to_have_text(f"and {len(rows) - 40} more")
    if len(counts) > 6:
        tab.get("selection-classes-rest").click()
        expect(shown).to_have_count(len(counts))
    if len(pairs) > 4:
        expect(tab.get("confusions-rest")).to_have_text(re.compile(f"and {len(pairs) - 4} more pair"))
        tab.get("confusions-rest").click()
        expect(tab.get("confusion")).to_have_count(len(pairs))
    first.click()
    assert len(selected(tab)) == n


@pytest.mark.parametrize("size", [(1280, 800), (390, 800)])
def test_list__moves_nothing_above_it(board, open_tab, size):
    """Selecting and pinning leave plots, colour choice, legend and search where they are, and in the window."""
    tab = open_tab(board, size=size, reduced_motion="reduce")
    tab.await_complete(run="first", steps=5, step=4)

    def places():
        names = ("plot", "color-by", "class-0", "sample-search")
        return {name: tab.get(name).first.bounding_box() for name in names}

    before = places()
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= size[0] for box in before.values())
    tab.get("select-3").dispatch_event("click")
    expect(tab.get("selection-class-3").locator(".nm-class-count")).to_be_visible()
    assert places() == before
    tab.get("sample-search").fill("17")
    tab.get("sample-search").press("Enter")
    tab.get("neighbor").first.wait_for()
    assert places() == before


def test_list__selects_a_class_inverts_and_isolates(tab, run):
    """A class from the legend; inverting gives all others; isolated, only they are drawn, with the right pictures."""
    threes = set(np.flatnonzero(np.asarray(run.labels) == 3).tolist())
    tab.get("class-3").hover()
    tab.get("select-3").click()
    assert selected(tab) == threes
    tab.get("select-4").click(modifiers=["Shift"])
    assert selected(tab) > threes
    tab.get("select-4").click(modifiers=["Alt"])
    tab.page.mouse.move(300, 75)
    colour = np.array([int(tab.get("class-4").get_attribute("data-color")[i : i + 2], 16) for i in (1, 3, 5)])

    def share_of_fours():
        return (np.abs(tab.pixels().astype(int) - colour).max(axis=-1) < 12).mean()

    await_value(lambda: share_of_fours() == 0)
    plot = tab.get("plot").first

    def drawn():
        return (tab.pixels(plot) < 240).any(axis=-1).mean()

    all_drawn = drawn()
    tab.get("selection-isolate").click()
    expect(tab.get("selection-isolate")).to_have_attribute("aria-pressed", "true")
    await_value(lambda: 0 < drawn() < all_drawn / 2)
    sample = tab.get("selected-sample").first
    sample.hover()
    expect(tab.get("tooltip")).to_have_attribute("data-row", str(min(threes)))
    tab.get("selection-invert").click()
    assert selected(tab) == set(range(400)) - threes
    await_value(lambda: share_of_fours() > 0.0005)
    tab.get("class-4").click()
    expect(tab.get("selection-words")).to_contain_text("of them not shown")
    tab.get("class-4").click()


def test_link__holds_the_selection(tab):
    """A reload shows the same samples selected and isolated."""
    tab.get("tool-box").click()
    drag(tab, tab.get("plot").first, LEFT_BOX)
    rows = selected(tab)
    tab.get("selection-isolate").click()
    tab.page.wait_for_url("**selected=*isolated=1*")
    assert len(tab.page.url) < 400
    tab.page.reload()
    tab.await_complete(run="first", steps=5)
    assert selected(tab) == rows
    expect(tab.get("selection-isolate")).to_have_attribute("aria-pressed", "true")


def test_link__with_nonsense_selects_nothing(board, open_tab):
    """Rows that cannot be read, or are not there, are as if they were not named."""
    tab = open_tab(f"{board.url}#neuromapper&p.neuromapper.run=first&p.neuromapper.selected=rzzzz&x=")
    tab.await_complete(run="first")
    assert selected(tab) == set()
    tab = open_tab(f"{board.url}#neuromapper&p.neuromapper.run=first&p.neuromapper.selected=b0.!!&x=")
    tab.await_complete(run="first")
    assert selected(tab) == set()


def test_neighbors__are_those_of_the_activations(tab, run):
    """For a pinned sample each block lists its nearest in the logged activations, at the epoch on view."""
    tab.get("sample-search").fill("17")
    tab.get("sample-search").press("Enter")
    for step in (4, 0):
        if step == 0:
            tab.get("first").click()
            tab.await_root(step=0, settled="true")
        tab.frame.locator(f"[data-testid=nearest][data-row='17'][data-step='{step}']").wait_for()
        for block in ("2", "4", "output"):
            expected = nearest_of(17, run.activations(block, step), 10)
            near = tab.frame.locator(f"[data-testid=nearest-block][data-block='{block}'] [data-testid=neighbor]")
            expect(near).to_have_count(10)
            shown = [int(near.nth(place).get_attribute("data-row")) for place in range(10)]
            assert shown == [row for _, row in expected]
            said = float(near.first.get_attribute("aria-label").rsplit(" at ", 1)[1])
            assert said == pytest.approx(expected[0][0], rel=0.01)
    tab.get("select-nearest").first.click()
    assert selected(tab) == {17, *(row for _, row in nearest_of(17, run.activations("2", 0), 10))}
    tab.get("unpin").click()
    expect(tab.get("nearest")).to_have_count(0)


def test_selection__is_saved_as_csv_and_json(tmp_path, start_tensorboard, open_tab):
    """Row, id, label, prediction, confidence, loss and metadata of the selected samples."""
    writer = LogWriter(tmp_path / "a", ids=[100 + row for row in range(60)])
    remarks = [f'says "{row}", or so' for row in range(60)]
    assert json_tensor(remarks).size
    writer.probe(**{"probe/metadata/remark": remarks})
    writer.epoch(2)
    writer.outcomes(2)
    writer.close()
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(step=2)
    tab.get("class-1").hover()
    tab.get("select-1").click()
    expect(tab.get("confusions")).to_contain_text("all right at epoch 2")
    name, data = saved(tab, "selection-csv")
    assert name == "a_selection_epoch_2.csv"
    table = list(csv.DictReader(io.StringIO(data.decode())))
    assert [int(line["row"]) for line in table] == list(range(1, 60, 3))
    assert table[0] == {
        "row": "1",
        "id": "101",
        "label": "class 1",
        "predicted": "class 1",
        "confidence_in_label": "0.5",
        "loss": "1",
        "metadata.remark": 'says "1", or so',
    }
    name, data = saved(tab, "selection-json")
    assert name == "a_selection_epoch_2.json"
    content = json.loads(data)
    assert (content["run"], content["epoch"], len(content["samples"])) == ("a", 2, 20)
    assert content["samples"][1]["metadata"] == {"remark": 'says "4", or so'}


def test_picture__is_saved_as_png_and_svg(tab):
    """The PNG shows points, words and legend; the SVG holds words and legend as text around a PNG of the points."""
    tab.get("save-menu").click()
    name, data = saved(tab, "save-png")
    assert name == "first_epoch_4.png"
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    canvas = tab.get("canvas").bounding_box()
    assert picture.shape[:2] == (round(canvas["height"]) + 30, round(canvas["width"]) + 180)
    colour = np.array([int(tab.get("class-3").get_attribute("data-color")[i : i + 2], 16) for i in (1, 3, 5)])
    is_colour = np.abs(picture.astype(int) - colour).max(axis=-1) < 12
    assert is_colour[:, : round(canvas["width"])].sum() > 200  # Points.
    assert is_colour[:, round(canvas["width"]) :].sum() > 30  # Legend.
    expect(tab.get("save-menu-sheet")).to_have_count(0)
    tab.get("save-menu").click()
    name, data = saved(tab, "save-svg")
    assert name == "first_epoch_4.svg"
    svg = ElementTree.fromstring(data)
    words = {text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {"first · epoch 4", "2", "4", "output", "label", "digit 0", "digit 9"} <= words
    image = next(svg.iter("{http://www.w3.org/2000/svg}image")).get("href")
    points = Image.open(io.BytesIO(base64.b64decode(image.removeprefix("data:image/png;base64,"))))
    assert np.asarray(points)[..., 3].any()


def test_animation__is_saved_as_video(tab, browser):
    """All epochs play once from the first and are recorded; the video plays and has the views' size."""
    tab.get("speed").select_option("4")
    tab.get("loop").click()
    tab.get("save-menu").click()
    name, data = saved(tab, "save-video")
    assert name == "first_epochs.webm"
    assert data[:4] == b"\x1a\x45\xdf\xa3"
    tab.await_root(step=4, playing="false")
    expect(tab.get("loop")).to_have_attribute("aria-pressed", "true")
    page = browser.new_page()
    page.set_content("<video muted></video>")
    width, height, duration = page.evaluate(
        """async (url) => {
            const video = document.querySelector("video");
            const next = (name) => new Promise((resolve) => video.addEventListener(name, resolve, { once: true }));
            video.src = url;
            await next("loadedmetadata");
            video.currentTime = 1e6;
            await next("seeked");
            return [video.videoWidth, video.videoHeight, video.currentTime];
        }""",
        f"data:video/webm;base64,{base64.b64encode(data).decode()}",
    )
    page.close()
    canvas = tab.get("canvas").bounding_box()
    assert abs(width - canvas["width"]) <= 2
    assert abs(height - canvas["height"] - 30) <= 2
    assert duration > 0.9


def test_animation__says_why_it_cannot_be_saved(board, open_tab, browser):
    """Without MediaRecorder there is a sentence instead of a file."""
    tab = open_tab("about:blank")
    tab.page.add_init_script("delete window.MediaRecorder")
    tab.page.goto(f"{board.url}#neuromapper")
    tab.await_complete(run="first")
    tab.get("save-menu").click()
    expect(tab.get("save-video")).to_be_disabled()
    expect(tab.get("no-video")).to_contain_text("cannot record a video")


def test_selection__ends_with_its_run(tab):
    """Rows of one run mean nothing in another."""
    tab.get("class-3").hover()
    tab.get("select-3").click()
    assert selected(tab)
    tab.get("run").select_option("second")
    tab.await_complete(run="second")
    assert selected(tab) == set()


def test_phone__lassoes_by_touch(board, browser):
    """On a touch screen a finger draws the lasso and the page does not scroll away."""
    from tests.browser.conftest import PATIENCE_MS, Tab

    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    context.set_default_timeout(PATIENCE_MS)
    tab = Tab(context.new_page(), board.url)
    tab.await_complete(run="first")
    tab.get("tool-box").tap()
    box = tab.get("plot").first.bounding_box()
    session = context.new_cdp_session(tab.page)

    def touch(kind, share):
        place = {"x": box["x"] + share * box["width"], "y": box["y"] + share * box["height"]}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else [place]})

    touch("touchStart", 0.02)
    for share in (0.1, 0.3, 0.6, 0.9):
        touch("touchMove", share)
    touch("touchEnd", 0.9)
    await_value(lambda: len(selected(tab)) > 100)
    assert tab.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    assert tab.errors == []
    context.close()
