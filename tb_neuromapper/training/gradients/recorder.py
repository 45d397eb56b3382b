"""Records the gradient flow of single training steps and leaves no trace in the others.

Hooks stand from the end of the step before a recorded one to its own end. They reduce what they see on the model's
device; when the step ends, the results are brought to the host in one copy, and the writing thread makes records of
them. Whatever fails here ends the recording with one warning and never reaches the training loop.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from tb_neuromapper.recording.records import Flush, PendingFlush
from tb_neuromapper.training.gradients.calls import CallWatch
from tb_neuromapper.training.gradients.edges import edge_limit
from tb_neuromapper.training.gradients.layer_changes import Shape, layer_changes, shapes_of
from tb_neuromapper.training.gradients.layers import Layer, find_layers, parameter_owners, sources_in_order
from tb_neuromapper.training.gradients.parameters import ParameterWatch, WatchedParameter, current_scale
from tb_neuromapper.training.gradients.problems import (
    faults_of,
    has_forward,
    has_gradient,
    limits_of,
    weights_not_finite,
)
from tb_neuromapper.training.gradients.records import LayerRows, ParameterRow, gradients_draft, parameters_draft
from tb_neuromapper.training.gradients.transfer import Transfer
from tb_neuromapper.training.state import plain_precision

# What the objects of a layer or a parameter take beside their figures, about, until its record is written.
_ROW_BYTES = 3500


@dataclass(frozen=True)
class _Watch:
    """All that follows one step."""

    layers: Sequence[Layer]
    parameters: Sequence[tuple[str, str, nn.Parameter]]
    calls: CallWatch
    weights: ParameterWatch

    def release(self) -> None:
        self.calls.release()
        self.weights.release()


class GradientRecorder:
    """Records single training steps of a network.

    Args:
        model: The network, without wrappers.
        submit: Takes a recorded step; False if it cannot be written at this pace.
        scaler: The GradScaler that scales the loss, if it is known beforehand.
        is_compiled: The network runs compiled; hooks on its modules would not be called, but have it compiled again.
    """

    def __init__(
        self, model: nn.Module, submit: Callable[[PendingFlush], bool], *, scaler: Any = None, is_compiled: bool = False
    ) -> None:
        self._model, self._submit, self._is_compiled = model, submit, is_compiled
        self._scaler: Callable[[], Any] = weakref.ref(scaler) if scaler is not None else lambda: None
        self._watch: _Watch | None = None
        self._failure: Exception | None = None
        self._failed_step: int | None = None
        self._has_told_failure = False
        self._is_stopped = False
        # Tells the device at any time, also after the network has moved.
        self._anchor = next(model.parameters(), torch.empty(0))
        self._n_refused = 0
        self._warned: set[str] = set()
        self._words: list[str] = []
        self._shapes_before: tuple[int, dict[str, Shape]] | None = None
        self._n_unseen = 0
        self._recorded: set[int] = set()
        self._followed: frozenset[str] = frozenset()

    def arm(self) -> None:
        """Follow the coming step. An error is told when that step ends."""
        if not self._is_stopped:
            self._safely(self._arm)

    def record(self, step: int, loss: Tensor | float | None, epoch: int | None) -> None:
        """The step has ended: hand its records over and take all hooks away."""
        if self._watch is not None:
            watch, self._watch = self._watch, None
            watch.release()
            self._safely(self._record, watch, step, loss, epoch)
        if self._failure is not None:
            self._failed_step = step if self._failed_step is None else self._failed_step
            self.stop()
        self.warn_pending(stacklevel=6)

    def warn_pending(self, *, stacklevel: int) -> None:
        """Warn of what is new; also after the last step, as the writing thread may have failed since."""
        words, self._words = self._words, []
        if self._failure is not None and self._failed_step is not None and not self._has_told_failure:
            self._has_told_failure = True
            error = _in_words(self._failure)
            words = [f"stopped recording gradient flow at step {self._failed_step}: {error}. Training goes on."]
        for sentence in words:
            warnings.warn(f"NeuroMapper {sentence}", RuntimeWarning, stacklevel=stacklevel)

    def stop(self) -> None:
        """Take all hooks away, for good."""
        self._is_stopped = True
        if self._watch is not None:
            self._watch.release()
            self._watch = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the hooks off the modules meanwhile: a pass of other data is coming."""
        watch = self._watch
        if watch is not None:
            watch.calls.detach_hooks()
        try:
            yield
        finally:
            if watch is not None and watch is self._watch:
                watch.calls.attach_hooks()

    def _arm(self) -> None:
        layers = find_layers(self._model)
        parameters = self._parameters(layers)
        calls = CallWatch(self._model, [] if self._is_compiled else layers, self._safely, self._followed)
        weights = ParameterWatch(layers, [found[2] for found in parameters], edge_limit(layers), self._safely)
        scaler = self._scaler()
        if scaler is not None:
            weights.scaler, weights.scale = scaler, current_scale(scaler)
        self._watch = _Watch(layers, parameters, calls, weights)

    def _record(self, watch: _Watch, step: int, loss: Tensor | float | None, epoch: int | None) -> None:
        if watch.weights.scaler is not None:
            self._scaler = weakref.ref(watch.weights.scaler)
        watch.calls.finish_pending()
        self._followed = watch.calls.followed()
        layers = find_layers(self._model)
        shapes = shapes_of(layers)
        is_changed = bool(layer_changes(shapes_of(watch.layers), shapes))
        if is_changed:
            watch = self._renewed(watch, layers)
        is_unseen = not has_forward(watch.calls) and not has_gradient(watch.weights)
        if is_changed and is_unseen:
            self._n_unseen += 1
            return
        faults = faults_of(watch.calls, watch.weights, watch.layers)
        for fault in faults:
            self._warn_once(f"at step {step}: {fault}")
        if is_unseen:
            return
        # Compiled after this object was made, for example.
        self._is_compiled = self._is_compiled or not has_forward(watch.calls)
        problems = [*faults, *limits_of(watch.calls, watch.weights, watch.layers)]
        problems += self._changes(step, shapes)
        if is_changed:
            problems.append("layers changed while this step was followed; those that came are unknown at it.")
        if self._n_refused:
            problems.append(f"{self._n_refused} recorded steps before this one could not be written fast enough.")
        if step in self._recorded:
            problems.append(f"step {step} was recorded before; this record takes the place of that one.")
        self._recorded.add(step)
        self._hand_over(_pending(watch, step, loss, epoch, problems, weakref.WeakMethod(self._fail_late)))

    def _parameters(self, layers: list[Layer]) -> list[tuple[str, str, nn.Parameter]]:
        return [found for found in parameter_owners(self._model, layers) if found[2].numel()]

    def _renewed(self, watch: _Watch, layers: list[Layer]) -> _Watch:
        """What was seen of the layers that are still there, beside those that came."""
        known = shapes_of(layers)
        for name, shape in shapes_of(watch.layers).items():
            if known.get(name) != shape:
                watch.calls.layer_calls.pop(name, None)
        parameters = self._parameters(layers)
        for _, _, parameter in parameters:
            watch.weights.watched.setdefault(id(parameter), WatchedParameter(parameter))
        return replace(watch, layers=layers, parameters=parameters)

    def _changes(self, step: int, shapes: dict[str, Shape]) -> list[str]:
        """Sentences about what is other than at the record before."""
        before, self._shapes_before = self._shapes_before, (step, shapes)
        words = []
        if before is not None and (changes := layer_changes(before[1], shapes)):
            words.append(f"the network's layers have changed since step {before[0]}: {changes}.")
        if self._n_unseen:
            n, self._n_unseen = self._n_unseen, 0
            words.append(
                f"{n} recorded {'step' if n == 1 else 'steps'} before this one {'is' if n == 1 else 'are'} missing, as "
                "all layers were replaced while followed."
            )
        return words

    def _hand_over(self, pending: PendingFlush) -> None:
        if self._submit(pending):
            self._n_refused = 0
            return
        self._n_refused += 1
        self._warn_once(
            "is recording gradient flow faster than it can be written, and leaves steps out; the next record says how "
            "many. Raise gradient_every, or log to a faster disk."
        )

    def _safely(self, work: Callable[..., None], *arguments: Any) -> None:
        """Run work of ours in the user's training loop: without gradients, in plain precision, and without errors."""
        if self._failure is not None:
            return
        try:
            with plain_precision(self._anchor.device):
                work(*arguments)
        except Exception as error:
            self._failure = error

    def _fail_late(self, step: int, error: Exception) -> None:
        """A step that was handed over could not be put together; the next one tells it."""
        if self._failure is None:
            self._failed_step, self._failure = step, error

    def _warn_once(self, words: str) -> None:
        key = words.partition(": ")[2] or words
        if key not in self._warned:
            self._warned.add(key)
            self._words.append(words)


