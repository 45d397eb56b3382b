"""The gradients screen as its users see it, on real trainings."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import expect
from torch import nn

import tb_neuromapper
from tb_neuromapper import NeuroMapper
from tests.browser.conftest import DigitsTraining
from tests.browser.test_accessibility import set_theme, violations
from tests.logs import write_run
from tests.servers import TensorBoardServer, await_value
from tests.training.networks import ConvNet, images

N_STEPS = 15  # Five epochs of 29 training steps, every tenth recorded.


def train_convolutions(folder, n_steps=12):
    """A small convolutional network with batch norm; every fourth step is recorded."""
    torch.manual_seed(0)
    model = ConvNet()
    x, y = images(n=24)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with NeuroMapper(model, folder, probe=torch.utils.data.TensorDataset(x, y), gradient_every=4) as mapper:
        for _ in range(n_steps):
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            mapper.step()
        mapper.log_epoch(0)


@pytest.fixture(scope="module")
def logs(trained, tmp_path_factory):
    """The runs "first" and "second" (fully connected), "convolutions", and "plain" without gradient records."""
    folder = tmp_path_factory.mktemp("gradients")
    for name in ("first", "second"):
        (folder / name).symlink_to(trained / name)
    train_convolutions(folder / "convolutions")
    write_run(folder / "plain")
    return folder


@pytest.fixture(scope="module")
def server(logs, cache_folder):
    """One TensorBoard for all tests that only look."""
    server = TensorBoardServer("--logdir", logs, cache=cache_folder)
    yield server
    server.close()


@pytest.fixture
def open_screen(server, open_tab):
    """A function that opens the gradients screen of a run, everything loaded and still."""

    def opened(run="first", **options):
        tab = open_tab(server, **options)
        tab.await_root(run="convolutions")
        tab.get("run").select_option(run)
        tab.get("screen-gradients").click()
        tab.await_root(screen="gradients", run=run, state="ready", settled="true")
        tab.get("overview-map").wait_for()
        return tab

    return opened


@pytest.fixture
def tab(open_screen):
    return open_screen()


def slow(tab):
    """A pass takes so long that several pictures of it can be taken."""
    tab.get("pass").select_option("8")


def ink(pixels):
    """How much is drawn in each strip of 20 columns of pixels."""
    columns = np.abs(pixels.astype(int) - pixels[2, 2].astype(int)).sum(axis=(0, 2))
    return columns[: len(columns) // 20 * 20].reshape(-1, 20).sum(axis=1)


def front_of(pixels, still):
    """The last strip that is much paler than at rest: the front has passed all that is right of it; -1 at rest."""
    pale = np.nonzero(ink(pixels) < 0.6 * ink(still))[0]
    return int(pale.max()) if len(pale) else -1


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


def test_columns__are_the_layers_from_input_to_output(tab):
    """Every layer has a heading with its number of units, from left to right; the picture has ink of both signs."""
    heads = tab.get("column-head")
    assert [head.get_attribute("data-layer") for head in heads.all()] == ["", "1", "3", "5"]
    expect(heads.nth(1)).to_contain_text("32 neurons")
    expect(heads.nth(0)).to_contain_text("24 of 64 inputs")
    lefts = [head.bounding_box()["x"] for head in heads.all()]
    assert lefts == sorted(lefts)
    red, blue = tab.pixels(tab.get("flow-canvas")).astype(int)[:, :, [0, 2]].reshape(-1, 2).T
    assert (red > blue + 60).mean() > 0.002
    assert (blue > red + 60).mean() > 0.002


def test_scales__are_labelled_with_powers_of_ten(tab):
    """The colour bars of units and connections have numbers, and name what they show; the other look has its own."""
    for name, words in (("unit-scale", "dL/da"), ("edge-scale", "dL/dw")):
        expect(tab.get(name)).to_contain_text(words)
        low, high = (float(tab.get(name).get_attribute(f"data-{end}")) for end in ("low", "high"))
        assert 0 < low < high
        assert re.search("10|1", tab.get(name).inner_text())
    before = tab.pixels(tab.get("flow-canvas"))
    tab.get("shown").select_option("value")
    expect(tab.get("unit-scale")).to_contain_text("|activation|")
    expect(tab.get("edge-scale")).to_contain_text("|weight|")
    await_value(lambda: (tab.pixels(tab.get("flow-canvas")) != before).any())


def test_gradient__travels_from_the_output_to_the_input(tab):
    """Replayed, a front goes from right to left, and leaves the picture as it was."""
    canvas = tab.get("flow-canvas")
    still = tab.pixels(canvas)
    slow(tab)
    tab.get("replay").click()
    tab.await_root(settled="false")
    fronts = []

    def is_over():
        fronts.append(front_of(tab.pixels(canvas), still))
        return tab.attribute("settled") == "true"

    await_value(is_over)
    travelled = fronts[fronts.index(max(fronts)) :]  # Before it, what is ahead of the front is still fading.
    travelled = [front for front in travelled if front >= 0]
    assert len(set(travelled)) >= 3, fronts
    assert travelled == sorted(travelled, reverse=True)
    assert (tab.pixels(canvas) != still).mean() < 0.002


def test_steps__are_stepped_by_buttons_and_keys(tab):
    """Previous, next, first and last; arrows, Home and End; each step is another picture."""
    tab.get("pass").select_option("0.5")
    newest = tab.pixels(tab.get("flow-canvas"))
    tab.get("first").click()
    tab.await_root(train_step=0, settled="true")
    await_value(lambda: (tab.pixels(tab.get("flow-canvas")) != newest).any())
    tab.get("next").click()
    tab.await_root(train_step=10, settled="true")
    for key, step in (("End", 140), ("ArrowLeft", 130), ("Home", 0), ("ArrowRight", 10)):
        tab.page.keyboard.press(key)
        tab.await_root(train_step=step, settled="true")
    await_value(lambda: "train=10" in tab.hash())


def test_play__goes_through_the_steps_and_stops(tab):
    """Playing starts at the first step if it is at the last; space pauses; it ends at the last."""
    tab.get("pass").select_option("0.5")
    tab.get("play").click()
    tab.await_root(playing="true")
    tab.await_root(train_step=20)
    tab.page.keyboard.press("Space")
    tab.await_root(playing="false")
    tab.page.keyboard.press("Space")
    tab.await_root(train_step=140, playing="false", settled="true")


def test_reduced_motion__draws_a_step_at_once(open_screen):
    """prefers-reduced-motion: no front, no passes."""
    tab = open_screen(reduced_motion="reduce")
    slow(tab)  # In motion, a pass of eight seconds takes dozens of frames.
    before = tab.inspect()["flow"]["frames"]
    tab.get("first").click()
    tab.await_root(train_step=0, settled="true")
    assert tab.inspect()["flow"]["frames"] - before <= 10


def test_stillness__costs_no_frames(tab):
    """Nothing is drawn while nothing changes."""

    def is_still():
        before = tab.inspect()["flow"]["frames"]
        tab.page.wait_for_timeout(1500)
        return tab.inspect()["flow"]["frames"] == before

    await_value(is_still)


def test_hover__gives_the_figures_of_the_log(tab, logs, cache_folder):
    """Arrow keys go from unit to unit; the figures are those that open_run reads at the step on view."""
    tab.get("flow-plot").focus()
    tab.page.keyboard.press("ArrowLeft")
    expect(tab.get("unit-layer")).to_have_text("5")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("ArrowDown")
    expect(tab.get("unit-name")).to_have_text("neuron 2")
    layer = tb_neuromapper.open_run(logs / "first", cache=cache_folder).gradient_flow(140).layers[-1]
    for name, value in (
        ("unit-gradient", layer.unit_gradient[2]),
        ("unit-signed", layer.unit_signed[2]),
        ("unit-activation", layer.unit_activation[2]),
    ):
        assert number_in(tab.get(name).inner_text()) == pytest.approx(value, rel=0.01)
    tab.page.keyboard.press("ArrowLeft")
    expect(tab.get("unit-layer")).to_have_text("3")
    tab.page.keyboard.press("Escape")
    expect(tab.get("flow-tooltip")).to_have_count(0)


SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def number_in(text):
    """A number as the page writes it: −1.23·10⁻⁵."""
    digits, _, power = text.replace("−", "-").partition("·10")
    return float(digits) * 10 ** int(power.translate(SUPERSCRIPTS) or 0)


def test_pointer__finds_units_and_connections(tab):
    """Under the pointer a unit tells its figures, and a line between units its weight and gradient."""
    canvas = tab.get("flow-canvas")
    pixels, box = tab.pixels(canvas).astype(int), canvas.bounding_box()
    head = tab.get("column-head").nth(3).bounding_box()
    middle = round(head["x"] + head["width"] / 2 - box["x"])
    for kind, x in (("unit", middle), ("edge", middle - 60)):
        y = int(np.abs(pixels[:, x] - pixels[2, 2]).max(axis=-1).argmax())
        tab.page.mouse.move(box["x"] + x, box["y"] + y)
        expect(tab.get("flow-tooltip")).to_have_attribute("data-kind", kind)
    expect(tab.get("link-name")).to_contain_text("→ 5")
    assert number_in(tab.get("link-gradient").inner_text()) != 0
    assert number_in(tab.get("link-weight").inner_text()) != 0


def test_unit__is_followed_through_the_steps(tab):
    """Enter pins the unit: its history is charted over all steps, its layer's distributions stand below."""
    tab.get("flow-plot").focus()
    tab.page.keyboard.press("ArrowLeft")
    tab.page.keyboard.press("Enter")
    expect(tab.get("pinned-unit")).to_have_attribute("data-layer", "5")
    expect(tab.get("history-gradient")).to_have_attribute("data-steps", str(N_STEPS))
    expect(tab.get("history-gradient").locator("canvas")).to_be_visible()
    expect(tab.get("layer-distributions")).to_contain_text("5.weight")
    expect(tab.get("distribution-gradient").locator("canvas")).to_be_visible()
    tab.get("unpin-unit").click()
    expect(tab.get("pinned-unit")).to_have_count(0)


