"""The quality line under the slider, and points that fade where the picture misrepresents them."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.logs import write_jumping_run
from tests.servers import await_value


@pytest.fixture
def tab(board, open_tab):
    """The tab on a finished run of five epochs and three blocks, at the newest epoch."""
    tab = open_tab(board)
    tab.await_complete(run="first", steps=5, step=4)
    return tab


def middle_of(box):
    return box["x"] + box["width"] / 2


def words(tab):
    """The figures in percent by name."""
    found = re.findall(r"(\w+) (?:[<>] )?(\d+) %", tab.get("quality-words").inner_text())
    return {name: int(value) for name, value in found}


def test_quality__is_named_with_its_value_at_the_epoch(tab):
    """The figures of the epoch on view are told in words: means of all views, or those of the one pointed at."""
    newest = words(tab)
    assert set(newest) == {"trustworthiness", "preservation", "movement"}
    assert 50 < newest["trustworthiness"] <= 100
    assert 0 < newest["preservation"] <= 100
    expect(tab.get("quality-whose")).to_have_text("mean of 3 blocks")
    tab.get("plot").nth(1).hover(position={"x": 5, "y": 5})
    expect(tab.get("quality-whose")).to_have_text("4")
    tab.page.mouse.move(5, 300)
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    expect(tab.get("quality-words")).to_contain_text("movement –")
    assert set(words(tab)) == {"trustworthiness", "preservation"}


def test_quality__line_is_aligned_with_the_slider(tab):
    """A line for each figure; the mark of the current epoch is under the slider's thumb and moves with it."""
    for measure in ("trustworthiness", "preservation", "movement"):
        assert tab.get(f"quality-{measure}").get_attribute("d").count("L") >= 3
    slider = tab.get("epoch-slider").bounding_box()
    for button, share in (("first", 0), ("next", 0.25), ("last", 1)):
        tab.get(button).click()
        thumb = slider["x"] + 7 + share * (slider["width"] - 14)
        await_value(lambda thumb=thumb: abs(middle_of(tab.get("quality-now").bounding_box()) - thumb) < 2)


def test_abrupt__change_is_marked_at_its_epoch(tmp_path, start_tensorboard, open_tab):
    """The epoch at which the activations become others is marked, and told in words when it is on view."""
    write_jumping_run(tmp_path / "a", jump_at=5)
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(steps=8)
    expect(tab.get("abrupt")).to_have_count(1)
    assert tab.get("abrupt").get_attribute("data-step") == "5"
    expect(tab.get("abrupt-words")).to_have_count(0)
    tab.get("previous").click()
    tab.get("previous").click()
    tab.await_root(step=5)
    expect(tab.get("abrupt-words")).to_have_text("abrupt change")


def test_fade__takes_strength_from_misrepresented_points(tab):
    """Faded points lose their ink and their share is told; a link keeps the switch; off brings all back."""
    before = tab.pixels().astype(int)
    tab.get("fade").check()
    expect(tab.get("fade-share")).to_contain_text("%")
    await_value(lambda: (tab.pixels() != before).any())
    ink = np.abs(before - before[0, 0]).sum()
    await_value(lambda: np.abs(tab.pixels().astype(int) - before[0, 0]).sum() < ink)
    await_value(lambda: "fade=1" in tab.hash())
    tab.page.reload()
    tab.await_root(settled="true")
    expect(tab.get("fade")).to_be_checked()
    tab.get("fade").uncheck()
    await_value(lambda: np.abs(tab.pixels().astype(int) - before[0, 0]).sum() > 0.99 * ink)


def test_fade__is_of_the_epoch_on_view(tab):
    """Another epoch has other misrepresented points."""
    tab.get("fade").check()
    expect(tab.get("fade-share")).to_contain_text("%")
    asked = []
    tab.page.on("request", lambda request: asked.append(request.url) if "/preservation?" in request.url else None)
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    await_value(lambda: any("step=0" in url for url in asked))


def test_quality__moves_nothing_when_it_arrives(tab):
    """The plots stand where they stood, whether a figure is known or not."""
    place = tab.get("plot").first.bounding_box()
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    tab.get("fade").check()
    expect(tab.get("fade-share")).to_contain_text("%")
    assert tab.get("plot").first.bounding_box() == place
