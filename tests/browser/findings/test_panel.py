"""The list of findings, on a real training with two faults."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.scalars.charts import chart
from tests.browser.trainings import SPIKE_STEP
from tests.servers import await_value


@pytest.fixture
def tab(open_scalars):
    """The scalars screen with findings and charts in sight."""
    return open_scalars(size=(1280, 1100))


def test_findings__are_listed_with_figures_and_source(tab):
    """The dead units and the spike are listed, and so is what was looked for in vain."""
    for kind in ("dead_units", "loss_spike"):
        expect(tab.frame.locator(f"[data-testid=finding][data-kind={kind}]").first).to_be_visible()
    dead = tab.frame.locator("[data-testid=finding][data-kind=dead_units][data-where=fc2]")
    expect(dead).to_contain_text("of the 16 neurons of fc2 put out 0")
    dead.locator("summary").click()
    expect(dead).to_contain_text("Lu et al. 2020")
    expect(tab.get("healthy")).to_contain_text("vanishing gradients")


def test_findings__are_marked_on_the_curves(tab):
    """The spike on its curve, at its step; the mark leads to the step."""
    mark = chart(tab, "train/loss").locator(f"[data-testid=mark][data-step='{SPIKE_STEP}']")
    expect(mark).to_have_attribute("title", re.compile("train/loss jumps up"))
    mark.click()
    tab.await_root(train_step=SPIKE_STEP)


def test_findings__lead_to_where_they_are_seen(tab):
    """Dead units to the gradients screen, with the layer chosen and a unit followed, where the list is as well."""
    tab.frame.locator("[data-testid=finding][data-kind=dead_units][data-where=fc2] button").click()
    tab.await_root(screen="gradients")
    unit = tab.get("pinned-unit")
    expect(unit).to_have_attribute("data-layer", "fc2")
    spike = tab.frame.locator("[data-testid=finding][data-kind=loss_spike] button")
    spike.click()
    tab.await_root(screen="scalars", train_step=SPIKE_STEP)
    expect(chart(tab, "train/loss")).to_be_in_viewport()


def test_findings__follow_changed_thresholds(tab):
    """Half of a layer may be dead, then; the address keeps it and a button brings the usual back."""
    dead = tab.frame.locator("[data-testid=finding][data-kind=dead_units][data-where=fc2]")
    tab.get("thresholds").locator("summary").click()
    for name in ("dead_share", "always_dead_share"):
        tab.get(f"threshold-{name}").fill("0.99")
        tab.get(f"threshold-{name}").press("Enter")
        await_value(lambda name=name: f'"{name}"' in tab.hash())
    expect(dead).to_have_count(0)
    await_value(lambda: "thresholds=" in tab.hash())
    tab.get("thresholds-reset").click()
    expect(dead).to_have_count(1)