def test_large_layer__unfolds_and_folds(tab):
    """The input shows its strongest 24 of 64 and a node for the rest; unfolded, all of them."""
    expect(tab.get("rest")).to_have_text("+ 40 more")
    tab.get("rest").click()
    expect(tab.get("column-head").first).to_contain_text("64 inputs")
    expect(tab.get("rest")).to_have_text("fold")
    tab.get("rest").click()
    expect(tab.get("column-head").first).to_contain_text("24 of 64 inputs")


def test_connections__can_be_more_or_none(tab):
    """All connections have more ink than the strongest, none has least."""
    inks = []
    background = tab.pixels(tab.get("flow-canvas"))[2, 2].astype(int)
    for limit in ("0", "50", "null"):
        before = tab.pixels(tab.get("flow-canvas"))
        tab.get("edge-limit").select_option(limit)
        await_value(lambda before=before: (tab.pixels(tab.get("flow-canvas")) != before).any())
        inks.append(np.abs(tab.pixels(tab.get("flow-canvas")) - background).sum())
    assert inks == sorted(inks)


def test_zoom__and_back(tab):
    """The wheel zooms the network; showing the whole gives the old picture back."""
    canvas = tab.get("flow-canvas")
    before = tab.pixels(canvas)
    tab.get("flow-plot").hover(position={"x": 300, "y": 100})
    tab.page.mouse.wheel(0, -400)
    await_value(lambda: (tab.pixels(canvas) != before).mean() > 0.05)
    tab.get("fit-all").click()
    tab.page.mouse.move(5, 5)
    await_value(lambda: (tab.pixels(canvas) != before).mean() < 0.002)


