"""Vision tests need torchvision; `make test-vision` has it. Elsewhere they are skipped, unless asked for."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest


def pytest_collection_modifyitems(config, items):
    """Asked for by marker or by folder, a missing torchvision is a failure; in a general run it is a skip."""
    is_asked_for = "vision" in config.option.markexpr or any("vision" in argument for argument in config.args)
    if find_spec("torchvision") is not None or is_asked_for:
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="torchvision is not installed: run make test-vision"))
