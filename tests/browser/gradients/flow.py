"""The neuron view, as tests look at it."""

import numpy as np

from tests.browser.pixels import front_of
from tests.servers import await_value


def slow(tab):
    """Let a pass take so long that several pictures of it can be taken."""
    tab.get("pass").select_option("8")


def canvas_of(tab):
    """The pixels (h, w, 3) of the neuron view."""
    return tab.pixels(tab.get("flow-canvas")).astype(int)


def fronts_of_pass(tab, still):
    """Where the front is (see `front_of`) after every 0.8 s of a pass that has been started; the clock is held."""
    fronts = []

    def is_over():
        tab.page.clock.run_for(800)
        fronts.append(front_of(canvas_of(tab), still))
        return tab.attribute("settled") == "true"

    await_value(is_over)
    tab.page.clock.resume()
    return fronts


def hover_column(tab, index, *, aside=0):
    """Put the pointer on the strongest mark in a column of units, or `aside` pixels left of it, on a connection."""
    pixels, box = canvas_of(tab), tab.get("flow-canvas").bounding_box()
    head = tab.get("column-head").nth(index).bounding_box()
    x = round(head["x"] + head["width"] / 2 - box["x"]) - aside
    y = int(np.abs(pixels[:, x] - pixels[2, 2]).max(axis=-1).argmax())
    tab.page.mouse.move(box["x"] + x, box["y"] + y)
