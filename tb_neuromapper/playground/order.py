"""What TensorBoard hands to the process of a training."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from tb_neuromapper.playground.limits import Limits
from tb_neuromapper.playground.parameters import TrainingParameters, parse_training


@dataclass(frozen=True)
class Order:
    """What to train, where, and within which bounds."""

    parameters: TrainingParameters
    folder: str
    data_folder: str
    limits: Limits

    def encode(self) -> str:
        return json.dumps({**asdict(self), "parameters": self.parameters.as_dict()})


def decode_order(text: str) -> Order:
    """Read what `Order.encode` wrote; the parameters are checked again."""
    values = json.loads(text)
    return Order(
        parse_training(values["parameters"]), values["folder"], values["data_folder"], Limits(**values["limits"])
    )
