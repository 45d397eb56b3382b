"""The layout's parameters: computed for real, with progress, cancelled, taken back and compared."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pixels import are_alike
from tests.logs import LogWriter, write_run
from tests.servers import await_value

CHANGES = {
    "n_neighbors": ("30", "neighbours 30"),
    "min_dist": ("0.9", "smallest distance 0.9"),
    "alignment": ("5", "alignment 5"),
    "window": ("1", "window, epochs 1"),
    "seed": ("3", "seed 3"),
    "metric": ("cosine", "metric cosine"),
}


# Looks in every frame: a picture may be there for a moment only.
NOTE_INTERMEDIATE = """() => {
  window.__intermediate = 0;
  const look = () => {
    const [block] = window.__neuromapper.inspect().blocks;
    if (block.state === "running" && block.nPoints > 0) window.__intermediate += 1;
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture
def tab(tmp_path, start_tensorboard, open_tab):
    """The tab on a small run of two blocks and six epochs, without motion."""
    write_run(tmp_path / "small", steps=range(6))
    tab = open_tab(start_tensorboard("--logdir", tmp_path), reduced_motion="reduce")
    tab.await_complete(run="small", steps=6)
    return tab


def is_like(tab, picture, index=0):
    """Whether a plot looks as in an earlier picture of it."""
    return are_alike(tab.view(index), picture, 0.001)


def open_menu(tab):
    """Open the menu of the layout unless it is open."""
    if tab.get("layout-menu-sheet").count() == 0:
        tab.get("layout-menu").click()


def enter(tab, name, value):
    """Set one parameter in the open menu, without computing."""
    field = tab.get(f"layout-{name}")
    if name in ("metric", "engine"):
        field.select_option(value)
    else:
        field.fill(value)


def compute(tab, name, value):
    """Set one parameter for all blocks and wait for the layouts."""
    open_menu(tab)
    enter(tab, name, value)
    tab.get("layout-compute").click()


def await_tried(tab, words):
    """Wait until the table names this setting, and the picture of it is complete."""
    open_menu(tab)
    expect(tab.get("tried").get_by_role("rowheader", name=words, exact=True)).to_be_visible()
    tab.await_complete(run="small", steps=6)
    tab.page.keyboard.press("Escape")
    expect(tab.get("layout-menu-sheet")).to_have_count(0)


def test_parameters__are_each_computed_for_real(tab):
    """Every parameter gives another picture than the defaults, stands in the link, and has its row of figures."""
    before = tab.view()
    for name, (value, words) in CHANGES.items():
        compute(tab, name, value)
        await_value(lambda text=f"{name}:{value}": text in tab.hash())
        await_tried(tab, words)
        await_value(lambda: not is_like(tab, before))
        open_menu(tab)
        tab.get("layout-reset").click()
        tab.page.keyboard.press("Escape")
        await_value(lambda: "layout=" not in tab.hash())
        tab.await_complete(run="small", steps=6)
    open_menu(tab)
    rows = tab.get("tried").locator("tbody tr")
    assert set(rows.locator("th").all_inner_texts()) == {"defaults", *(words for _, words in CHANGES.values())}
    for row in rows.all():
        expect(row.locator("td")).to_have_text([re.compile("%$")] * 3)
    tab.page.reload()  # A view that was drawn in is not drawn out again at once.
    tab.await_complete(run="small", steps=6)
    await_value(lambda: is_like(tab, before))


def test_parameters__may_be_one_blocks_own(tab):
    """Another setting of one block leaves the other's picture alone; a link keeps it; the previous one comes back."""
    before = [tab.view(index) for index in (0, 1)]
    open_menu(tab)
    tab.get("layout-block").select_option("output")
    compute(tab, "seed", "5")
    await_tried(tab, "seed 5")
    await_value(lambda: not is_like(tab, before[1], 1))
    await_value(lambda: is_like(tab, before[0], 0))
    tab.page.reload()
    tab.await_complete(run="small", steps=6)
    await_value(lambda: is_like(tab, before[0], 0))
    assert not is_like(tab, before[1], 1)
    open_menu(tab)
    expect(tab.get("layout-block")).to_have_value("")  # For all blocks.
    compute(tab, "min_dist", "0.5")
    await_tried(tab, "smallest distance 0.5")
    open_menu(tab)
    tab.get("layout-previous").click()
    tab.page.keyboard.press("Escape")
    await_value(lambda: "layout==output,seed:5" in tab.hash())
    tab.page.reload()
    tab.await_complete(run="small", steps=6)
    await_value(lambda: is_like(tab, before[0], 0))
    assert not is_like(tab, before[1], 1)


def test_form__refuses_what_is_not_allowed(tab):
    """A neighbourhood of one is not asked for; the field says so, and a sound value goes on."""
    open_menu(tab)
    enter(tab, "n_neighbors", "1")
    tab.get("layout-compute").click()
    assert tab.get("layout-n_neighbors").evaluate("(field) => field.validity.rangeUnderflow")
    assert "layout=" not in tab.hash()
    enter(tab, "n_neighbors", "20")
    tab.get("layout-n_neighbors").press("Enter")
    await_tried(tab, "neighbours 20")


@pytest.fixture
def long(tmp_path, start_tensorboard, open_tab):
    """The tab on a run whose layout takes some seconds, and the picture it has of it."""
    writer = LogWriter(tmp_path / "long", n=2000, n_classes=10)
    writer.probe()
    for step in range(8):
        writer.epoch(step, ["layer1"], seed=step)
    writer.close()
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(run="long", steps=8)
    return tab


def test_cancel__ends_a_computation(long):
    """While the reference engine computes, the page tells how far it is; cancelled, it says so and can go back."""
    tab = long
    compute(tab, "engine", "umap-learn")
    tab.page.keyboard.press("Escape")
    expect(tab.get("status")).to_contain_text("%")
    tab.get("cancel").click()
    await_value(lambda: {block["state"] for block in tab.inspect()["blocks"]} <= {"cancelled", "done"})
    expect(tab.get("cancel")).to_have_count(0)
    expect(tab.get("panel-state").first).to_contain_text("cancelled")
    tab.get("first").click()
    tab.await_root(step=0)
    open_menu(tab)
    tab.get("layout-previous").click()
    tab.page.keyboard.press("Escape")
    tab.await_complete(run="long", steps=8)
    expect(tab.get("panel-state").first).not_to_contain_text("cancelled")


def test_layout__moves_while_it_is_computed(long):
    """The picture goes towards the new layout before that is done: positions arrive more than once."""
    tab = long
    tab.evaluate(NOTE_INTERMEDIATE)
    compute(tab, "n_neighbors", "150")
    await_value(lambda: tab.evaluate("() => window.__intermediate") > 0)
    await_value(lambda: "n_neighbors:150" in tab.hash())
    tab.await_complete(run="long", steps=8)
