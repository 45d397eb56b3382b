"""What TensorBoard gives the process of a training as its argument."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from tb_neuromapper.playground.limits import Limits
from tb_neuromapper.playground.parameters import TrainingParameters, parse_training


@dataclass(frozen=True)
class TrainingRequest:
    """What to train, where, and within which bounds.

    Attributes:
        parameters: What to train.
        folder: The run's folder, which exists.
        data_folder: Where MNIST's files are.
        limits: Bounds of time and memory.
    """

    parameters: TrainingParameters
    folder: str
    data_folder: str
    limits: Limits

    def encode(self) -> str:
        """JSON on one line; `decode_request` reads it."""
        return json.dumps({**asdict(self), "parameters": self.parameters.as_dict()})


def decode_request(text: str) -> TrainingRequest:
    """Read what `TrainingRequest.encode` wrote; the parameters are checked again.

    Raises:
        ValueError: It is no JSON, or a parameter is not allowed.
        KeyError: A part is missing.
    """
    values = json.loads(text)
    return TrainingRequest(
        parse_training(values["parameters"]), values["folder"], values["data_folder"], Limits(**values["limits"])
    )