def test_overview__leads_to_layer_and_step(tab):
    """A row for each layer, a column for each step; a click goes there, and the figures are told."""
    chart = tab.get("overview-map")
    expect(chart).to_have_attribute("data-rows", "3")
    expect(chart).to_have_attribute("data-steps", str(N_STEPS))
    box = chart.bounding_box()
    place = {"x": box["width"] * 2.5 / N_STEPS, "y": box["height"] * 1.5 / 3}
    chart.hover(position=place)
    expect(tab.get("overview-figures")).to_contain_text("3 · step 20 · gradient norm")
    chart.click(position=place)
    tab.await_root(train_step=20)
    expect(tab.get("layer-distributions")).to_have_attribute("data-layer", "3")
    tab.get("measure").select_option("dead")
    expect(tab.get("overview-scale")).to_contain_text("100 %")
    tab.get("measure").select_option("update_ratio")
    expect(tab.get("overview-scale")).to_contain_text("change of the weights")


def test_overview__folds_the_hierarchy(open_screen):
    """Modules fold into one row, which stands for the median of their layers; keyboard and names lead there as well."""
    tab = open_screen("convolutions")
    n_rows = int(tab.get("overview-map").get_attribute("data-rows"))
    tab.get("overview-module").first.click()
    await_value(lambda: int(tab.get("overview-map").get_attribute("data-rows")) == n_rows - 2)
    expect(tab.get("overview-module").first).to_contain_text("median of 2")
    tab.get("fold-all").click()
    await_value(lambda: int(tab.get("overview-map").get_attribute("data-rows")) == n_rows)
    tab.get("fold-all").click()
    expect(tab.get("overview-map")).to_have_attribute("data-rows", "4")
    tab.get("overview-map").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowLeft", "Enter"):
        tab.page.keyboard.press(key)
    tab.await_root(train_step=4)
    expect(tab.get("layer-distributions")).to_have_attribute("data-layer", "fc")


