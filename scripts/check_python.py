"""Says in a sentence what is missing from this Python. Runs on any Python 3, so no new syntax."""

import importlib.util
import sys

if sys.version_info < (3, 10):
    sys.exit(
        "Python %d.%d is too old: 3.10 or newer is needed. Name another: make demo PYTHON=python3.12"
        % sys.version_info[:2]
    )
if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
    sys.exit("This Python has no venv module. On Debian and Ubuntu: sudo apt-get install python3-venv")
