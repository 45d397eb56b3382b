"""For everybody: labels for screen readers, contrast, keyboard, focus."""

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.page import MENUS
from tests.browser.pairs import open_pair
from tests.servers import await_value


@pytest.fixture
def tab(board, open_tab):
    """The tab on a finished run, without motion."""
    tab = open_tab(board, reduced_motion="reduce")
    tab.await_complete(run="first", steps=5, step=4)
    return tab


def select_some(tab):
    """Select a class and pin a sample; all that tells of them is there."""
    tab.get("select-3").focus()
    tab.page.keyboard.press("Enter")
    tab.pin(17)
    tab.get("select-nearest").first.wait_for()
    tab.await_still()


@pytest.mark.parametrize("size", [(390, 844), (800, 600), (1440, 900)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe__finds_nothing(tab, size, theme):
    """On a phone, a tablet and a desk, in light and dark: plain, with a selection, and with each menu open."""
    tab.page.set_viewport_size({"width": size[0], "height": size[1]})
    tab.set_theme(theme)
    tab.await_root(settled="true")
    found = violations(tab)
    select_some(tab)
    tab.get("color-by").select_option("loss")
    found += violations(tab)
    for menu in MENUS:
        tab.get(menu).click()
        tab.get(f"{menu}-sheet").wait_for()
        found += violations(tab)
        tab.page.keyboard.press("Escape")
    assert found == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe__finds_nothing_in_two_runs(tab, theme):
    """Nor with two runs side by side."""
    tab.set_theme(theme)
    open_pair(tab)
    tab.get("evidence").wait_for()
    assert violations(tab) == []


def test_keyboard__reaches_every_control_with_its_focus_seen(tab):
    """Tab goes through every control that is not disabled; each shows that it has the focus, and is in sight then."""
    select_some(tab)
    tab.evaluate("""() => {
      window.__reached = new Set();
      window.__unseen = [];
      document.addEventListener("focusin", ({ target }) => {
        window.__reached.add(target);
        const style = getComputedStyle(target);
        const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
        const { width, height } = target.getBoundingClientRect();
        let opacity = 1;
        for (let at = target; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
        const shows = outlined || target.type === "range";  // Of a slider the thumb is outlined.
        const isSeen = shows && opacity > 0.5 && width * height > 16;
        if (!isSeen) window.__unseen.push(target.outerHTML.slice(0, 160));
      });
      document.activeElement?.blur();
    }""")
    count = """() => [...document.querySelectorAll("button, input, select, a[href], [tabindex='0']")].filter(
      (each) => !each.disabled && each.getClientRects().length > 0)"""
    n_controls = tab.evaluate(f"() => ({count})().length")
    tab.evaluate(f"() => ({count})()[0].focus()")
    for _ in range(n_controls + 10):
        tab.page.keyboard.press("Tab")
        if not tab.evaluate("() => document.hasFocus()"):
            break
    missed = tab.evaluate(
        f"() => ({count})().filter((each) => !window.__reached.has(each)).map((each) => each.outerHTML.slice(0, 160))"
    )
    assert missed == []
    assert tab.evaluate("() => window.__unseen") == []
    slider = tab.get("epoch-slider")
    slider.focus()
    focused = tab.pixels(slider)
    tab.page.keyboard.press("Tab")
    await_value(lambda: (tab.pixels(slider) != focused).any())


def test_keyboard__works_the_menus(tab):
    """Enter opens a menu, Escape closes it and gives the focus back to its button."""
    for menu in MENUS:
        tab.get(menu).focus()
        tab.page.keyboard.press("Enter")
        expect(tab.get(menu)).to_have_attribute("aria-expanded", "true")
        tab.page.keyboard.press("Tab")
        tab.page.keyboard.press("Escape")
        expect(tab.get(menu)).to_have_attribute("aria-expanded", "false")
        expect(tab.get(menu)).to_be_focused()


def test_keyboard__does_what_the_pointer_does(tab):
    """Run, epoch, class, colour and speed are chosen with keys alone."""
    tab.get("epoch-slider").focus()
    tab.page.keyboard.press("ArrowLeft")
    tab.await_root(step=3)
    tab.get("class-3").focus()
    tab.page.keyboard.press("Space")
    expect(tab.get("class-3")).to_have_attribute("aria-pressed", "false")
    tab.await_root(playing="false")  # Space was the button's.
    tab.get("color-by").focus()
    tab.page.keyboard.press("ArrowDown")
    expect(tab.get("color-by")).to_have_value("predicted")
    tab.get("select-5").focus()
    tab.page.keyboard.press("Enter")
    tab.get("selected-sample").first.focus()
    expect(tab.get("tooltip")).to_be_visible()
    tab.page.keyboard.press("Enter")
    expect(tab.get("pinned")).to_be_visible()
    tab.get("run").focus()
    tab.page.keyboard.press("ArrowDown")
    tab.await_root(run="second")
