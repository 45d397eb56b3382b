"""The neuron view of more connections than are drawn anew in every frame: they look and behave as few do."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.gradients.flow import canvas_of, fronts_of_pass, hover_column, slow
from tests.browser.page import link_to
from tests.browser.pixels import ink
from tests.logs import LogWriter, linear_layers
from tests.servers import TensorBoardServer, await_value

LAYERS = linear_layers([33] * 5)
MOST_DIRECT = 4000  # As in render/flow.ts.


@pytest.fixture(scope="module")
def server(tmp_path_factory, cache_folder):
    """A TensorBoard on a run of three steps with more connections than are drawn directly."""
    folder = tmp_path_factory.mktemp("many")
    writer = LogWriter(folder / "many")
    for step in (0, 50, 100):
        writer.gradients(step, LAYERS)
    writer.close()
    server = TensorBoardServer("--logdir", folder, cache=cache_folder)
    yield server
    server.close()


@pytest.fixture
def open_screen(server, open_tab):
    """A function that opens the newest step with all connections, everything unfolded and still."""
    await_value(lambda: server.json("gradients?run=many")["steps"])
    unfolded = ",".join(f".{name}" for name in ["", *(layer["name"] for layer in LAYERS)])
    keys = {"screen": "gradients", "lines": "all", "unfolded": unfolded}

    def opened(**options):
        tab = open_tab(link_to(server, **keys), **options)
        tab.await_root(run="many", state="ready", settled="true", train_step=100)
        await_value(lambda: tab.inspect()["flow"]["links"] > MOST_DIRECT)
        return tab

    return opened


@pytest.fixture
def tab(open_screen):
    """The newest step with all connections."""
    return open_screen()


def difference(a, b):
    """Of the pixels that either picture drew on, the share that clearly differs."""
    drawn = (np.abs(a - a[2, 2]).max(axis=-1) > 8) | (np.abs(b - b[2, 2]).max(axis=-1) > 8)
    return (np.abs(a - b).max(axis=-1) > 24)[drawn].mean()


def choose_limit(tab, limit):
    """Draw so many connections into each layer, and await the picture."""
    tab.get("edge-limit").select_option(limit)
    tab.page.mouse.move(5, 5)
    tab.await_root(settled="true")


def test_many_connections__look_as_if_each_were_drawn_in_every_frame(tab):
    """Without the weakest few, which leaves few enough to draw them directly, the picture is the same, zoomed too."""
    for zoom in (0, -200):
        tab.get("flow-plot").hover(position={"x": 300, "y": 100})
        tab.page.mouse.wheel(0, zoom)
        tab.page.mouse.move(5, 5)
        tab.await_root(settled="true")
        choose_limit(tab, "null")
        await_value(lambda: tab.inspect()["flow"]["links"] > MOST_DIRECT)
        tab.await_still()
        many = canvas_of(tab)
        choose_limit(tab, "1000")
        await_value(lambda: tab.inspect()["flow"]["links"] == MOST_DIRECT)
        tab.await_still()
        few = canvas_of(tab)
        choose_limit(tab, "0")
        tab.await_still()
        none = canvas_of(tab)
        assert difference(many, few) < 0.03
        assert difference(many, none) > 0.3


def test_gradient__travels_through_many_connections(open_screen):
    """The front goes from right to left through the lines of the old step, and leaves those of the new one."""
    tab = open_screen(with_clock=True)
    still = canvas_of(tab)
    slow(tab)
    tab.hold_clock()
    tab.get("previous").click()
    fronts = fronts_of_pass(tab, still)
    seen = [front for front in fronts if front >= 0]
    assert len(set(seen)) >= 3
    assert tab.attribute("train-step") == "50"
    assert difference(canvas_of(tab), still) > 0.1


def test_unit__has_its_connections_stand_out_of_many(tab):
    """The lines of the unit under the pointer stay, the others recede; away from it all are back."""
    before = canvas_of(tab)
    hover_column(tab, 2)
    expect(tab.get("flow-tooltip")).to_have_attribute("data-kind", "unit")
    n_inked = ink(before).sum()
    await_value(lambda: ink(canvas_of(tab)).sum() < 0.7 * n_inked)
    tab.page.mouse.move(5, 5)
    await_value(lambda: difference(canvas_of(tab), before) < 0.01)


def test_play__goes_through_steps_of_many_connections(tab):
    """Playing stops at the last step, whose lines are drawn ahead."""
    tab.get("first").click()
    tab.await_root(train_step=0, settled="true")
    tab.get("pass").select_option("0.5")
    tab.get("play").click()
    tab.await_root(train_step=100, settled="true", playing="false")
