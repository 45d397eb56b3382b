"""The quality line under the slider, and points that fade where the picture misrepresents them."""

import re

from playwright.sync_api import expect

from tests.browser.pixels import ink
from tests.logs import write_jumping_run
from tests.servers import await_value


def middle_of(box):
    """The horizontal middle of a bounding box."""
    return box["x"] + box["width"] / 2


def words(tab):
    """The figures in percent by name."""
    found = re.findall(r"(\w+) (?:[<>] )?(\d+) %", tab.get("quality-words").inner_text())
    return {name: int(value) for name, value in found}


def test_quality__is_named_with_its_value_at_the_epoch(tab):
    """The figures of the displayed epoch are written out: means of all views, or those of the one pointed at."""
    await_value(lambda: set(words(tab)) == {"trustworthiness", "preservation", "movement"})
    newest = words(tab)
    assert 50 < newest["trustworthiness"] <= 100
    assert 0 < newest["preservation"] <= 100
    expect(tab.get("quality-whose")).to_have_text("mean of 3 blocks")
    tab.get("plot").nth(1).hover(position={"x": 5, "y": 5})
    expect(tab.get("quality-whose")).to_have_text("4")
    tab.page.mouse.move(5, 300)
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    expect(tab.get("quality-words")).to_contain_text("movement –")
    await_value(lambda: set(words(tab)) == {"trustworthiness", "preservation"})


def test_quality__line_is_aligned_with_the_slider(tab):
    """A line for each figure; the mark of the current epoch is under the slider's thumb and moves with it."""
    for measure in ("trustworthiness", "preservation", "movement"):
        expect(tab.get(f"quality-{measure}")).to_have_attribute("d", re.compile("(L.*){3}"))

    def is_aligned(share):
        slider = tab.get("epoch-slider").bounding_box()
        thumb = slider["x"] + 7 + share * (slider["width"] - 14)
        return abs(middle_of(tab.get("quality-now").bounding_box()) - thumb) < 2

    for button, share in (("first", 0), ("next", 0.25), ("last", 1)):
        tab.get(button).click()
        await_value(lambda share=share: is_aligned(share))


def test_abrupt__change_is_marked_at_its_epoch(tmp_path, start_tensorboard, open_tab):
    """The epoch at which the activations become others is marked, and named when it is displayed."""
    write_jumping_run(tmp_path / "a", jump_at=5)
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(steps=8)
    expect(tab.get("abrupt")).to_have_count(1)
    expect(tab.get("abrupt")).to_have_attribute("data-step", "5")
    expect(tab.get("abrupt-words")).to_have_count(0)
    tab.get("previous").click()
    tab.get("previous").click()
    tab.await_root(step=5)
    expect(tab.get("abrupt-words")).to_have_text("abrupt change")


def test_fade__takes_strength_from_misrepresented_points(tab):
    """Faded points lose their ink and their share is displayed; a link keeps the switch; off brings all back."""
    before = ink(tab.pixels()).sum()
    tab.get("fade").check()
    expect(tab.get("fade-share")).to_contain_text("%")
    await_value(lambda: ink(tab.pixels()).sum() < before)
    await_value(lambda: "fade=1" in tab.hash())
    tab.page.reload()
    tab.await_root(settled="true")
    expect(tab.get("fade")).to_be_checked()
    tab.get("fade").uncheck()
    await_value(lambda: ink(tab.pixels()).sum() > 0.99 * before)


def test_fade__is_of_the_epoch_on_view(tab):
    """Another epoch has other misrepresented points."""
    tab.get("fade").check()
    expect(tab.get("fade-share")).to_contain_text("%")
    with tab.page.expect_request(lambda request: "/preservation?" in request.url and "step=0" in request.url):
        tab.get("first").click()
    tab.await_root(step=0, settled="true")


def test_quality__moves_nothing_when_it_arrives(tab):
    """The plots stand where they stood, whether a figure is known or not."""
    place = tab.get("plot").first.bounding_box()
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    tab.get("fade").check()
    expect(tab.get("fade-share")).to_contain_text("%")
    assert tab.get("plot").first.bounding_box() == place
