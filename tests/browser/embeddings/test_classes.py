"""The legend: colours by label, prediction, correctness, confidence, loss and movement, and a thousand classes."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.pixels import class_color, ink, rgb, share_of
from tests.logs import LogWriter
from tests.servers import await_value


@pytest.fixture
def tab(board, open_tab):
    """The tab on a finished run with outcomes, without motion, at an epoch at which the network is often wrong."""
    tab = open_tab(board, reduced_motion="reduce")
    tab.await_complete(run="first", steps=5, step=4)
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    return tab


def legend_colors(tab):
    """The colours (k, 3) that the legend names: of the classes, of right and wrong, or along the scale."""
    kind = tab.get("legend").get_attribute("data-kind")
    if kind == "class":
        return np.array([class_color(tab, index) for index in range(10)])
    if kind == "correct":
        marks = tab.get("correctness").locator("path").all()
        return np.array([rgb(mark.get_attribute("fill")) for mark in marks])
    style = tab.get("scale").locator(".nm-ramp").get_attribute("style")
    stops = np.array([rgb(color) for color in re.findall(r"#[0-9a-f]{6}", style)])
    places = np.linspace(0, len(stops) - 1, 60)
    return np.stack([np.interp(places, range(len(stops)), stops[:, part]) for part in range(3)], axis=1)


def point_colors(tab):
    """The commonest colours (k, 3) in the views: those of points, inside."""
    colors = []
    for index in range(3):
        pixels = tab.view(index)
        background = pixels[2, 2]
        values, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_counts=True)
        is_point = np.abs(values - background).max(axis=1) > 25
        order = np.argsort(-counts[is_point])[:5]
        colors.append(values[is_point][order])
    return np.concatenate(colors)


def is_in_legend(tab):
    """Whether all of the commonest colours are, but for the points' slight transparency, those of the legend."""
    distances = np.abs(point_colors(tab)[:, None] - legend_colors(tab)[None]).max(axis=2).min(axis=1)
    return (distances <= 16).all()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours__are_those_of_the_legend(tab, theme):
    """By whatever the points are coloured, in light and dark: the legend shows their colours, and the scale's ends."""
    tab.set_theme(theme)
    tab.get("next").click()
    tab.await_root(step=1, settled="true")
    kinds = {"predicted": "class", "correct": "correct", "confidence": "ramp", "loss": "ramp", "movement": "ramp"}
    for by, kind in {**kinds, "label": "class"}.items():
        tab.get("color-by").select_option(by)
        expect(tab.get("legend")).to_have_attribute("data-kind", kind)
        expect(tab.get("legend")).not_to_contain_text("not known")
        await_value(lambda: is_in_legend(tab))
        if kind == "ramp":
            low, high = tab.get("scale").locator(".nm-scale-ends span").all_inner_texts()
            assert low[:1] == "0"
            assert re.fullmatch(r"100 %|≥ [\d.]+( %)?", high)


def test_colours__by_correctness_are_those_of_the_outcomes(tab):
    """There are wrong points at the first epoch; hiding nothing, another colouring keeps what is hidden."""
    tab.get("color-by").select_option("correct")
    _, wrong = legend_colors(tab)
    await_value(lambda: share_of(tab.pixels(), wrong) > 0.0005)
    tab.get("only-3").click()
    tab.get("color-by").select_option("label")
    expect(tab.get("class-3")).to_have_attribute("aria-pressed", "true")
    expect(tab.get("class-4")).to_have_attribute("aria-pressed", "false")
    tab.page.mouse.move(300, 75)
    colors = legend_colors(tab)
    await_value(lambda: share_of(tab.pixels(), colors[3]) > 0.0005)
    assert share_of(tab.pixels(), colors[1]) == 0
    expect(tab.get("only-4")).to_have_accessible_name("Only class digit 4")


def test_movement__is_unknown_at_the_first_epoch(tab):
    """Nothing has moved before there was anything: the legend says so instead of showing a colour."""
    tab.get("color-by").select_option("loss")
    expect(tab.get("legend")).to_have_attribute("data-kind", "ramp")
    colors = legend_colors(tab)
    tab.get("color-by").select_option("movement")
    expect(tab.get("legend")).to_contain_text("movement is known from the second epoch on")
    expect(tab.get("scale")).to_have_count(0)
    await_value(lambda: (np.abs(point_colors(tab)[:, None] - colors[None]).max(axis=2).min(axis=1) > 16).all())


