"""The embeddings screen as its users see it."""

import numpy as np
import pytest
from playwright.sync_api import expect
from torch.utils.tensorboard import SummaryWriter

from tests.browser.page import MENUS
from tests.browser.pixels import class_color, hover_a_point, share_of
from tests.browser.trainings import DigitsTraining
from tests.logs import LogWriter, write_run
from tests.servers import TensorBoardServer, await_value


def test_views__show_every_block_with_all_samples(tab):
    """One view per block, each with all points of the probe set."""
    blocks = tab.inspect()["blocks"]
    assert [(block["name"], block["nPoints"]) for block in blocks] == [("2", 400), ("4", 400), ("output", 400)]
    expect(tab.get("panel")).to_have_count(3)
    for index in range(3):
        pixels = tab.pixels(tab.get("plot").nth(index))
        background = np.median(pixels, axis=(0, 1))
        assert 0.005 < 1 - share_of(pixels, background, 0) < 0.4


def test_legend__has_the_colours_of_the_points(tab):
    """Every class's colour in the legend is that of its points; hiding the class takes the colour off the picture."""
    for index in (0, 3, 9):
        button = tab.get(f"class-{index}")
        expect(button).to_contain_text(f"digit {index}")
        color = class_color(tab, index)
        await_value(lambda color=color: share_of(tab.pixels(), color) > 0.0005)
        before = share_of(tab.pixels(), color)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "false")
        await_value(lambda color=color, before=before: share_of(tab.pixels(), color) < before / 10)
        button.click()
        tab.page.mouse.move(600, 30)  # A class under the pointer dims the others.
        await_value(lambda color=color, before=before: share_of(tab.pixels(), color) > before / 2)


def test_legend__shows_only_one_class_none_or_all(tab):
    """Only this one, none, all and invert act on all classes."""
    tab.get("class-3").click(modifiers=["Shift"])
    expect(tab.get("class-3")).to_have_attribute("aria-pressed", "true")
    expect(tab.get("class-4")).to_have_attribute("aria-pressed", "false")
    tab.get("classes-invert").click()
    expect(tab.get("class-3")).to_have_attribute("aria-pressed", "false")
    expect(tab.get("class-4")).to_have_attribute("aria-pressed", "true")
    tab.get("classes-none").click()
    expect(tab.get("class-4")).to_have_attribute("aria-pressed", "false")
    tab.get("classes-all").click()
    expect(tab.get("class-3")).to_have_attribute("aria-pressed", "true")


def test_epochs__are_stepped_by_buttons_and_keys(tab):
    """First, previous, next and last; Home, arrows and End; each shows another picture."""
    tab.await_still()
    newest = tab.pixels()
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    await_value(lambda: (tab.pixels() != newest).any())
    tab.get("next").click()
    tab.await_root(step=1, settled="true")
    tab.get("last").click()
    tab.await_root(step=4, settled="true")
    tab.get("previous").click()
    tab.await_root(step=3, settled="true")
    for key, step in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 4)):
        tab.page.keyboard.press(key)
        tab.await_root(step=step, settled="true")
    await_value(lambda: (tab.pixels() != newest).any(axis=-1).mean() < 0.002)


def test_play__runs_through_the_epochs_and_stops(tab):
    """Playing goes through the epochs, in a loop for as long as that is on, else to the last; space pauses."""
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    tab.get("speed").select_option("0.5")  # An epoch is displayed for two seconds.
    tab.get("loop").click()
    tab.get("play").click()
    tab.await_root(playing="true")
    tab.await_root(step=2)
    tab.page.keyboard.press("Space")
    tab.await_root(playing="false")
    tab.get("loop").click()
    tab.get("play").focus()
    tab.page.keyboard.press("Space")
    tab.await_root(step=4, settled="true", playing="false")


def test_motion__between_epochs_is_smooth(tab):
    """A change of epoch is drawn in several frames; with reduced motion in one step."""
    before = tab.n_drawn()
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    assert tab.n_drawn() - before >= 4  # A frame moves them by a tenth of a second at most, on a slow machine, too.


def test_motion__is_left_out_on_request(board, open_tab):
    """prefers-reduced-motion: the points are at their new places at once."""
    tab = open_tab(board, reduced_motion="reduce")
    tab.await_complete(steps=5, step=4)
    for button, step in (("first", 0), ("last", 4)):  # What these epochs need is there then.
        tab.get(button).click()
        tab.await_root(step=step, settled="true")
        tab.await_still()
    before = tab.n_drawn()
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    assert tab.n_drawn() - before <= 3


def test_nothing_is_drawn_while_nothing_changes(tab):
    """A still picture costs no frames."""
    tab.await_still()


def test_run__can_be_chosen(tab):
    """Another run shows its own epochs; the choice is in the address, and a reload keeps it."""
    tab.get("run").select_option("second")
    tab.await_root(run="second", steps=3, settled="true")
    tab.get("first").click()
    await_value(lambda: "run=second" in tab.hash() and "step=0" in tab.hash())
    tab.page.reload()
    tab.await_root(run="second", step=0, settled="true")


def test_hover__names_the_sample_in_every_view(tab):
    """The sample under the pointer is shown with its picture, id, label, prediction and confidence."""
    before = tab.pixels(tab.get("plot").nth(1))
    hover_a_point(tab, tab.get("plot").first)
    expect(tab.get("tooltip")).to_be_visible()
    expect(tab.get("thumbnail")).to_be_visible()
    expect(tab.get("sample-label")).to_contain_text("digit")
    expect(tab.get("sample-predicted")).to_contain_text("digit")
    expect(tab.get("sample-confidence")).to_contain_text("%")
    row = int(tab.get("tooltip").get_attribute("data-row"))
    assert str(row) in tab.get("sample-id").inner_text()
    await_value(lambda: (tab.pixels(tab.get("plot").nth(1)) != before).any())