def _pending(
    watch: _Watch,
    step: int,
    loss: Tensor | float | None,
    epoch: int | None,
    problems: list[str],
    failed: Callable[[], Callable[[int, Exception], None] | None],
) -> PendingFlush:
    """The step's figures on the host, after one copy; nothing of the network is kept.

    Args:
        failed: What to tell an error to, if it is still there.
    """
    transfer = Transfer()
    found = watch.calls.layer_calls
    sources = {} if has_forward(watch.calls) else sources_in_order(watch.layers)
    layers = [
        LayerRows(layer, found.get(layer.name), _kept(watch, layer), transfer, sources.get(layer.name, ()))
        for layer in _ordered(watch)
    ]
    rows = [
        ParameterRow(name, owner, watch.weights.watched[id(parameter)], transfer)
        for name, owner, parameter in watch.parameters
    ]
    scale_of = transfer.add(watch.weights.scale) if watch.weights.scale is not None else None
    loss_of = transfer.add(loss.reshape(())) if isinstance(loss, Tensor) else None
    transfer.fetch()
    scale = float(scale_of()) if scale_of is not None else None
    value = float(loss_of()) if loss_of is not None else loss
    scalars = {} if value is None else {"train/loss": float(value)}
    shared = {"epoch": epoch, "problems": problems}
    attributes = {**shared, "amp_scale": scale, "n_backwards": watch.weights.n_backwards}

    def finish() -> Flush | None:
        try:
            parameters = parameters_draft(rows, scale or 1.0, shared)
            problems.extend(weights_not_finite(parameters))
            drafts = [gradients_draft(layers, scale or 1.0, attributes), parameters]
        except Exception as error:
            tell = failed()
            if tell is not None:
                tell(step, error)
            return None
        return Flush(step, "", None, drafts, scalars)

    return PendingFlush(transfer.n_bytes + _ROW_BYTES * (len(layers) + len(rows)), finish)


def _ordered(watch: _Watch) -> list[Layer]:
    """The layers in the order of their first call; those that were not called come last."""
    order = {name: place for place, name in enumerate(watch.calls.layer_calls)}
    return sorted(watch.layers, key=lambda layer: order.get(layer.name, len(order)))


def _kept(watch: _Watch, layer: Layer) -> list[Any]:
    """(block, parameter, edges) of a layer's connections that received gradients."""
    items = [watch.weights.watched[id(block.parameter)] for block in layer.weight_blocks]
    return [
        (block, item, edges)
        for item in dict.fromkeys(items)
        for (name, block), edges in zip(item.weight_blocks, item.edges, strict=False)
        if name == layer.name
    ]


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(".")
