"""What pictures of the page show: colours, points, and whether two are alike. Pixels are arrays (h, w, 3)."""

import re

import numpy as np
from scipy import ndimage


def rgb(css):
    """A CSS colour #rrggbb as three numbers."""
    match = re.fullmatch(r"#(..)(..)(..)", css)
    assert match, css
    return np.array([int(part, 16) for part in match.groups()])


def class_color(tab, index):
    """The colour (3,) that the legend gives a class."""
    return rgb(tab.get(f"class-{index}").get_attribute("data-color"))


def share_of(pixels, color, tolerance=12):
    """The share of pixels that have a colour."""
    return (np.abs(pixels.astype(int) - color).max(axis=-1) <= tolerance).mean()


def ink(pixels):
    """How far each pixel is from the ground, which is that of the pixel (8, 8): (h, w)."""
    return np.abs(pixels.astype(int) - pixels[8, 8].astype(int)).max(axis=-1)


def spots(pixels, n):
    """Places {x, y} inside of n points of a plot, spread over it; places at the edge of a point are left out."""
    inside = ndimage.binary_erosion(ink(pixels) > 60)
    rows, columns = np.nonzero(inside[10:-10, 10:-10])
    assert len(rows) > 0, "no points"
    places = [len(rows) * (part + 1) // (n + 1) for part in range(n)]
    return [{"x": float(columns[place] + 10), "y": float(rows[place] + 10)} for place in places]


def hover_a_point(tab, plot):
    """Put the pointer on a sample of a plot and await its description; returns the place {x, y}."""
    (place,) = spots(tab.pixels(plot), 1)
    plot.hover(position=place)
    tab.get("tooltip").wait_for()
    return place


def are_alike(picture, other, tolerance=0.003):
    """Whether two pictures clearly differ in no more than this share of their pixels."""
    return (np.abs(picture.astype(int) - other).max(axis=-1) > 60).mean() < tolerance


def ink_by_strip(pixels):
    """How much is drawn in each strip of 20 columns of pixels."""
    columns = np.abs(pixels.astype(int) - pixels[2, 2].astype(int)).sum(axis=(0, 2))
    return columns[: len(columns) // 20 * 20].reshape(-1, 20).sum(axis=1)


def front_of(pixels, still):
    """The last strip that is much paler than at rest: the front has passed all that is right of it; -1 at rest."""
    pale = np.nonzero(ink_by_strip(pixels) < 0.6 * ink_by_strip(still))[0]
    return int(pale.max()) if len(pale) else -1
