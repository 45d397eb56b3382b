"""The charts of the scalars screen, as tests look at them."""

import numpy as np

from tests.servers import await_value


def chart(tab, tag):
    """The chart of a tag."""
    return tab.frame.locator(f"[data-testid=scalar][data-tag='{tag}']")


def ink(tab, tag):
    """How much is drawn in a chart that has come to rest."""

    def read():
        pixels = tab.pixels(chart(tab, tag).get_by_test_id("curves")).astype(int)
        return np.abs(pixels - pixels[1, 1]).sum()

    def same_twice():
        value = read()
        return value if read() == value else None

    return await_value(same_twice)


def tags(tab):
    """The tags that have a chart, in their order."""
    return tab.frame.locator("[data-testid=scalar]").evaluate_all("all => all.map(each => each.dataset.tag)")
