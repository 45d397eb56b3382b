"""The list of the selected samples: classes, confusions, pictures; and what it offers."""

import re
from collections import Counter

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.pixels import class_color, share_of
from tests.servers import await_value

LEFT_BOX = [(0.01, 0.01), (0.5, 0.99)]


def test_list__counts_classes_and_confusions(tab, run):
    """Class counts, confused pairs at the displayed epoch and pictures are those of the selected samples."""
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    tab.get("tool-box").click()
    tab.drag(tab.get("plot").first, LEFT_BOX)
    rows = sorted(tab.selected())
    labels, predicted = np.asarray(run.labels)[rows], run.outcomes(0).predicted[rows]
    counts = Counter(labels.tolist())
    shown = tab.get("selection-classes").locator("[data-testid^=selection-class-]")
    expect(shown).to_have_count(min(6, len(counts)))
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
    expect(tab.get("selected-sample")).to_have_count(min(40, len(rows)))
    expect(tab.get("selected-sample").first).to_have_attribute("data-row", str(rows[0]))
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
    assert len(tab.selected()) == n


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
    tab.pin(17)
    tab.get("neighbor").first.wait_for()
    assert places() == before


def test_list__selects_a_class_inverts_and_isolates(tab, run):
    """A class from the legend; inverting gives all others; isolated, only they are drawn, with the right pictures."""
    threes = set(np.flatnonzero(np.asarray(run.labels) == 3).tolist())
    tab.get("class-3").hover()
    tab.get("select-3").click()
    assert tab.selected() == threes
    tab.get("select-4").click(modifiers=["Shift"])
    assert tab.selected() > threes
    tab.get("select-4").click(modifiers=["Alt"])
    tab.page.mouse.move(300, 75)
    color = class_color(tab, 4)
    await_value(lambda: share_of(tab.pixels(), color) == 0)
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
    assert tab.selected() == set(range(400)) - threes
    await_value(lambda: share_of(tab.pixels(), color) > 0.0005)
    tab.get("class-4").click()
    expect(tab.get("selection-words")).to_contain_text("of them not shown")
    tab.get("class-4").click()
