"""One view per block: chosen, reordered, enlarged, turned, zoomed and panned, alone or together."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.pixels import are_alike, hover_a_point
from tests.servers import await_value


@pytest.fixture
def tab(board, open_tab):
    """The tab on a finished run of three blocks, without motion."""
    tab = open_tab(board, reduced_motion="reduce")
    tab.await_complete(run="first", steps=5, step=4)
    return tab


def blocks(tab):
    """The blocks of the views, in their order."""
    return [panel.get_attribute("data-block") for panel in tab.get("panel").all()]


def is_like(tab, index, picture):
    """Whether a view looks as in an earlier picture of it."""
    return are_alike(tab.view(index), picture)


def test_views__are_chosen_and_reordered(tab):
    """A block's view goes and comes back at its place; views swap; a link keeps it; one button restores all."""
    tab.get("views-menu").click()
    tab.get("view-4").uncheck()
    await_value(lambda: blocks(tab) == ["2", "output"])
    tab.frame.get_by_label("Move output forward").click()
    await_value(lambda: blocks(tab) == ["output", "2"])
    tab.get("view-4").check()
    await_value(lambda: blocks(tab) == ["4", "output", "2"])
    await_value(lambda: "views=4,output,2" in tab.hash())
    tab.page.reload()
    tab.await_complete(run="first", step=4)
    assert blocks(tab) == ["4", "output", "2"]
    tab.get("views-menu").click()
    tab.get("view-4").uncheck()
    tab.get("view-2").uncheck()
    expect(tab.get("view-output")).to_be_disabled()  # The last one stays.
    tab.get("views-all").click()
    await_value(lambda: blocks(tab) == ["2", "4", "output"])


def test_enlarge__gives_one_view_all_the_room(tab):
    """The enlarged view is larger and alone; the same button brings all back where they were."""
    before = [tab.get("plot").nth(index).bounding_box() for index in range(3)]
    tab.get("panel").nth(1).hover()
    tab.get("enlarge").nth(1).click()
    await_value(lambda: blocks(tab) == ["4"])
    room = tab.get("plot").first.bounding_box()
    assert room["width"] * room["height"] > 1.5 * before[1]["width"] * before[1]["height"]
    tab.await_root(settled="true")
    tab.get("enlarge").first.click()
    await_value(lambda: blocks(tab) == ["2", "4", "output"])
    await_value(lambda: [tab.get("plot").nth(index).bounding_box() for index in range(3)] == before)


def test_view__is_rotated_mirrored_and_reset(tab):
    """Six turns of 30 degrees are a half turn, a mirrored view is its mirror image, reset is as it was."""
    before = [tab.view(index) for index in range(3)]
    tab.get("panel").first.hover()
    for _ in range(6):
        tab.get("rotate").first.click()
    await_value(lambda: is_like(tab, 0, before[0][::-1, ::-1]))
    assert not is_like(tab, 0, before[0])
    tab.get("panel").first.hover()
    tab.get("fit").first.click()
    await_value(lambda: is_like(tab, 0, before[0]))
    tab.get("panel").first.hover()
    tab.get("mirror").first.click()
    await_value(lambda: is_like(tab, 0, before[0][:, ::-1]))
    assert is_like(tab, 1, before[1])
    assert is_like(tab, 2, before[2])
    tab.get("fit-all").click()
    await_value(lambda: is_like(tab, 0, before[0]))


def test_pan__moves_the_picture_with_the_pointer(tab):
    """Dragging by so many pixels moves the points by as many; a link keeps the place."""
    before = tab.view(0)
    box = tab.get("plot").first.bounding_box()
    tab.page.mouse.move(box["x"] + 100, box["y"] + 100)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + 150, box["y"] + 120, steps=5)
    tab.page.mouse.up()
    moved = np.full_like(before, before[2, 2])
    moved[20:, 50:] = before[:-20, :-50]  # What comes in at the edges is background.
    await_value(lambda: is_like(tab, 0, moved))
    await_value(lambda: "cameras=" in tab.hash())
    tab.await_address()
    tab.page.reload()
    tab.await_complete(run="first", step=4)
    await_value(lambda: is_like(tab, 0, moved))


def test_zoom__keeps_what_is_under_the_pointer(tab):
    """The sample under the pointer stays under it while the wheel zooms in and out."""
    plot = tab.get("plot").first
    place = hover_a_point(tab, plot)
    row = tab.get("tooltip").get_attribute("data-row")
    for delta in (-300, -300, 500):
        tab.page.mouse.wheel(0, delta)
        tab.page.mouse.move(5, 300)
        plot.hover(position=place)
        expect(tab.get("tooltip")).to_have_attribute("data-row", row)


def test_link__moves_all_views_together(tab):
    """Linked, zooming and turning one view does the same to the others; not linked, they stand still."""
    before = [tab.view(index) for index in range(3)]
    tab.get("panel").first.hover()
    tab.get("rotate").first.click()
    await_value(lambda: not is_like(tab, 0, before[0]))
    assert is_like(tab, 1, before[1])
    tab.get("fit-all").click()
    tab.get("link-views").click()
    for change in ("rotate", "wheel"):
        await_value(lambda: all(is_like(tab, index, before[index]) for index in range(3)))
        if change == "rotate":
            tab.get("panel").nth(1).hover()
            tab.get("rotate").nth(1).click()
        else:
            tab.get("plot").nth(1).hover(position={"x": 80, "y": 80})
            tab.page.mouse.wheel(0, -600)
        for index in range(3):
            await_value(lambda index=index: not is_like(tab, index, before[index]))
        tab.get("fit-all").click()


def test_keys__zoom_and_pan_the_focused_view(tab):
    """Plus and minus zoom, shift and arrows pan, 0 shows all; the others stand still."""
    before = [tab.view(index) for index in range(3)]
    plot = tab.get("plot").nth(2)
    plot.focus()
    for keys, back in ((["+", "+"], ["-", "-"]), (["Shift+ArrowLeft"], ["Shift+ArrowRight"]), (["+"], ["0"])):
        for key in keys:
            tab.page.keyboard.press(key)
        await_value(lambda: not is_like(tab, 2, before[2]))
        for key in back:
            tab.page.keyboard.press(key)
        await_value(lambda: is_like(tab, 2, before[2]))
    assert is_like(tab, 0, before[0])
    tab.await_root(step=4)