def test_zoom__and_back(tab):
    """The wheel zooms one view; showing all gives the old picture back."""
    tab.get("link-views").click()
    plot = tab.get("plot").first
    before = tab.pixels(plot)
    plot.hover(position={"x": 100, "y": 100})
    tab.page.mouse.wheel(0, -400)
    await_value(lambda: (tab.pixels(plot) != before).mean() > 0.01)
    tab.get("fit-all").click()
    tab.page.mouse.move(5, 5)
    await_value(lambda: (tab.pixels(plot) != before).mean() < 0.002)


def test_growth__follows_the_training(tmp_path, start_tensorboard, open_tab):
    """While a network trains, its new epochs appear automatically and the page stays at the newest."""
    training = DigitsTraining(tmp_path / "live")
    training.epoch()
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(steps=1, step=0)
    for epoch in (1, 2):
        training.epoch()
        tab.await_root(steps=epoch + 1, step=epoch, settled="true")
    tab.get("first").click()
    tab.await_root(step=0)
    training.epoch()
    training.mapper.close()
    tab.await_root(steps=4, step=0)


def test_empty__says_what_to_add_and_fills_by_itself(tmp_path, start_tensorboard, open_tab):
    """An empty log directory explains the lines to add; the first run appears without a reload."""
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_root(state="empty")
    expect(tab.get("lines-to-add")).to_contain_text("NeuroMapper(")
    expect(tab.get("lines-to-add")).to_contain_text("log_epoch(")
    write_run(tmp_path / "a")
    tab.await_root(state="ready", run="a", steps=3)


def test_runs_without_our_data__are_counted(tmp_path, start_tensorboard, open_tab):
    """Runs that only hold scalars are counted and do not hide the help."""
    with SummaryWriter(str(tmp_path / "plain")) as writer:
        writer.add_scalar("loss", 1.0, 0)
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_root(state="empty")
    expect(tab.get("empty")).to_contain_text("finds one run")


def test_problems__are_told_and_the_rest_works(tmp_path, start_tensorboard, open_tab):
    """A missing file, a truncated one, a flipped bit, another version, a path outside: each is reported."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0, ["layer1"])
    writer.epoch(1, ["layer1"]).unlink()
    path = writer.epoch(2, ["layer1"])
    path.write_bytes(path.read_bytes()[:500])
    path = writer.epoch(3, ["layer1"], seed=77)
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(data)
    writer.epoch(4, ["layer1"], index_changes={"schema_version": 3})
    writer.epoch(5, ["layer1"], index_changes={"file": "../x.safetensors"})
    writer.epoch(6, ["layer1"])
    writer.close()
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(steps=2, step=6)
    tab.get("problems-button").click()
    for words in ("missing", "truncated", "checksum", "version 3", "bare name"):
        expect(tab.get("problems")).to_contain_text(words)


def test_theme__follows_tensorboard(board, open_tab):
    """The page is light or dark as TensorBoard is, and the points keep the legend's colours."""
    tab = open_tab(board)
    tab.await_complete(steps=5, theme="light")
    light = tab.pixels()[0, 0].mean()
    tab.set_theme("dark")
    await_value(lambda: tab.pixels()[0, 0].mean() < light - 100)
    color = class_color(tab, 0)
    await_value(lambda: share_of(tab.pixels(), color) > 0.0005)


def test_path_prefix__works_in_the_browser(trained, start_tensorboard, open_tab):
    """Behind a prefix the page finds its files and its data; a run may be the log directory itself."""
    tab = open_tab(start_tensorboard("--logdir", trained / "second", "--path_prefix", "/a/b"))
    tab.expected_errors += ["/font-roboto/"]  # TensorBoard asks for its own fonts without the prefix.
    tab.await_complete(run=".", steps=3)


def test_connection__is_lost_and_found(trained, cache_folder, browser, open_tab):
    """When TensorBoard ends, the page says so and keeps its picture; when it is back, what is missing comes."""
    server = TensorBoardServer("--logdir", trained, cache=cache_folder)
    tab = open_tab(server)
    tab.await_complete(steps=5)
    # The browser itself reports each request that finds no server, or whose server ends before it has answered.
    tab.expected_errors += ["net::ERR_"]
    server.close()
    tab.await_root(connection="lost")
    expect(tab.get("connection")).to_be_visible()
    tab.get("select-3").dispatch_event("click")
    thumbnail = tab.get("selected-sample").first
    assert np.ptp(tab.pixels(thumbnail).astype(int)) < 50
    tab.get("first").click()
    port = server.url.rsplit(":", 1)[1].strip("/")
    again = TensorBoardServer("--logdir", trained, "--port", port, cache=cache_folder)
    try:
        tab.await_root(connection="ok")
        tab.await_root(step=0, settled="true")
        await_value(lambda: np.ptp(tab.pixels(thumbnail).astype(int)) > 100)
    finally:
        again.close()


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 800), (800, 600), (390, 844)])
def test_layout__fits_its_window(board, open_tab, size):
    """On every size all views have room and nothing overflows sideways."""
    tab = open_tab(board, size=size)
    tab.await_complete(steps=5)
    assert tab.fits_sideways()
    for index in range(3):
        box = tab.get("plot").nth(index).bounding_box()
        assert box["width"] > 120
        assert box["height"] > 80
    for menu in MENUS:
        tab.get(menu).click()
        box = tab.get(f"{menu}-sheet").bounding_box()
        assert box["x"] >= 0, menu
        assert box["x"] + box["width"] <= size[0], menu
        tab.page.keyboard.press("Escape")
