"""The body of `POST projections`, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters, parse_parameters
from tb_neuromapper.backend.http.requests import HttpError


@dataclass(frozen=True)
class ProjectionRequest:
    """What a client asks for.

    Attributes:
        runs: The name of the run, or of the two different runs that are laid out in one space.
        blocks: The blocks' names; None = all that the runs have.
        parameters: What shapes the layouts.
        focus: The epoch that is displayed, whose surroundings are laid out first.
        unless_cancelled: A projection that was cancelled stays so.
    """

    runs: tuple[str] | tuple[str, str]
    blocks: list[str] | None
    parameters: ProjectionParameters
    focus: int | None
    unless_cancelled: bool


def parse_request(body: Mapping[str, Any]) -> ProjectionRequest:
    """Check what came over HTTP.

    Raises:
        HttpError: A field has another type.
        ValueError: A parameter is unknown or not allowed.
    """
    runs, blocks, parameters = _runs(body), body.get("blocks"), body.get("parameters", {})
    if "blocks" in body and not (isinstance(blocks, list) and all(isinstance(block, str) for block in blocks)):
        raise HttpError(400, f"blocks is {blocks!r:.80}; only a list of block names is allowed.")
    if not isinstance(parameters, dict):
        raise HttpError(400, f"parameters is {parameters!r:.80}; only an object is allowed.")
    focus, unless_cancelled = body.get("focus"), body.get("unless_cancelled", False)
    if focus is not None and (not isinstance(focus, int) or isinstance(focus, bool)):
        raise HttpError(400, f"focus is {focus!r:.80}; only a step is allowed.")
    if not isinstance(unless_cancelled, bool):
        raise HttpError(400, f"unless_cancelled is {unless_cancelled!r:.80}; only true or false is allowed.")
    return ProjectionRequest(runs, blocks, parse_parameters(parameters), focus, unless_cancelled)


def _runs(body: Mapping[str, Any]) -> tuple[str] | tuple[str, str]:
    names = body.get("runs")
    if names is None:
        name = body.get("run")
        if not isinstance(name, str):
            raise HttpError(400, f"run is {name!r:.80}; only a string is allowed.")
        return (name,)
    is_pair = isinstance(names, list) and len(names) == 2 and all(isinstance(name, str) for name in names)
    if not is_pair or names[0] == names[1] or "run" in body:
        raise HttpError(400, f"runs is {names!r:.80}; only the names of two different runs, without run, are allowed.")
    return (names[0], names[1])
