"""The address holds the whole state, and survives nonsense."""

from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.logs import LogWriter
from tests.servers import await_value

KEYS = ("run", "step", "hidden", "speed", "loop", "color", "fade", "views", "pin", "selected", "linked")
KEYS += ("cameras", "layout", "samples", "contours", "regions", "size", "opacity")


def link_to(server, **state):
    """A link with these keys, escaped as the page does it."""
    keys = "".join(f"&p.neuromapper.{key}={quote(value, safe='')}" for key, value in state.items())
    return f"{server.url}#neuromapper{keys}"


def await_link(tab, words):
    """The address once it holds all these words."""
    tab.page.wait_for_url(lambda url: all(word in url for word in words))
    return tab.page.url


def await_laid_out(tab, **attributes):
    """Wait until every view shows its newest layout, and the outcomes for its colours have come."""
    tab.await_root(state="ready", **attributes)
    await_value(lambda: all(each["state"] == "done" for each in tab.inspect()["blocks"]))
    expect(tab.get("cancel")).to_have_count(0)
    tab.await_root(settled="true", **attributes)
    tab.await_still()


def shown(tab):
    """What the controls of the page say."""
    tab.get("samples-menu").click()
    samples = {name: tab.get(name).input_value() for name in ("sample-size", "sample-seed")}
    samples["sample-stratified"] = tab.get("sample-stratified").is_checked()
    tab.page.keyboard.press("Escape")
    tab.get("look-menu").click()
    look = {name: tab.get(name).input_value() for name in ("contours", "point-size", "point-opacity")}
    look["regions"] = tab.get("regions").is_checked()
    tab.page.keyboard.press("Escape")
    tab.get("layout-menu").click()
    layout = {}
    for block in ("", "4"):
        tab.get("layout-block").select_option(block)
        names = ("n_neighbors", "min_dist", "alignment", "window", "seed", "metric", "engine")
        layout[block] = {name: tab.get(f"layout-{name}").input_value() for name in names}
    tab.page.keyboard.press("Escape")
    pressed = {
        name: tab.get(name).get_attribute("aria-pressed")
        for name in ("loop", "link-views", "selection-isolate", "class-3", "class-5", "class-6")
    }
    return {
        "samples": samples,
        "look": look,
        "layout": layout,
        "pressed": pressed,
        "values": {name: tab.get(name).input_value() for name in ("run", "beside", "speed", "color-by")},
        "fade": tab.get("fade").is_checked(),
        "pinned": tab.get("pinned").get_attribute("data-row"),
        "views": [each.get_attribute("data-block") for each in tab.get("panel").all()],
        "selected": tab.inspect()["selected"],
        "blocks": [(each["name"], each["run"], each["steps"]) for each in tab.inspect()["blocks"]],
        "step": tab.attribute("step"),
    }


def set_everything(tab):
    """Move every control of the screen that is not a matter of the moment."""
    tab.get("previous").click()
    tab.get("previous").click()
    tab.await_root(step=2, settled="true")
    tab.get("speed").select_option("4")
    tab.get("loop").click()
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
    await_laid_out(tab, step=2)
    for name in ("rotate", "mirror"):
        tab.get(name).first.dispatch_event("click")
    plot = tab.get("plot").nth(1)
    plot.hover(position={"x": 100, "y": 100})
    tab.page.mouse.wheel(0, -300)
    tab.get("link-views").click()
    tab.get("color-by").select_option("predicted")
    for name in ("class-3", "class-5"):
        tab.get(name).click()
    tab.get("select-6").dispatch_event("click")
    tab.get("selection-isolate").click()
    tab.get("selection-isolate").click()
    tab.get("fade").click()
    tab.get("sample-search").fill("17")
    tab.get("sample-search").press("Enter")
    tab.get("nearest").wait_for()
    tab.get("epoch").click()  # Away with pointer and focus.


def test_link__reopens_exactly_this_view(trained, start_tensorboard, open_tab):
    """All that can be set is the same in another window: controls, selection, cameras, layouts, picture and address."""
    server = start_tensorboard("--logdir", trained)
    tab = open_tab(server)
    tab.await_complete(run="first", steps=5, step=4)
    untouched = shown_without_pin(tab)
    set_everything(tab)
    await_laid_out(tab, step=2)
    link = await_link(tab, [f"p.neuromapper.{key}=" for key in KEYS])
    expected = shown(tab)
    changed = {key for key in untouched if untouched[key] != expected[key]}
    assert changed == set(untouched) - {"blocks"}
    other = open_tab(link)
    await_laid_out(other, run="first", step=2)
    other.get("nearest").wait_for()
    assert shown(other) == expected
    other.page.wait_for_url(link)
    for each in (tab, other):
        each.page.mouse.move(640, 5)
        each.await_still()
    difference = np.abs(tab.pixels().astype(int) - other.pixels().astype(int)).max(axis=-1)
    assert (difference > 60).mean() < 0.002


