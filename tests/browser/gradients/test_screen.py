"""The gradients screen as its users see it, on real trainings."""

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.trainings import DigitsTraining
from tests.servers import await_value


def test_screens__are_chosen_by_pointer_and_keyboard_and_kept_in_the_link(tab):
    """Tabs lead from screen to screen; run and screen survive a reload."""
    expect(tab.get("screen-gradients")).to_have_attribute("aria-current", "page")
    await_value(lambda: "screen=gradients" in tab.hash())
    tab.page.reload()
    tab.await_root(screen="gradients", run="first", state="ready", settled="true")
    tab.get("screen-embeddings").focus()
    tab.page.keyboard.press("Enter")
    tab.await_complete(screen="embeddings", run="first")
    tab.get("screen-gradients").click()
    tab.await_root(screen="gradients", state="ready", settled="true")


def test_run_without_records__is_told_what_to_add(open_screen):
    """A run that never called step() says so; another run shows its network."""
    tab = open_screen()
    tab.get("run").select_option("plain")
    tab.await_root(state="empty", run="plain")
    expect(tab.get("no-gradients")).to_contain_text("mapper.step()")
    expect(tab.get("no-gradients")).to_contain_text("plain")
    tab.get("run").select_option("second")
    tab.await_root(state="ready", run="second", settled="true")


def test_cursor__is_shared_with_the_embeddings(tab):
    """A training step chosen here is an epoch there, and the other way round."""
    tab.get("first").click()
    tab.await_root(train_step=0)
    tab.get("screen-embeddings").click()
    tab.await_complete(screen="embeddings", step=0)
    tab.get("next").click()
    tab.await_root(step=1)
    tab.get("screen-gradients").click()
    tab.await_root(screen="gradients", train_step=60, settled="true")
    tab.get("last").click()
    tab.await_root(train_step=140, step=4)


def test_growth__is_followed_live(tmp_path, start_tensorboard, open_tab):
    """While a network trains, its steps appear automatically, and the view stays at the newest until one is chosen."""
    training = DigitsTraining(tmp_path / "live")
    training.epoch()
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_root(run="live")
    tab.get("screen-gradients").click()
    tab.await_root(state="ready", train_step=20, train_steps=3)
    training.epoch()
    tab.await_root(train_step=50, train_steps=6, settled="true")
    expect(tab.get("overview-map")).to_have_attribute("data-steps", "6")
    tab.get("first").click()
    training.epoch()
    training.mapper.close()
    tab.await_root(train_step=0, train_steps=9)


@pytest.mark.parametrize("size", [(1920, 1080), (800, 600), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_layout__fits_its_window(open_screen, size, scheme):
    """On every size the network has room and nothing overflows sideways."""
    tab = open_screen(size=size, scheme=scheme)
    assert tab.fits_sideways()
    box = tab.get("flow-plot").bounding_box()
    assert box["width"] > 300
    assert box["height"] > 120
    place = tab.get("flow-plot").bounding_box()
    tab.get("first").click()
    tab.await_root(train_step=0)
    assert tab.get("flow-plot").bounding_box() == place


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_gradients__are_for_everybody(open_screen, theme):
    """Nothing is found by axe, at any size, in light and dark, with the thresholds of the findings open."""
    tab = open_screen("convolutions")
    tab.set_theme(theme)
    tab.get("thresholds").locator("summary").click()
    for size in ((390, 844), (800, 600), (1920, 1080)):
        tab.page.set_viewport_size({"width": size[0], "height": size[1]})
        tab.await_root(settled="true")
        assert violations(tab) == []
        assert tab.fits_sideways()
