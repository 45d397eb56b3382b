"""The address holds the whole state."""

import numpy as np
from playwright.sync_api import expect

from tests.browser.pairs import await_pair
from tests.browser.pixels import are_alike
from tests.logs import LogWriter
from tests.servers import await_value

KEYS = ("run", "step", "hidden", "speed", "loop", "color", "fade", "views", "pin", "selected", "linked")
KEYS += ("cameras", "layout", "samples", "contours", "regions", "size", "opacity")


def await_link(tab, words):
    """The address once it holds all these words, and says all that is shown."""
    tab.page.wait_for_url(lambda url: all(word in url for word in words))
    tab.await_address()
    return tab.link()


def await_laid_out(tab, **attributes):
    """Wait until every view shows its newest layout, and the outcomes for its colours have come."""
    tab.await_root(state="ready", **attributes)
    await_value(lambda: all(each["state"] == "done" for each in tab.inspect()["blocks"]))
    expect(tab.get("cancel")).to_have_count(0)
    tab.await_root(settled="true", **attributes)
    tab.await_still()


def samples_shown(tab):
    """What the menu of the samples says."""
    tab.get("samples-menu").click()
    shown = {name: tab.get(name).input_value() for name in ("sample-size", "sample-seed")}
    shown["sample-stratified"] = tab.get("sample-stratified").is_checked()
    tab.page.keyboard.press("Escape")
    return shown


def look_shown(tab):
    """What the menu of the picture's appearance says."""
    tab.get("look-menu").click()
    shown = {name: tab.get(name).input_value() for name in ("contours", "point-size", "point-opacity")}
    shown["regions"] = tab.get("regions").is_checked()
    tab.page.keyboard.press("Escape")
    return shown


def layout_shown(tab):
    """What the menu of the layout says for all blocks and for block "4"."""
    names = ("n_neighbors", "min_dist", "alignment", "window", "seed", "metric", "engine")
    shown = {}
    tab.get("layout-menu").click()
    for block in ("", "4"):
        tab.get("layout-block").select_option(block)
        shown[block] = {name: tab.get(f"layout-{name}").input_value() for name in names}
    tab.page.keyboard.press("Escape")
    return shown


def shown(tab):
    """What the controls of the page say."""
    pressed = ("loop", "link-views", "selection-isolate", "class-3", "class-5", "class-6")
    return {
        "samples": samples_shown(tab),
        "look": look_shown(tab),
        "layout": layout_shown(tab),
        "pressed": {name: tab.get(name).get_attribute("aria-pressed") for name in pressed},
        "values": {name: tab.get(name).input_value() for name in ("run", "beside", "speed", "color-by")},
        "fade": tab.get("fade").is_checked(),
        "pinned": tab.get("pinned").get_attribute("data-row"),
        "views": [each.get_attribute("data-block") for each in tab.get("panel").all()],
        "selected": tab.inspect()["selected"],
        "blocks": [(each["name"], each["run"], each["steps"]) for each in tab.inspect()["blocks"]],
        "step": tab.attribute("step"),
    }


def set_playback(tab):
    """Another epoch, speed and loop."""
    tab.get("previous").click()
    tab.get("previous").click()
    tab.await_root(step=2, settled="true")
    tab.get("speed").select_option("4")
    tab.get("loop").click()


def set_layout(tab):
    """Other views in another order, and other layouts, one block's own among them."""
    tab.get("views-menu").click()
    tab.get("view-2").click()
    tab.frame.get_by_label("Move output forward").click()
    tab.page.keyboard.press("Escape")
    tab.get("layout-menu").click()
    tab.get("layout-n_neighbors").fill("12")
    tab.get("layout-seed").fill("3")
    tab.get("layout-compute").click()
    tab.get("layout-block").select_option("4")
    tab.get("layout-min_dist").fill("0.4")
    tab.get("layout-metric").select_option("cosine")
    tab.get("layout-compute").click()
    tab.page.keyboard.press("Escape")


def set_look(tab):
    """Contours, regions, size and opacity of the points, and which samples are drawn."""
    tab.get("look-menu").click()
    tab.get("contours").select_option("class")
    for name in ("point-size", "point-opacity"):
        tab.get(name).focus()
        tab.page.keyboard.press("ArrowRight")
    tab.get("regions").click()
    tab.page.keyboard.press("Escape")
    tab.get("samples-menu").click()
    tab.get("sample-size").fill("300")
    tab.get("sample-seed").fill("5")
    tab.get("sample-stratified").click()
    tab.page.keyboard.press("Escape")


