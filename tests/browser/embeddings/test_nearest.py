"""The nearest samples of a pinned one."""

import pytest
from playwright.sync_api import expect

from tests.reference import distance


def nearest_of(row, points, k):
    """Distances and rows of the k others nearest to one, by looking at all."""
    others = [other for other in range(len(points)) if other != row]
    return sorted((distance(points[row], points[other], "euclidean"), other) for other in others)[:k]


def test_neighbors__are_those_of_the_activations(tab, run):
    """For a pinned sample each block lists its nearest in the logged activations, at the displayed epoch."""
    tab.pin(17)
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
    assert tab.selected() == {17, *(row for _, row in nearest_of(17, run.activations("2", 0), 10))}
    tab.get("unpin").click()
    expect(tab.get("nearest")).to_have_count(0)
