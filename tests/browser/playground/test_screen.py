"""The playground as a user meets it: shape a network, train it, watch it, stop it."""

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.page import link_to
from tests.servers import await_value


@pytest.fixture
def server(tmp_path, start_tensorboard):
    """A TensorBoard with the playground on, over an empty log directory."""
    return start_tensorboard("--logdir", tmp_path, "--neuromapper_playground")


@pytest.fixture
def tab(server, open_tab):
    """The playground, reached from the page that has no run to show."""
    tab = open_tab(server)
    tab.get("open-playground").click()
    tab.await_root(screen="playground", state="ready", settled="true")
    return tab


def training(tab, run, **attributes):
    """The training of a run in the list, with these data attributes."""
    conditions = "".join(f'[data-{name}="{value}"]' for name, value in attributes.items())
    return tab.frame.locator(f'[data-testid=training][data-run="{run}"]{conditions}')


def test_playground__has_no_tab_where_it_is_off(trained, start_tensorboard, open_tab):
    """Without the flag nothing offers a training, and a link to the screen says how to switch it on."""
    server = start_tensorboard("--logdir", trained)
    tab = open_tab(server)
    tab.await_root(state="ready")
    expect(tab.get("screen-playground")).to_have_count(0)
    linked = open_tab(link_to(server, screen="playground"))
    expect(linked.get("playground-off")).to_contain_text("--neuromapper_playground")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_playground__is_for_everybody(tab, theme):
    """Nothing is found by axe, on a phone and on a desk, with a field that is wrong and with a training in the list."""
    tab.set_theme(theme)
    tab.get("field-data").select_option("moons")
    tab.get("field-n_epochs").fill("1")
    tab.get("start-training").click()
    tab.await_root(run="moons-64-32")
    tab.get("screen-playground").click()
    training(tab, "moons-64-32", state="done").wait_for()
    tab.get("layer-1").fill("0")
    for size in ((390, 844), (1440, 900)):
        tab.page.set_viewport_size({"width": size[0], "height": size[1]})
        assert violations(tab) == []


def test_training__is_started_shown_and_stopped(tab, server):
    """The page goes to the new run and follows it; the foot of each screen tells how far it is and stops it."""
    tab.get("remove-layer-2").click()
    expect(tab.get("remove-layer-1")).to_be_focused()
    tab.get("layer-1").fill("12")
    tab.get("field-data").select_option("moons")
    tab.get("field-n_epochs").fill("500")
    tab.get("field-batch_size").fill("1")
    expect(tab.get("network")).to_contain_text("2 inputs, hidden layer of 12 units, 2 classes: 62 weights and biases")
    tab.get("start-training").click()
    tab.await_root(screen="gradients", run="moons-12")
    expect(tab.get("training-now")).to_contain_text("training moons-12: epoch")
    tab.get("screen-embeddings").click()
    tab.await_root(screen="embeddings", run="moons-12", state="ready")
    await_value(lambda: int(tab.attribute("logged-steps")) >= 3)
    tab.get("stop-now").click()
    expect(tab.get("training-now")).to_have_count(0)
    tab.get("screen-playground").click()
    expect(training(tab, "moons-12", state="stopped")).to_contain_text("are kept")
    tab.get("show-training").click()
    tab.await_root(screen="gradients", run="moons-12")
    (training_here,) = server.json("trainings")["trainings"]
    assert training_here["parameters"]["hidden"] == [12]
    assert training_here["parameters"]["data"] == "moons"


def test_training__survives_a_reload_of_the_page(tab):
    """The page may be closed; who opens it again finds the training under way, and stops it."""
    tab.get("field-n_epochs").fill("500")
    tab.get("field-batch_size").fill("1")
    tab.get("start-training").click()
    tab.await_root(screen="gradients", run="digits-64-32")
    await_value(lambda: "screen=gradients" in tab.hash())
    tab.page.reload()
    tab.get("training-now").wait_for()
    expect(tab.get("training-now")).to_contain_text("training digits-64-32")
    tab.get("stop-now").click()
    expect(tab.get("training-now")).to_have_count(0)


def test_form__says_what_is_wrong_beside_the_field(tab):
    """Each field has its words; while one is wrong nothing can be started; the defaults bring all back."""
    tab.get("add-layer").click()
    for field, text, words in (
        ("layer-3", "0", "Layer 3: give a whole number from 1 to 1024."),
        ("field-learning_rate", "fast", "Give a number from 1e-8 to 1000."),
        ("field-batch_size", "0.5", "Give a whole number from 1 to 1024."),
        ("field-name", "../x", "Give at most 64 of"),
    ):
        tab.get(field).fill(text)
        words_id = f"words-{field.removeprefix('field-')}" if field.startswith("field") else "words-hidden"
        expect(tab.get(words_id)).to_contain_text(words)
        expect(tab.get(field)).to_have_attribute("aria-invalid", "true")
        expect(tab.get("start-training")).to_be_disabled()
    tab.get("reset-training").click()
    expect(tab.get("start-training")).to_be_enabled()
    tab.get("field-data").select_option("mnist")
    expect(tab.get("words-data")).to_contain_text("MNIST is not in")
    expect(tab.get("start-training")).to_be_disabled()


def test_form__tells_a_training_that_failed(tab):
    """A learning rate that lets the loss explode: the training says so, with advice, on whatever screen."""
    tab.get("field-activation").select_option("identity")
    tab.get("field-initialization").select_option("large")
    tab.get("field-learning_rate").fill("1000")
    tab.get("field-name").fill("exploded")
    tab.get("start-training").click()
    failure = tab.frame.locator("[data-testid=failure], [data-testid=training][data-state=failed]")
    expect(failure.first).to_contain_text("try a learning rate below 1000")


def test_form__works_with_the_keyboard(tab):
    """A layer is added and removed, and a training started, without a pointer."""
    tab.get("add-layer").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.get("layer-3")).to_have_value("32")
    tab.get("remove-layer-3").focus()
    tab.page.keyboard.press("Space")
    expect(tab.get("remove-layer-2")).to_be_focused()
    tab.get("field-n_epochs").fill("1")
    tab.page.keyboard.press("Enter")
    tab.await_root(screen="gradients", run="digits-64-32")


@pytest.mark.parametrize("width", [390, 800, 1280, 1920])
def test_form__fits_its_width(server, open_tab, width):
    """Nothing is cut off at the right, on a phone and on a wide screen."""
    tab = open_tab(server, size=(width, 900))
    tab.get("open-playground").click()
    tab.get("start-training").wait_for()
    overflow = tab.evaluate(
        "() => { const box = document.querySelector('[data-testid=playground]');"
        " return box.scrollWidth - box.clientWidth }"
    )
    assert overflow <= 0