def shown_without_pin(tab):
    """What the controls say while there is neither a pinned nor a selected sample."""
    tab.get("sample-search").fill("0")
    tab.get("sample-search").press("Enter")
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
    await_value(lambda: {block["run"] for block in tab.inspect()["blocks"]} == {"first", "second"})
    tab.get("enlarge").nth(2).dispatch_event("click")
    tab.get("select-4").dispatch_event("click")
    tab.get("selection-isolate").click()
    link = await_link(tab, [f"p.neuromapper.{key}=" for key in ("beside", "large", "isolated", "selected")])
    other = open_tab(link)
    other.await_root(state="ready", run="first")
    await_value(lambda: {block["run"] for block in other.inspect()["blocks"]} == {"first", "second"})
    other.await_root(settled="true")
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


NONSENSE = {
    "run": ["nowhere", "%00", "__proto__"],
    "beside": ["nowhere", "first", "<script>"],
    "step": ["-1", "999999999", "1e9", "NaN"],
    "hidden": ["0-9999999", ".".join(["0-999999"] * 50), "x", "-"],
    "speed": ["-4", "1e400"],
    "loop": ["2"],
    "color": ["metadata:nothing", "metadata:__proto__", "toString", "x"],
    "fade": ["yes"],
    "contours": ["toString", "all,class"],
    "regions": ["2", "x"],
    "size": ["-1", "1e400", "x"],
    "opacity": ["NaN", "-0", "999"],
    "views": ["nothing", "%25", ",,,", "toString,__proto__"],
    "large": ["nothing", "constructor"],
    "pin": ["-1", "999999999999999", "1.5"],
    "selected": ["r9zzzz", "b0.____", "rzzzzz.zzzzz", "x"],
    "isolated": ["1"],
    "linked": ["1"],
    "cameras": ["__proto__,1_1_1_1_1", "2,0_0_1_1e308_1", "2,NaN", "2", "2,0_0_1e9_0_0"],
    "layout": ["=,n_neighbors:-5 metric:x", "=2,seed:1e99", "n_neighbors", "=__proto__,n_neighbors:16"],
    "samples": ["999999999_999999999_1", "0_0_0", "-1_2_3", "x"],
}


def test_link__says_what_of_it_could_not_be_used(board, open_tab):
    """One sentence names the parts, without a sense or not in the run, and the address loses them."""
    nonsense = {"step": "99999", "pin": "-7", "speed": "-4", "color": "foo", "views": "zzz", "layout": "abc:::"}
    tab = open_tab(link_to(board, beside="nonsense", samples="abc", selected="b2.zzzz$$", **nonsense))
    tab.await_complete(run="first", steps=5)
    expect(tab.get("failure")).to_contain_text("The run nonsense is not in")
    expect(tab.get("failure")).to_contain_text(
        "The link's samples, selected, pin, speed, color, layout, step and views could not be used."
    )
    words = [*nonsense.values(), "nonsense", "=abc", "b2.zzzz"]
    await_value(lambda: not any(word in tab.hash() for word in words))


@pytest.mark.parametrize("place", range(4))
def test_link__with_nonsense_everywhere_works(trained, start_tensorboard, open_tab, place):
    """Whatever a link says, the page shows points and its console no error."""
    server = start_tensorboard("--logdir", trained)
    state = {key: values[place % len(values)] for key, values in NONSENSE.items()}
    tab = open_tab(link_to(server, **state))
    tab.await_complete(run="first", steps=5)
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    assert {block["nPoints"] for block in tab.inspect()["blocks"]} == {400}
    tab.get("run").select_option("second")
    tab.await_complete(run="second", steps=3)


def test_link__with_one_nonsense_works(trained, start_tensorboard, open_tab):
    """Each kind of nonsense by itself, written into the address of an open page: it is as if it were not there."""
    server = start_tensorboard("--logdir", trained)
    tab = open_tab(server)
    tab.await_complete(run="first", steps=5, step=4)
    nonsense = [(key, value) for key, values in NONSENSE.items() for value in values]
    for number, (key, value) in enumerate(nonsense):
        sane = {"color": "loss"} if key == "speed" else {"speed": "8" if number % 2 else "4"}
        tab.page.evaluate("link => { location.href = link; }", link_to(server, **sane, **{key: value}))
        control = "color-by" if key == "speed" else "speed"
        expect(tab.get(control)).to_have_value(next(iter(sane.values())))
        tab.await_complete(run="first", steps=5)
        assert {block["nPoints"] for block in tab.inspect()["blocks"]} == {400}, (key, value)
        assert tab.attribute("step") in "01234", (key, value)
