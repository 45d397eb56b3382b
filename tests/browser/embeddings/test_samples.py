"""How many samples are drawn, and which; and the one under the pointer."""

import re
from collections import Counter

import numpy as np
import pytest
from playwright.sync_api import expect
from sklearn.datasets import load_digits

from tests.browser.pixels import spots
from tests.servers import await_value

LABELS = load_digits().target[:400].tolist()


@pytest.fixture
def tab(board, open_tab):
    """The tab on a finished run of 400 samples in three views."""
    tab = open_tab(board, reduced_motion="reduce")
    tab.await_complete(run="first", steps=5, step=4)
    return tab


def drawn(tab, index=0):
    """The rows that a box around a whole view selects: those that are drawn in it."""
    tab.get("tool-box").click()
    box = tab.get("plot").nth(index).bounding_box()
    tab.page.mouse.move(box["x"] + 2, box["y"] + 2)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 2, steps=3)
    tab.page.mouse.up()
    rows = tab.selected()
    for _ in range(2):  # The tool, then the selection.
        tab.page.keyboard.press("Escape")
    return rows


def choose(tab, test_id, value):
    """Enter a value into a field of the menu of the samples."""
    if tab.get("samples-menu-sheet").count() == 0:
        tab.get("samples-menu").click()
    tab.get(test_id).fill(str(value))
    tab.get(test_id).press("Tab")


def close(tab):
    """Close the menu of the samples."""
    tab.page.keyboard.press("Escape")
    expect(tab.get("samples-menu-sheet")).to_have_count(0)


def test_samples__beyond_all_are_refused_in_words(tab):
    """A number that cannot be drawn changes nothing, and the menu says what can."""
    choose(tab, "sample-size", 123)
    for wrong in (0, 99999):
        choose(tab, "sample-size", wrong)
        expect(tab.get("sample-size-refused")).to_have_text(f"{wrong} was given; 1 to 400 samples can be drawn.")
        expect(tab.get("sample-size")).to_have_value("123")
    choose(tab, "sample-size", 400)
    expect(tab.get("sample-size-refused")).to_be_empty()
    expect(tab.get("samples-menu")).to_have_text("All samples")


def test_samples__are_any_number_the_same_in_all_views(tab):
    """123 samples are drawn, the same in each view; a larger number holds them; all are all."""
    assert len(drawn(tab)) == 400
    choose(tab, "sample-size", 123)
    close(tab)
    expect(tab.get("samples-menu")).to_have_text("123 samples")
    expect(tab.get("status")).to_contain_text("123 of 400 samples")
    count = re.search(r"(\d+) of (\d+)", tab.get("class-0").inner_text())
    assert 0 < int(count[1]) < int(count[2])
    few = drawn(tab)
    assert len(few) == 123
    assert [drawn(tab, index) for index in (1, 2)] == [few, few]
    choose(tab, "sample-size", 200)
    close(tab)
    more = drawn(tab)
    assert len(more) == 200
    assert few < more
    tab.get("samples-menu").click()
    tab.get("samples-all").click()
    close(tab)
    assert len(drawn(tab)) == 400


def test_samples__depend_on_the_seed_alone(tab):
    """Another seed gives others, the same seed the same ones, also from a link."""
    choose(tab, "sample-size", 100)
    close(tab)
    first = drawn(tab)
    choose(tab, "sample-seed", 7)
    close(tab)
    other = drawn(tab)
    assert len(other) == 100
    assert other != first
    await_value(lambda: "samples=100_7_0" in tab.hash())
    tab.page.reload()
    tab.await_complete(run="first", step=4)
    assert drawn(tab) == other
    choose(tab, "sample-seed", 0)
    close(tab)
    assert drawn(tab) == first


def test_seed__that_is_none_is_refused_in_words(tab):
    """As a size is: nothing is changed silently."""
    for wrong in ("-5", "1.7", ""):
        choose(tab, "sample-seed", wrong)
        expect(tab.get("sample-seed-refused")).to_contain_text("whole number from 0 to")
        expect(tab.get("sample-seed")).to_have_value("0")
        close(tab)


