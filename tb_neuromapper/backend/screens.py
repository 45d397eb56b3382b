"""The registry: all screens of the backend. A new one is a folder and a line here."""

from __future__ import annotations

from tb_neuromapper.backend.embeddings.routes import Embeddings
from tb_neuromapper.backend.findings.routes import Findings
from tb_neuromapper.backend.gradients.routes import Gradients
from tb_neuromapper.backend.playground.routes import Playground
from tb_neuromapper.backend.runs.routes import Runs
from tb_neuromapper.backend.scalars.routes import Scalars
from tb_neuromapper.backend.services import Screen, Services

SCREENS = (Embeddings, Gradients, Scalars, Findings, Playground)


def open_screens(services: Services) -> list[Screen]:
    """All screens over the same services, and before them the runs, which ask each for its part of what they answer.

    Raises:
        ValueError: A flag cannot be fulfilled.
    """
    screens: list[Screen] = [screen(services) for screen in SCREENS]
    return [Runs(services, screens), *screens]