def test_no_class__is_told_in_the_plots(tab):
    """With all classes off an empty plot says why it is empty."""
    expect(tab.get("nothing-shown")).to_have_count(0)
    tab.get("classes-none").click()
    expect(tab.get("nothing-shown")).to_have_text(["No class is shown."] * 3)
    tab.get("class-3").click()
    expect(tab.get("nothing-shown")).to_have_count(0)


@pytest.fixture
def many(tmp_path, start_tensorboard, open_tab):
    """The tab on a run of 3,000 samples in 1,000 named classes."""
    writer = LogWriter(tmp_path / "many", n=3000, n_classes=1000)
    writer.probe()
    writer.epoch(0, ["layer1"])
    writer.close()
    tab = open_tab(start_tensorboard("--logdir", tmp_path), reduced_motion="reduce")
    tab.await_complete(run="many", steps=1)
    return tab


def test_search__finds_one_of_a_thousand_classes(many):
    """The list holds 200 and says how many more; searching finds any; only, invert and all act on all thousand."""
    tab = many
    rows = tab.get("legend").locator("li.nm-class")
    expect(rows).to_have_count(200)
    expect(tab.get("legend")).to_contain_text("800 more")
    tab.get("class-search").fill("CLASS 777")
    expect(rows).to_have_count(1)
    expect(tab.get("class-777")).to_contain_text("3")
    tab.get("only-777").focus()
    tab.page.keyboard.press("Enter")
    await_value(lambda: 0 < (tab.view() < 200).any(axis=-1).mean() < 0.002)
    tab.get("classes-invert").click()
    expect(tab.get("class-777")).to_have_attribute("aria-pressed", "false")
    tab.get("class-search").fill("")
    expect(tab.get("class-5")).to_have_attribute("aria-pressed", "true")
    await_value(lambda: (tab.view() < 200).any(axis=-1).mean() > 0.01)
    await_value(lambda: "hidden=777" in tab.hash())
    tab.get("class-search").fill("nothing")
    expect(tab.get("legend")).to_contain_text("No class is called that.")


def drawn_point(tab):
    """The ink, from 0 to 1, of the one point in the first view, in the box around what is half inked.

    Where a point lies between the pixels is a matter of chance, so pixels that it covers by less than a half are left
    out; in such a box a square of any place and size is full.
    """
    depth = ink(tab.view())
    point = depth / depth.max()
    half = point > 0.5
    return point[half.any(axis=1)][:, half.any(axis=0)]


def test_shapes__tell_classes_of_one_colour_apart(tmp_path, start_tensorboard, open_tab):
    """After twenty classes the colours come again, as squares, diamonds, triangles and crosses; discs alone before."""
    writer = LogWriter(tmp_path / "a", n=100, n_classes=100)  # Each class is one sample.
    writer.probe()
    writer.epoch(0, ["layer1"])
    writer.close()
    tab = open_tab(start_tensorboard("--logdir", tmp_path), reduced_motion="reduce")
    tab.await_complete(run="a", steps=1)
    tab.get("look-menu").click()
    tab.get("point-size").focus()
    tab.page.keyboard.press("End")
    tab.page.keyboard.press("Escape")
    filled = {}
    for index in (5, 25, 45, 65, 85):
        tab.get("class-search").fill(f"class {index}")
        tab.get(f"only-{index}").click()
        expect(tab.get(f"class-{index}")).to_have_attribute("aria-pressed", "true")
        tab.await_still()
        point = drawn_point(tab)
        half = len(point) // 2
        filled[index] = (point > 0.5).mean(), point[:half].sum() / point[-half:].sum()
    disc, square, *others = (share for share, _ in filled.values())
    assert square > 0.95 > disc > 0.7 > max(others), filled
    diamond, triangle, cross = (halves for _, halves in list(filled.values())[2:])
    assert triangle < 0.6 < min(diamond, cross), filled