def test_samples__are_taken_by_class_on_request(tab):
    """Stratified, each class has its share, to one sample."""
    choose(tab, "sample-size", 100)
    tab.get("sample-stratified").check()
    close(tab)
    rows = drawn(tab)
    counts, all_counts = Counter(LABELS[row] for row in rows), Counter(LABELS)
    assert len(rows) == 100
    assert all(abs(counts[label] - all_counts[label] / 4) < 1 for label in range(10))


def places_in(tab, index):
    """Six places on points of a view."""
    return spots(tab.pixels(tab.get("plot").nth(index)), 6)


def n_black(tab, index):
    """The number of black pixels in a view: those of rings and trails."""
    return (tab.pixels(tab.get("plot").nth(index)) < 70).all(axis=-1).sum()


def test_hover__marks_the_sample_in_every_view(tab):
    """Pointing at a sample in any view rings it in all of them; the mark goes with the pointer."""
    assert all(n_black(tab, index) == 0 for index in range(3))
    for place in range(3):
        tab.get("plot").nth(place).hover(position=places_in(tab, place)[place])
        row = tab.get("tooltip").get_attribute("data-row")
        expect(tab.get("sample-label")).to_have_text(f"digit {LABELS[int(row)]}")
        for index in range(3):
            await_value(lambda index=index: n_black(tab, index) > 20)
        tab.page.mouse.move(5, 300)
        for index in range(3):
            await_value(lambda index=index: n_black(tab, index) == 0)


def farthest(run):
    """The id of the sample that moves farthest through the epochs of any block, as a share of the layout's size."""
    ways = []
    for block in run.blocks:
        positions = run.project(block).positions
        ways.append(np.ptp(positions, axis=0).max(axis=1) / np.ptp(positions, axis=(0, 1)).max())
    return run.sample_ids[int(np.max(ways, axis=0).argmax())]


def test_trail__shows_the_way_through_the_epochs(tab, run):
    """The line through a pinned sample's epochs reaches beyond its ring, for a sample that goes far."""
    before = [tab.view(index) for index in range(3)]
    tab.pin(farthest(run))

    def reach(index):
        now = tab.view(index)
        drawn = np.argwhere((now < 140).all(axis=-1) & (np.abs(now - before[index]).max(axis=-1) > 60))
        return np.ptp(drawn, axis=0).max() if len(drawn) else 0

    ring_px = 19
    await_value(lambda: min(reach(index) for index in range(3)) > ring_px / 2)
    await_value(lambda: max(reach(index) for index in range(3)) > 2 * ring_px)


def test_pin__stays_until_it_is_taken_away(tab):
    """A click pins the sample; it stays marked at other epochs and in the link; a second click takes it away."""
    place = places_in(tab, 0)[2]
    plot = tab.get("plot").first
    plot.click(position=place)
    row = tab.get("pinned").get_attribute("data-row")
    tab.page.mouse.move(5, 300)
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    expect(tab.get("pinned")).to_have_attribute("data-row", row)
    await_value(lambda: all(n_black(tab, index) > 20 for index in range(3)))
    await_value(lambda: f"pin={row}" in tab.hash())
    tab.page.reload()
    tab.await_complete(run="first", step=0)
    expect(tab.get("pinned")).to_have_attribute("data-row", row)
    tab.get("last").click()
    tab.await_root(step=4, settled="true")
    plot.click(position=place)
    expect(tab.get("pinned")).to_have_count(0)


def test_search__finds_a_sample_by_its_id(tab):
    """An id pins its sample; one that is not there is said so, and nothing else changes."""
    tab.pin(" 321 ")
    expect(tab.get("pinned")).to_have_attribute("data-row", "321")
    expect(tab.get("pinned").get_by_test_id("sample-label")).to_have_text(f"digit {LABELS[321]}")
    tab.pin("nobody")
    expect(tab.get("sample-missing")).to_have_text("No sample is called nobody.")
    expect(tab.get("pinned")).to_have_attribute("data-row", "321")