def set_cameras(tab):
    """One view is turned, mirrored and zoomed; all are linked."""
    for name in ("rotate", "mirror"):
        tab.get(name).first.dispatch_event("click")
    plot = tab.get("plot").nth(1)
    plot.hover(position={"x": 100, "y": 100})
    tab.page.mouse.wheel(0, -300)
    tab.get("link-views").click()


def set_classes_and_selection(tab):
    """Another colour, hidden classes, an isolated selection that is shown with all again, and a pinned sample."""
    tab.get("color-by").select_option("predicted")
    for name in ("class-3", "class-5"):
        tab.get(name).click()
    tab.get("select-6").dispatch_event("click")
    tab.get("selection-isolate").click()
    tab.get("selection-isolate").click()
    tab.get("fade").click()
    tab.pin(17)
    tab.get("nearest").wait_for()
    tab.get("epoch").click()  # Away with pointer and focus.


def set_everything(tab):
    """Move every control of the screen that is not a matter of the moment."""
    set_playback(tab)
    set_layout(tab)
    set_look(tab)
    await_laid_out(tab, step=2)
    set_cameras(tab)
    set_classes_and_selection(tab)
    await_laid_out(tab, step=2)


def test_link__reopens_exactly_this_view(trained, start_tensorboard, open_tab):
    """All that can be set is the same in another window: controls, selection, cameras, layouts, picture and address."""
    server = start_tensorboard("--logdir", trained)
    tab = open_tab(server)
    tab.await_complete(run="first", steps=5, step=4)
    untouched = shown_without_pin(tab)
    set_everything(tab)
    link = await_link(tab, [f"p.neuromapper.{key}=" for key in KEYS])
    expected = shown(tab)
    changed = {key for key in untouched if untouched[key] != expected[key]}
    assert changed == set(untouched) - {"blocks"}
    other = open_tab(link)
    await_laid_out(other, run="first", step=2)
    other.get("nearest").wait_for()
    assert shown(other) == expected
    await_value(lambda: other.link() == link)
    for each in (tab, other):
        each.page.mouse.move(640, 5)
        each.await_still()
    assert are_alike(tab.pixels(), other.pixels(), 0.002)


def shown_without_pin(tab):
    """What the controls say while there is neither a pinned nor a selected sample."""
    tab.pin(0)
    tab.get("select-0").dispatch_event("click")
    state = shown(tab)
    tab.get("selection-clear").click()
    tab.get("unpin").click()
    return state


def test_link__reopens_two_runs_and_an_enlarged_view(trained, start_tensorboard, open_tab):
    """The run beside, the enlarged block and the isolated selection come back as well."""
    server = start_tensorboard("--logdir", trained)
    tab = open_tab(server)
    tab.await_complete(run="first", steps=5)
    tab.get("beside").select_option("second")
    await_pair(tab)
    tab.get("enlarge").nth(2).dispatch_event("click")
    tab.get("select-4").dispatch_event("click")
    tab.get("selection-isolate").click()
    link = await_link(tab, [f"p.neuromapper.{key}=" for key in ("beside", "large", "isolated", "selected")])
    other = open_tab(link)
    await_pair(other)
    assert [each.get_attribute("data-block") for each in other.get("panel").all()] == ["4", "4"]
    expect(other.get("selection-isolate")).to_have_attribute("aria-pressed", "true")
    assert other.inspect()["selected"] == tab.inspect()["selected"]


def test_link__says_when_a_selection_is_too_scattered_for_it(tmp_path, start_tensorboard, open_tab):
    """Thousands of scattered samples stay out of the address, and the page says so."""
    n = 14_000
    writer = LogWriter(tmp_path / "a", n=n, n_classes=2)
    writer.labels = (np.random.default_rng(0).random(n) < 0.5).astype(np.int64)
    writer.probe(**{"probe/thumbnails": np.zeros((n, 1, 1, 1), np.uint8)})
    writer.epoch(0, ["layer1"])
    writer.close()
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.get("select-1").wait_for(state="attached")
    tab.get("select-1").dispatch_event("click")
    expect(tab.get("selection-no-link")).to_contain_text("Too scattered for a link")
    tab.get("class-0").click()
    assert "selected=" not in await_link(tab, ["hidden=0"])
