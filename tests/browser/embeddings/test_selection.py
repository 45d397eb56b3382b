"""Selecting samples with lasso, box and keys."""

import numpy as np
from playwright.sync_api import expect

from tests.browser.page import link_to
from tests.servers import await_value

LEFT = [(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98)]
LEFT_BOX = [(0.01, 0.01), (0.5, 0.99)]
RIGHT_BOX = [(0.5, 0.01), (0.99, 0.99)]
TOP_BOX = [(0.01, 0.01), (0.99, 0.5)]


def saturated(pixels):
    """The share of pixels that have a colour, rather than being grey."""
    return (np.ptp(pixels.astype(int), axis=-1) > 60).mean()


def test_lasso__selects_in_one_view_and_shows_in_all(tab):
    """The samples in the lasso keep their colours in every view, the others turn grey; clearing brings all back."""
    before = [saturated(tab.pixels(tab.get("plot").nth(index))) for index in range(3)]
    tab.get("tool-lasso").click()
    expect(tab.get("tool-lasso")).to_have_attribute("aria-pressed", "true")
    tab.drag(tab.get("plot").first, LEFT)
    rows = tab.selected()
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
    assert tab.selected() == set()
    tab.page.mouse.move(300, 75)
    for index in range(3):
        await_value(lambda index=index: saturated(tab.pixels(tab.get("plot").nth(index))) > before[index] * 0.95)


def test_box__is_added_to_with_shift_and_taken_from_with_alt(tab):
    """Two halves make all; a part taken away is gone; without a modifier the box is the whole selection."""
    plot = tab.get("plot").first
    tab.get("tool-box").click()
    tab.drag(plot, RIGHT_BOX)
    right = tab.selected()
    tab.drag(plot, LEFT_BOX)
    left = tab.selected()
    assert left
    assert right
    assert not left & right
    tab.drag(plot, RIGHT_BOX, modifier="Shift")
    assert tab.selected() == left | right == set(range(400))
    tab.drag(plot, TOP_BOX, modifier="Alt")
    bottom = tab.selected()
    tab.drag(plot, TOP_BOX)
    assert tab.selected() == set(range(400)) - bottom
    tab.drag(plot, [(0.001, 0.001), (0.03, 0.03)])
    assert tab.selected() == set()


def test_pan__stays_what_dragging_does_by_default(tab):
    """Without a tool dragging moves the picture and selects nothing; with shift it draws a lasso that adds."""
    plot = tab.get("plot").first
    before = tab.pixels(plot)
    tab.drag(plot, [(0.3, 0.3), (0.5, 0.5)])
    assert tab.selected() == set()
    await_value(lambda: (tab.pixels(plot) != before).mean() > 0.01)
    tab.get("fit-all").click()
    tab.await_still()
    tab.drag(plot, LEFT, modifier="Shift")
    left = tab.selected()
    assert left
    tab.drag(plot, [(1 - x, y) for x, y in LEFT], modifier="Shift")
    assert tab.selected() > left
    tab.page.mouse.move(300, 75)
    tab.drag(plot, LEFT, modifier="Alt")
    assert not tab.selected() & left


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
    assert len(tab.selected()) == 400
    tab.await_root(step=4)  # The arrows were the box's.
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.press("Escape")
    expect(tab.get("draft")).to_have_count(0)
    expect(tab.get("tool-box")).to_have_attribute("aria-pressed", "true")
    tab.page.keyboard.press("Escape")
    expect(tab.get("tool-pan")).to_have_attribute("aria-pressed", "true")
    assert len(tab.selected()) == 400
    tab.page.keyboard.press("Escape")
    assert tab.selected() == set()
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
    expect(tab.get("draft")).to_have_count(0)
    tab.page.mouse.up()
    assert tab.selected() == set()
    expect(tab.get("tool-lasso")).to_have_attribute("aria-pressed", "true")


def test_link__holds_the_selection(tab):
    """A reload shows the same samples selected and isolated."""
    tab.get("tool-box").click()
    tab.drag(tab.get("plot").first, LEFT_BOX)
    rows = tab.selected()
    tab.get("selection-isolate").click()
    await_value(lambda: "selected=" in tab.link() and "isolated=1" in tab.link())
    assert len(tab.link()) < 400
    tab.page.reload()
    tab.await_complete(run="first", steps=5)
    assert tab.selected() == rows
    expect(tab.get("selection-isolate")).to_have_attribute("aria-pressed", "true")


def test_link__with_nonsense_selects_nothing(board, open_tab):
    """Rows that cannot be read, or are not there, are as if they were not named."""
    for nonsense in ("rzzzz", "b0.!!"):
        tab = open_tab(link_to(board, run="first", selected=nonsense))
        tab.await_complete(run="first")
        assert tab.selected() == set()


def test_selection__ends_with_its_run(tab):
    """Rows of one run mean nothing in another."""
    tab.get("class-3").hover()
    tab.get("select-3").click()
    assert tab.selected()
    tab.get("run").select_option("second")
    tab.await_complete(run="second")
    assert tab.selected() == set()


def test_phone__lassoes_by_touch(board, open_tab):
    """On a touch screen a finger draws the lasso and the page does not scroll away."""
    tab = open_tab(board, size=(390, 844), touch=True)
    tab.await_complete(run="first")
    tab.get("tool-box").tap()
    box = tab.get("plot").first.bounding_box()
    session = tab.page.context.new_cdp_session(tab.page)

    def touch(kind, share):
        place = {"x": box["x"] + share * box["width"], "y": box["y"] + share * box["height"]}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else [place]})

    touch("touchStart", 0.02)
    for share in (0.1, 0.3, 0.6, 0.9):
        touch("touchMove", share)
    touch("touchEnd", 0.9)
    await_value(lambda: len(tab.selected()) > 100)
    assert tab.fits_sideways()
