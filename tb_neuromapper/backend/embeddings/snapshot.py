"""The layout of a projection that can be shown now: its positions, and what a client is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tb_neuromapper.backend.cache import FloatArray, StoredLayout
from tb_neuromapper.backend.embeddings.run_pairs import Pair
from tb_neuromapper.backend.embeddings.view import Extent, bounds, extent_around
from tb_neuromapper.backend.jobs.job_folder import live_positions


@dataclass(frozen=True)
class Picture:
    """The layout that can be shown now.

    Attributes:
        steps: Ascending.
        tokens: Per step something that differs between any two contents.
        layout: A finished layout, or the job folder and version of an intermediate one.
    """

    steps: tuple[int, ...] = ()
    tokens: tuple[str, ...] = ()
    layout: StoredLayout | tuple[Path, int] | None = None

    def positions(self, step: int) -> FloatArray:
        """float32 (n, 2).

        Raises:
            OSError: The file has been replaced or removed since.
        """
        index = self.steps.index(step)
        if isinstance(self.layout, tuple):
            live: FloatArray = live_positions(*self.layout)[index]
            return live
        assert self.layout is not None
        return self.layout.positions(index)


@dataclass(frozen=True)
class SidePicture(Picture):
    """One run's part of a pair's picture, its samples in the first run's rows.

    Attributes:
        whole: The pair's picture.
        numbers: Per step its number in the pair's picture.
        pair: Tells the rows.
    """

    whole: Picture = field(default_factory=Picture)
    numbers: tuple[int, ...] = ()
    pair: Pair | None = None

    def positions(self, step: int) -> FloatArray:
        assert self.pair is not None
        return self.pair.spread_out(self.common_positions(step))

    def common_positions(self, step: int) -> FloatArray:
        """float32 (n_common, 2): of the samples that both runs have."""
        return self.whole.positions(self.numbers[self.steps.index(step)])


@dataclass(frozen=True)
class Shown:
    """What a client may see, replaced as a whole so that no request reads half of an old and half of a new one.

    Attributes:
        picture: The layout.
        extent: One for all its steps.
        revisions: Per step its token and its revision.
        boxes: Per token the box around its positions.
        qualities: Per token the measured quality, where it is known.
    """

    picture: Picture = field(default_factory=Picture)
    extent: Extent | None = None
    revisions: dict[int, tuple[str, int]] = field(default_factory=dict)
    boxes: dict[str, Extent | None] = field(default_factory=dict)
    qualities: dict[str, dict[str, Any]] = field(default_factory=dict)


def show(picture: Picture, before: Shown, revisions: Iterator[int]) -> Shown:
    """What a client may see of a picture that has replaced the one before.

    Args:
        picture: The new picture.
        before: What was shown; of contents that stay nothing is read again.
        revisions: Numbers for contents that are new, or that lie in another extent.

    Raises:
        OSError, EOFError, ValueError: Its positions cannot be read, or no longer.
    """
    is_new = picture.tokens != before.picture.tokens or picture.steps != before.picture.steps
    if not is_new and len(before.qualities) == len(picture.tokens):
        return before
    boxes = {
        token: before.boxes[token] if token in before.boxes else bounds(picture.positions(step))
        for step, token in zip(picture.steps, picture.tokens, strict=True)
    }
    extent = extent_around(list(boxes.values()), before.extent)
    kept = before.revisions if extent == before.extent else {}
    numbered = {
        step: kept[step] if kept.get(step, ("",))[0] == token else (token, next(revisions))
        for step, token in zip(picture.steps, picture.tokens, strict=True)
    }
    qualities = _read_qualities(picture, before.qualities)
    return Shown(picture, extent if picture.steps else before.extent, numbered, boxes, qualities)


def _read_qualities(picture: Picture, known: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Per token the quality of a finished layout's step; what is known is not read again."""
    if not isinstance(picture.layout, StoredLayout):
        return {}
    if all(token in known for token in picture.tokens):
        return {token: known[token] for token in picture.tokens}
    first_unknown = next(index for index, token in enumerate(picture.tokens) if token not in known)
    found = picture.layout.qualities(first_unknown)
    measured = {token: quality for token, quality in zip(picture.tokens[first_unknown:], found, strict=True) if quality}
    return {token: known[token] for token in picture.tokens if token in known} | measured
