"""Links that make no sense, or name what the run does not have."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.page import link_to
from tests.servers import await_value

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


def await_all_points(tab):
    """Wait until every view has all samples."""
    await_value(lambda: {block["nPoints"] for block in tab.inspect()["blocks"]} == {400})


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
    await_all_points(tab)
    tab.get("run").select_option("second")
    tab.await_complete(run="second", steps=3)


def test_link__with_one_nonsense_works(trained, start_tensorboard, open_tab):
    """Each kind of nonsense alone, written into the address of an open page: the page ignores it."""
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
        await_all_points(tab)
        expect(tab.root(), f"{key}={value}").to_have_attribute("data-step", re.compile("^[0-4]$"))
