"""Records the gradient flow of single training steps and leaves no trace in the others.

Hooks stand from the end of the step before a recorded one to its own end. They reduce what they see on the model's
device; when the step ends, the results are brought to the host in one copy, and the writing thread makes records of
them. A failure here ends the recording with one warning and never reaches the training loop.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from tb_neuromapper.recording.records import DeferredBatch
from tb_neuromapper.training.gradients.calls import CallWatch
from tb_neuromapper.training.gradients.edges import edge_limit
from tb_neuromapper.training.gradients.layer_changes import LayerShape, layer_changes, shapes_of
from tb_neuromapper.training.gradients.layers import Layer, find_layers, parameter_owners
from tb_neuromapper.training.gradients.parameters import ParameterWatch, WatchedParameter, current_scale
from tb_neuromapper.training.gradients.problems import faults_of, has_forward, has_gradient, limits_of
from tb_neuromapper.training.gradients.step import StepWatch, defer_records
from tb_neuromapper.training.state import plain_precision


class GradientRecorder:
    """Records single training steps of a network.

    Args:
        model: The network, without wrappers.
        submit: Takes a recorded step; False if it cannot be written at this pace.
        scaler: The GradScaler that scales the loss, if it is known beforehand.
        is_compiled: The network runs compiled; hooks on its modules would not be called, but have it compiled again.
    """

    def __init__(
        self,
        model: nn.Module,
        submit: Callable[[DeferredBatch], bool],
        *,
        scaler: Any = None,
        is_compiled: bool = False,
    ) -> None:
        self._model, self._submit, self._is_compiled = model, submit, is_compiled
        self._scaler: Callable[[], Any] = weakref.ref(scaler) if scaler is not None else lambda: None
        self._watch: StepWatch | None = None
        self._failure: Exception | None = None
        self._failed_step: int | None = None
        self._has_reported_failure = False
        self._is_stopped = False
        # Knows the device at any time, also after the network has moved.
        self._anchor = next(model.parameters(), torch.empty(0))
        self._n_refused = 0
        self._reported: set[str] = set()
        self._messages: list[str] = []
        self._shapes_before: tuple[int, dict[str, LayerShape]] | None = None
        self._n_unseen = 0
        self._recorded: set[int] = set()
        self._followed: frozenset[str] = frozenset()

    def arm(self) -> None:
        """Follow the coming step. An error is reported when that step ends."""
        if not self._is_stopped:
            self._safely(self._arm)

    def record(self, step: int, loss: Tensor | float | None, epoch: int | None) -> None:
        """The step has ended: submit its records and take all hooks away.

        Args:
            step: Its number.
            loss: Its loss, or None.
            epoch: The last epoch that was logged, or None.
        """
        if self._watch is not None:
            watch, self._watch = self._watch, None
            watch.release()
            self._safely(self._record, watch, step, loss, epoch)
        if self._failure is not None:
            self._failed_step = step if self._failed_step is None else self._failed_step
            self.stop()
        self.warn_pending(stacklevel=6)

    def warn_pending(self, *, stacklevel: int) -> None:
        """Warn of what is new; also after the last step, as the writing thread may have failed since.

        Args:
            stacklevel: Frames from here out to the user's line, which the warnings name.
        """
        messages, self._messages = self._messages, []
        if self._failure is not None and self._failed_step is not None and not self._has_reported_failure:
            self._has_reported_failure = True
            error = _formatted(self._failure)
            messages = [f"stopped recording gradient flow at step {self._failed_step}: {error}. Training goes on."]
        for message in messages:
            warnings.warn(f"NeuroMapper {message}", RuntimeWarning, stacklevel=stacklevel)

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
        self._watch = StepWatch(layers, parameters, calls, weights)

    def _record(self, watch: StepWatch, step: int, loss: Tensor | float | None, epoch: int | None) -> None:
        if watch.weights.scaler is not None:
            self._scaler = weakref.ref(watch.weights.scaler)
        watch.calls.finish_pending()
        self._followed = watch.calls.followed()
        layers = find_layers(self._model)
        is_changed = bool(layer_changes(shapes_of(watch.layers), shapes_of(layers)))
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
        problems += self._history(step, layers, is_changed=is_changed)
        fail = _weakly(weakref.WeakMethod(self._fail_late))
        self._hand_over(defer_records(watch, step, loss, epoch=epoch, problems=problems, fail=fail))

    def _parameters(self, layers: list[Layer]) -> list[tuple[str, str, nn.Parameter]]:
        return [found for found in parameter_owners(self._model, layers) if found[2].numel()]

    def _renewed(self, watch: StepWatch, layers: list[Layer]) -> StepWatch:
        """What was seen of the layers that are still there, and the layers that came."""
        known = shapes_of(layers)
        for name, shape in shapes_of(watch.layers).items():
            if known.get(name) != shape:
                watch.calls.layer_calls.pop(name, None)
        parameters = self._parameters(layers)
        for _, _, parameter in parameters:
            watch.weights.watched.setdefault(id(parameter), WatchedParameter(parameter))
        return replace(watch, layers=layers, parameters=parameters)

    def _history(self, step: int, layers: list[Layer], *, is_changed: bool) -> list[str]:
        """Sentences about how this record stands to those before it; from now on it is one of them."""
        messages = self._changes(step, shapes_of(layers))
        if is_changed:
            messages.append("layers changed while this step was followed; those that came are unknown at it.")
        if self._n_refused:
            messages.append(f"{self._n_refused} recorded steps before this one could not be written fast enough.")
        if step in self._recorded:
            messages.append(f"step {step} was recorded before; this record takes the place of that one.")
        self._recorded.add(step)
        return messages

    def _changes(self, step: int, shapes: dict[str, LayerShape]) -> list[str]:
        """Sentences about what is other than at the record before."""
        before, self._shapes_before = self._shapes_before, (step, shapes)
        messages = []
        if before is not None and (changes := layer_changes(before[1], shapes)):
            messages.append(f"the network's layers have changed since step {before[0]}: {changes}.")
        if self._n_unseen:
            n, self._n_unseen = self._n_unseen, 0
            messages.append(
                f"{n} recorded {'step' if n == 1 else 'steps'} before this one {'is' if n == 1 else 'are'} missing, as "
                "all layers were replaced while followed."
            )
        return messages

    def _hand_over(self, batch: DeferredBatch) -> None:
        if self._submit(batch):
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
        """No records could be made of a step that was submitted; the next step reports it."""
        if self._failure is None:
            self._failed_step, self._failure = step, error

    def _warn_once(self, message: str) -> None:
        key = message.partition(": ")[2] or message
        if key not in self._reported:
            self._reported.add(key)
            self._messages.append(message)


def _weakly(method: weakref.WeakMethod[Callable[[int, Exception], None]]) -> Callable[[int, Exception], None]:
    """Calls a method if its object is still there."""

    def call(step: int, error: Exception) -> None:
        target = method()
        if target is not None:
            target(step, error)

    return call


def _formatted(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(".")
