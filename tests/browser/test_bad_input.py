"""What goes wrong is reported as a message, and the rest keeps working."""

import shutil

import numpy as np
from playwright.sync_api import expect

from tests.browser.pixels import class_color, ink, share_of
from tests.logs import LogWriter, write_run
from tests.servers import await_value

NO_WEBGL2 = """
const original = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === "webgl2" ? null : original.call(this, kind, ...rest);
};
"""


def has_points(tab, index=0):
    """Whether anything is drawn in a plot."""
    return (ink(tab.view(index)) > 60).any()


def test_no_webgl__is_told(board, open_tab):
    """A browser without WebGL 2 gets a sentence that says what to do, and all that needs none: runs, other screens."""
    tab = open_tab(board, script=NO_WEBGL2)
    tab.await_root(state="error")
    expect(tab.get("no-webgl")).to_contain_text("hardware acceleration")
    tab.get("run").select_option("second")
    tab.await_root(state="error", run="second")
    tab.get("screen-scalars").click()
    tab.await_root(screen="scalars", state="ready")
    expect(tab.get("scalar").first).to_be_visible()
    tab.get("screen-embeddings").click()
    expect(tab.get("no-webgl")).to_be_visible()


def test_lost_context__is_told_and_comes_back(board, open_tab):
    """The browser may take the graphics away: the page says so, goes on, and draws again once it has them back."""
    tab = open_tab(board, reduced_motion="reduce")
    tab.await_complete(run="first", step=4)
    tab.evaluate("""() => {
      const gl = document.querySelector("[data-testid=canvas]").getContext("webgl2");
      window.__loss = gl.getExtension("WEBGL_lose_context");
      window.__loss.loseContext();
    }""")
    expect(tab.get("interrupted")).to_contain_text("graphics card")
    tab.get("first").click()
    tab.await_root(step=0)
    tab.evaluate("() => window.__loss.restoreContext()")
    expect(tab.get("interrupted")).to_have_count(0)
    tab.await_root(step=0, settled="true")
    await_value(lambda: all(has_points(tab, index) for index in range(3)))
    color = class_color(tab, 0)
    await_value(lambda: share_of(tab.pixels(), color) > 0.0005)


def test_failed_job__says_why_in_its_view(tmp_path, start_tensorboard, open_tab):
    """A block that cannot be laid out has a sentence in place of points, and can be asked for again; others work."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    rng = np.random.default_rng(0)
    for step in range(2):
        good = (rng.normal(size=(60, 8)) + writer.labels[:, None] * 5).astype(np.float16)
        bad = np.full((60, 8), np.nan, np.float16)
        writer.record("activations", step, {"activations/good": good, "activations/bad": bad}, {})
    writer.close()
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_root(state="ready", step=1)
    expect(tab.get("plot-words")).to_contain_text("finite")
    expect(tab.get("panel").nth(0)).to_have_attribute("data-block", "good")
    await_value(lambda: has_points(tab, 0))
    tab.get("plot-words").get_by_role("button").click()
    expect(tab.get("plot-words")).to_contain_text("finite")
    tab.get("first").click()
    tab.await_root(step=0)


def test_deleted_run__is_told_and_another_shown(tmp_path, start_tensorboard, open_tab):
    """When the displayed run is deleted, the page names it and shows what is left, or with nothing left what to add."""
    for name in ("a", "b"):
        write_run(tmp_path / name, steps=[0, 1])
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(run="a", steps=2)
    tab.get("run").select_option("b")
    tab.await_complete(run="b", steps=2)
    tab.expected_errors += ["/neuromapper/"]  # The browser reports each answer that is not a 200.
    shutil.rmtree(tmp_path / "b")
    tab.await_root(run="a", settled="true")
    expect(tab.get("failure")).to_contain_text("The run b is not in")
    expect(tab.get("failure")).to_contain_text("Showing a instead.")
    tab.get("failure").get_by_role("button").click()
    tab.get("first").click()
    tab.await_root(run="a", step=0, settled="true")
    shutil.rmtree(tmp_path / "a")
    tab.await_root(state="empty")
    expect(tab.get("lines-to-add")).to_be_visible()


def test_million_classes__are_those_that_occur(tmp_path, start_tensorboard, open_tab):
    """Labels may be any numbers: the legend lists those that samples have, and hides and shows them at once."""
    writer = LogWriter(tmp_path / "a")
    labels = np.where(np.arange(60) % 3 == 0, 1_000_000, np.arange(60) % 3).astype(np.int64)
    tensors = {"probe/ids": np.arange(60), "probe/labels": labels}
    writer.record("probe", 0, tensors, {"n_samples": 60})
    writer.epoch(0)
    writer.close()
    tab = open_tab(start_tensorboard("--logdir", tmp_path), reduced_motion="reduce")
    tab.await_complete(steps=1)
    rows = tab.get("legend").locator("li.nm-class")
    expect(rows).to_have_count(3)
    color = class_color(tab, 1000000)
    await_value(lambda: share_of(tab.pixels(), color) > 0.0005)
    tab.get("only-1000000").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.get("class-1")).to_have_attribute("aria-pressed", "false")
    tab.get("classes-invert").click()
    await_value(lambda: share_of(tab.pixels(), color) == 0)
    await_value(lambda: "hidden=1000000" in tab.hash())
    tab.page.reload()
    tab.await_complete(steps=1)
    expect(tab.get("class-1000000")).to_have_attribute("aria-pressed", "false")
    expect(tab.get("class-1")).to_have_attribute("aria-pressed", "true")


def test_no_thumbnails__leave_the_words(tmp_path, start_tensorboard, open_tab):
    """Samples without pictures are identified by id, label and description; the selection lists their ids."""
    writer = LogWriter(tmp_path / "a")
    words = [f"sentence number {row}" for row in range(60)]
    tensors = {"probe/ids": np.arange(60), "probe/labels": writer.labels, "probe/descriptions": words}
    writer.record("probe", 0, tensors, {"n_samples": 60})
    writer.epoch(0)
    writer.close()
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(steps=1)
    tab.pin(17)
    expect(tab.get("pinned")).to_contain_text("sentence number 17")
    expect(tab.get("thumbnail")).to_have_count(0)
    tab.get("select-1").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.get("selected-sample").first).to_have_text("1")


def test_one_sample__is_shown(tmp_path, start_tensorboard, open_tab):
    """A probe of a single sample is one point with its words, at every epoch."""
    write_run(tmp_path / "a", n=1, n_classes=1)
    tab = open_tab(start_tensorboard("--logdir", tmp_path), reduced_motion="reduce")
    tab.await_complete(steps=3, step=2)
    expect(tab.get("status")).to_contain_text("1 sample ")
    expect(tab.get("panel-state").first).to_have_text("trust – · kept –")
    expect(tab.get("quality-words")).to_contain_text("trustworthiness –")
    await_value(lambda: has_points(tab))
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    await_value(lambda: has_points(tab))
    tab.pin(0)
    expect(tab.get("pinned")).to_contain_text("class 0")
