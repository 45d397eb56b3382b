"""Trains a fully connected network and logs what it does: a run like any other."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from tb_neuromapper.playground.data_sets import DataSet
from tb_neuromapper.playground.network import make_network, make_optimizer
from tb_neuromapper.playground.parameters import TrainingParameters
from tb_neuromapper.training.callback import NeuroMapper

# A run keeps at most so many records of the gradient flow, however long it is.
_N_GRADIENT_STEPS = 200
State = Literal["training", "done", "stopped", "failed"]


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        state: "training" until it is over.
        epoch: Epochs that are logged, besides the untrained network.
        n_epochs: Epochs in all.
        share: How much of all steps is done, 0 to 1.
        loss: Mean over the last whole epoch, on the training set; None before the first.
        accuracy: The same, 0 to 1.
        message: A sentence for people.
    """

    state: State
    epoch: int
    n_epochs: int
    share: float
    loss: float | None
    accuracy: float | None
    message: str


def run_training(
    parameters: TrainingParameters,
    data: DataSet,
    folder: Path,
    *,
    report: Callable[[Progress], None],
    why_stop: Callable[[], str],
) -> Progress:
    """Train to the end, or until a reason to stop comes; what was logged until then stays.

    Args:
        parameters: What to train.
        data: What to train it on.
        folder: Of the run.
        report: Called after every step.
        why_stop: Asked after every step; a reason, as the beginning of a sentence, ends the training.

    Returns:
        The last progress, with "done", "stopped" or "failed" and why.
    """
    last = Progress("training", 0, parameters.n_epochs, 0.0, None, None, "starting")
    try:
        with contextlib.closing(train(parameters, data, folder)) as steps:
            for last in steps:
                report(last)
                if reason := why_stop():
                    return replace(last, state="stopped", message=f"{reason}; {_kept(last.epoch)}.")
    except (ValueError, OSError) as error:
        return replace(last, state="failed", message=str(error))
    except (MemoryError, RuntimeError) as error:  # torch reports missing memory as a RuntimeError.
        message = f"the training failed, perhaps for lack of memory: {str(error)[:300] or type(error).__name__}"
        return replace(last, state="failed", message=message)
    return replace(last, state="done", message=_sentence(last))


def train(parameters: TrainingParameters, data: DataSet, folder: Path) -> Generator[Progress]:
    """Train step by step; close the iterator to stop early.

    Args:
        parameters: What to train.
        data: What to train it on.
        folder: Of the run.

    Yields:
        The progress after each step.

    Raises:
        ValueError: The loss, or an activation on the probe, is no longer finite.
    """
    torch.manual_seed(parameters.seed)
    inputs, labels = torch.from_numpy(data.inputs), torch.from_numpy(data.labels)
    network = make_network(parameters, inputs[0].numel(), len(data.class_names))
    optimizer = make_optimizer(parameters, network)
    n_steps = math.ceil(len(inputs) / parameters.batch_size)
    gradient_every = math.ceil(n_steps * parameters.n_epochs / _N_GRADIENT_STEPS)
    progress = Progress("training", 0, parameters.n_epochs, 0.0, None, None, "epoch 1 begins")
    with SummaryWriter(str(folder)) as writer, _watch(network, writer, data, gradient_every) as mapper:
        mapper.log_epoch(0)  # The untrained network, for comparison.
        for epoch in range(1, parameters.n_epochs + 1):
            total_loss, n_right = 0.0, 0
            for step, rows in enumerate(torch.split(torch.randperm(len(inputs)), parameters.batch_size), start=1):
                loss, n = _step(network, optimizer, inputs[rows], labels[rows])
                mapper.step(loss=loss)
                if not math.isfinite(loss):
                    raise ValueError(_diverged(loss, step, epoch, parameters))
                total_loss, n_right = total_loss + loss * len(rows), n_right + n
                share = (epoch - 1 + step / n_steps) / parameters.n_epochs
                if step < n_steps:
                    yield (progress := replace(progress, share=share))
            mean_loss, accuracy = total_loss / len(inputs), n_right / len(inputs)
            writer.add_scalar("train/accuracy", accuracy, epoch)
            mapper.log_epoch(epoch)
            progress = replace(progress, epoch=epoch, share=share, loss=mean_loss, accuracy=accuracy)
            yield (progress := replace(progress, message=_sentence(progress)))


def _kept(epoch: int) -> str:
    return f"the epochs until {epoch} are kept" if epoch else "no epoch had ended, only the untrained network is kept"


def _step(network: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> tuple[float, int]:
    """One step of the optimizer; the batch's mean loss and how many of it were right."""
    answers = network(x)
    loss = nn.functional.cross_entropy(answers, y)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.item(), int((answers.argmax(dim=1) == y).sum())


def _watch(network: nn.Module, writer: SummaryWriter, data: DataSet, gradient_every: int) -> NeuroMapper:
    return NeuroMapper(
        network,
        writer=writer,
        probe=(torch.from_numpy(data.probe_inputs), torch.from_numpy(data.probe_labels)),
        class_names=data.class_names,
        describe=data.describe,
        gradient_every=gradient_every,
    )


def _diverged(loss: float, step: int, epoch: int, parameters: TrainingParameters) -> str:
    return (
        f"the loss became {loss} at step {step} of epoch {epoch}, so the training ended; try a learning rate below "
        f"{parameters.learning_rate:g} or another initialisation. The epochs before are kept."
    )


def _sentence(progress: Progress) -> str:
    return (
        f"epoch {progress.epoch} of {progress.n_epochs}: loss {progress.loss:.3f}, "
        f"accuracy {100 * (progress.accuracy or 0):.1f} % on the training set"
    )