def test_convolutions__are_columns_of_channels(open_screen):
    """Convolution, batch norm and the classifier stand in their order, channel by channel."""
    tab = open_screen("convolutions")
    heads = [head.get_attribute("data-layer") for head in tab.get("column-head").all()]
    assert heads == ["", "stem.0", "stem.1", "layer1.0", "layer1.1", "layer2.0", "layer2.1", "fc"]
    expect(tab.get("column-head").nth(1)).to_contain_text("8 channels")


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
    """While a network trains, its steps appear by themselves, and the view stays at the newest until one is chosen."""
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


def test_lost_context__comes_back(tab):
    """When the browser takes the graphics context away and gives it back, the network is drawn again."""
    canvas = tab.get("flow-canvas")
    before, frames = tab.pixels(canvas), tab.inspect()["flow"]["frames"]
    tab.evaluate(
        """() => {
          const canvas = document.querySelector("[data-testid=flow-canvas]");
          const extension = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
          canvas.addEventListener("webglcontextlost", () => setTimeout(() => extension.restoreContext()));
          extension.loseContext();
        }"""
    )
    await_value(lambda: tab.inspect()["flow"]["frames"] > frames)
    await_value(lambda: (tab.pixels(canvas) != before).mean() < 0.002)


@pytest.mark.parametrize("size", [(1920, 1080), (800, 600), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_layout__fits_its_window(open_screen, size, scheme):
    """On every size the network has room and nothing overflows sideways."""
    tab = open_screen(size=size, scheme=scheme)
    assert tab.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    box = tab.get("flow-plot").bounding_box()
    assert box["width"] > 300
    assert box["height"] > 120
    place = tab.get("flow-plot").bounding_box()
    tab.get("first").click()
    tab.await_root(train_step=0)
    assert tab.get("flow-plot").bounding_box() == place


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_gradients__are_for_everybody(open_screen, theme):
    """axe finds nothing, at any size, in light and dark, with the thresholds of the findings open."""
    tab = open_screen("convolutions")
    set_theme(tab, theme)
    tab.get("thresholds").locator("summary").click()
    for size in ((390, 844), (800, 600), (1920, 1080)):
        tab.page.set_viewport_size({"width": size[0], "height": size[1]})
        tab.await_root(settled="true")
        assert violations(tab) == []
        assert tab.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
