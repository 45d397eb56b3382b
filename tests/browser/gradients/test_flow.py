"""The neuron view: units and connections, the gradient's way through them, and what the pointer finds."""

import pytest
from playwright.sync_api import expect

import tb_neuromapper
from tests.browser.gradients.flow import canvas_of, fronts_of_pass, hover_column, slow
from tests.browser.pixels import ink
from tests.servers import await_value

N_STEPS = 15  # Five epochs of 29 training steps, every tenth recorded.
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def number_in(text):
    """A number as the page writes it: −1.23·10⁻⁵."""
    digits, _, power = text.replace("−", "-").partition("·10")
    return float(digits) * 10 ** int(power.translate(SUPERSCRIPTS) or 0)


def test_columns__are_the_layers_from_input_to_output(tab):
    """Every layer has a heading with its number of units, from left to right; the picture has ink of both signs."""
    heads = tab.get("column-head")
    expect(heads).to_have_count(4)
    assert [head.get_attribute("data-layer") for head in heads.all()] == ["", "1", "3", "5"]
    expect(heads.nth(1)).to_contain_text("32 neurons")
    expect(heads.nth(0)).to_contain_text("24 of 64 inputs")
    lefts = [head.bounding_box()["x"] for head in heads.all()]
    assert lefts == sorted(lefts)
    red, blue = canvas_of(tab)[:, :, [0, 2]].reshape(-1, 2).T
    assert (red > blue + 60).mean() > 0.002
    assert (blue > red + 60).mean() > 0.002


def test_scales__are_labelled_with_powers_of_ten(tab):
    """The colour bars of units and connections have numbers, and name what they show; the other look has its own."""
    for name, words in (("unit-scale", "dL/da"), ("edge-scale", "dL/dw")):
        expect(tab.get(name)).to_contain_text(words)
        low, high = (float(tab.get(name).get_attribute(f"data-{end}")) for end in ("low", "high"))
        assert 0 < low < high
        expect(tab.get(name)).to_contain_text("1")
    before = canvas_of(tab)
    tab.get("shown").select_option("value")
    expect(tab.get("unit-scale")).to_contain_text("|activation|")
    expect(tab.get("edge-scale")).to_contain_text("|weight|")
    await_value(lambda: (canvas_of(tab) != before).any())


def test_gradient__travels_from_the_output_to_the_input(open_screen):
    """Replayed, a front goes from right to left, and leaves the picture as it was."""
    tab = open_screen(with_clock=True)
    still = canvas_of(tab)
    slow(tab)
    tab.hold_clock()
    tab.get("replay").click()
    fronts = fronts_of_pass(tab, still)
    travelled = fronts[fronts.index(max(fronts)) :]  # Before it, what is ahead of the front is still fading.
    travelled = [front for front in travelled if front >= 0]
    assert len(set(travelled)) >= 3, fronts
    assert travelled == sorted(travelled, reverse=True)
    await_value(lambda: (canvas_of(tab) != still).mean() < 0.002)


def test_steps__are_stepped_by_buttons_and_keys(tab):
    """Previous, next, first and last; arrows, Home and End; each step is another picture."""
    tab.get("pass").select_option("0.5")
    newest = canvas_of(tab)
    tab.get("first").click()
    tab.await_root(train_step=0, settled="true")
    await_value(lambda: (canvas_of(tab) != newest).any())
    tab.get("next").click()
    tab.await_root(train_step=10, settled="true")
    for key, step in (("End", 140), ("ArrowLeft", 130), ("Home", 0), ("ArrowRight", 10)):
        tab.page.keyboard.press(key)
        tab.await_root(train_step=step, settled="true")
    await_value(lambda: "train=10" in tab.hash())


def test_play__goes_through_the_steps_and_stops(tab):
    """Playing starts at the first step if it is at the last; space pauses; it ends at the last."""
    slow(tab)
    tab.get("play").click()
    tab.await_root(playing="true", train_step=0)
    tab.page.keyboard.press("Space")
    tab.await_root(playing="false")
    tab.get("pass").select_option("0.5")
    tab.get("play").focus()
    tab.page.keyboard.press("Space")
    tab.await_root(train_step=140, playing="false", settled="true")


def test_reduced_motion__draws_a_step_at_once(open_screen):
    """prefers-reduced-motion: no front, no passes."""
    tab = open_screen(reduced_motion="reduce")
    slow(tab)  # In motion, a pass of eight seconds takes dozens of frames.
    before = tab.n_drawn()
    tab.get("first").click()
    tab.await_root(train_step=0, settled="true")
    assert tab.n_drawn() - before <= 10


def test_stillness__costs_no_frames(tab):
    """Nothing is drawn while nothing changes."""
    assert tab.n_drawn() > 0
    tab.await_still()


def test_hover__gives_the_figures_of_the_log(tab, logs, cache_folder):
    """Arrow keys go from unit to unit; the figures are those that open_run reads at the displayed step."""
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


def test_pointer__finds_units_and_connections(tab):
    """Under the pointer a unit tells its figures, and a line between units its weight and gradient."""
    for kind, aside in (("unit", 0), ("edge", 60)):
        tab.page.mouse.move(5, 5)
        tab.await_still()
        hover_column(tab, 3, aside=aside)
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
    for limit in ("0", "50", "null"):
        before = canvas_of(tab)
        tab.get("edge-limit").select_option(limit)
        await_value(lambda before=before: (canvas_of(tab) != before).any())
        tab.await_still()
        inks.append(ink(canvas_of(tab)).sum())
    assert inks == sorted(inks)


def test_zoom__and_back(tab):
    """The wheel zooms the network; showing the whole gives the old picture back."""
    before = canvas_of(tab)
    tab.get("flow-plot").hover(position={"x": 300, "y": 100})
    tab.page.mouse.wheel(0, -400)
    await_value(lambda: (canvas_of(tab) != before).mean() > 0.05)
    tab.get("fit-all").click()
    tab.page.mouse.move(5, 5)
    await_value(lambda: (canvas_of(tab) != before).mean() < 0.002)


def test_convolutions__are_columns_of_channels(open_screen):
    """Convolution, batch norm and the classifier stand in their order, channel by channel."""
    tab = open_screen("convolutions")
    expect(tab.get("column-head")).to_have_count(8)
    heads = [head.get_attribute("data-layer") for head in tab.get("column-head").all()]
    assert heads == ["", "stem.0", "stem.1", "layer1.0", "layer1.1", "layer2.0", "layer2.1", "fc"]
    expect(tab.get("column-head").nth(1)).to_contain_text("8 channels")


def test_lost_context__comes_back(tab):
    """When the browser takes the graphics context away and gives it back, the network is drawn again."""
    before, n_drawn = canvas_of(tab), tab.n_drawn()
    tab.evaluate(
        """() => {
          const canvas = document.querySelector("[data-testid=flow-canvas]");
          const extension = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
          canvas.addEventListener("webglcontextlost", () => setTimeout(() => extension.restoreContext()));
          extension.loseContext();
        }"""
    )
    await_value(lambda: tab.n_drawn() > n_drawn)
    await_value(lambda: (canvas_of(tab) != before).mean() < 0.002)
