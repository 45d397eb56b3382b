"""A projection's layout as it is at one moment: its positions, and what a client may see of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tb_neuromapper.backend.cache import FloatArray, StoredLayout
from tb_neuromapper.backend.embeddings.run_pairs import RunPair
from tb_neuromapper.backend.embeddings.view import Extent, bounds, extent_around
from tb_neuromapper.backend.jobs.job_folder import live_positions


@dataclass(frozen=True)
class LayoutSnapshot:
    """The newest layout of a projection, finished or intermediate.

    Attributes:
        steps: The epochs, ascending; of two runs in one space the numbers of their slices.
        tokens: Per step something that differs between any two contents.
        layout: A finished layout, or the job folder and version of an intermediate one; None without steps.
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
class PairSideSnapshot(LayoutSnapshot):
    """One run's side of the layout of a pair, its samples in the first run's rows.

    Attributes:
        whole: The pair's layout.
        numbers: Per step the number of its slice in the pair's layout.
        pair: Says in which rows the common samples are.
    """

    whole: LayoutSnapshot = field(default_factory=LayoutSnapshot)
    numbers: tuple[int, ...] = ()
    pair: RunPair | None = None

    def positions(self, step: int) -> FloatArray:
        """float32 (n, 2) of the first run's n samples; NaN for those that the other run does not have.

        Raises:
            OSError: The file has been replaced or removed since.
        """
        assert self.pair is not None
        return self.pair.scatter_to_rows(self.common_positions(step))

    def common_positions(self, step: int) -> FloatArray:
        """float32 (n_common, 2), of the samples that both runs have.

        Raises:
            OSError: The file has been replaced or removed since.
        """
        return self.whole.positions(self.numbers[self.steps.index(step)])


@dataclass(frozen=True)
class PublishedLayout:
    """What a client may see, replaced as a whole so that no request reads half of an old and half of a new one.

    Attributes:
        snapshot: The layout.
        extent: One for all its steps, in the layout's coordinates; None before the first.
        revisions: Per step its token and its revision.
        boxes: Per token the box around its positions.
        qualities: Per token the measured quality, where it is known.
    """

    snapshot: LayoutSnapshot = field(default_factory=LayoutSnapshot)
    extent: Extent | None = None
    revisions: dict[int, tuple[str, int]] = field(default_factory=dict)
    boxes: dict[str, Extent | None] = field(default_factory=dict)
    qualities: dict[str, dict[str, Any]] = field(default_factory=dict)


def publish(snapshot: LayoutSnapshot, before: PublishedLayout, revisions: Iterator[int]) -> PublishedLayout:
    """What a client may see of a layout.

    Args:
        snapshot: The layout as it is now.
        before: What was published; contents that stay are not read again.
        revisions: Numbers for contents that are new, or that lie in another extent.

    Raises:
        OSError, EOFError, ValueError: Its positions cannot be read, or no longer.
    """
    is_new = snapshot.tokens != before.snapshot.tokens or snapshot.steps != before.snapshot.steps
    if not is_new and len(before.qualities) == len(snapshot.tokens):
        return before
    boxes = {
        token: before.boxes[token] if token in before.boxes else bounds(snapshot.positions(step))
        for step, token in zip(snapshot.steps, snapshot.tokens, strict=True)
    }
    extent = extent_around(list(boxes.values()), before.extent)
    kept = before.revisions if extent == before.extent else {}
    numbered = {
        step: kept[step] if kept.get(step, ("",))[0] == token else (token, next(revisions))
        for step, token in zip(snapshot.steps, snapshot.tokens, strict=True)
    }
    qualities = _read_qualities(snapshot, before.qualities)
    return PublishedLayout(snapshot, extent if snapshot.steps else before.extent, numbered, boxes, qualities)


def _read_qualities(snapshot: LayoutSnapshot, known: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Per token the quality of a finished layout's step; what is known is not read again."""
    if not isinstance(snapshot.layout, StoredLayout):
        return {}
    if all(token in known for token in snapshot.tokens):
        return {token: known[token] for token in snapshot.tokens}
    first_unknown = next(index for index, token in enumerate(snapshot.tokens) if token not in known)
    found = snapshot.layout.qualities(first_unknown)
    new = zip(snapshot.tokens[first_unknown:], found, strict=True)
    measured = {token: quality for token, quality in new if quality}
    return {token: known[token] for token in snapshot.tokens if token in known} | measured
