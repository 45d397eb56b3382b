"""Log some epochs of a network, and read their activations back."""

from __future__ import annotations

import torch

from tb_neuromapper.training.callback import NeuroMapper
from tests.training.reading import read_records


def log_epochs(tmp_path, model, epochs=(0,), **options):
    """Log some epochs and read the activations of the last one, by block."""
    with NeuroMapper(model, tmp_path, **options) as mapper:
        for epoch in epochs:
            mapper.log_epoch(epoch)
    return blocks_of(tmp_path, epochs[-1])


def blocks_of(run_dir, step):
    """The activations of one epoch by block."""
    _, arrays = read_records(run_dir, "activations")[step]
    return {name.removeprefix("activations/"): array for name, array in arrays.items()}


@torch.no_grad()
def conv_features(model, x):
    """The slow twin: the stages' means and the output, in evaluation mode."""
    model.eval()
    stem = model.stem(x)
    first = model.layer1(stem)
    second = model.layer2(first)
    output = model(x)
    model.train()
    return {"layer1": first.mean((2, 3)), "layer2": second.mean((2, 3)), "output": output}
