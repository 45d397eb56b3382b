"""What holds of every Python file of the project."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("tb_neuromapper", "tests", "benchmarks", "examples", "scripts")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40


def test_files__are_short():
    """A file has one idea, in at most 300 lines."""
    lines = {name_of(path): path.read_text().count("\n") for path in FILES}
    assert {name: n for name, n in lines.items() if n > MAX_FILE_LINES} == {}


def test_functions__are_short():
    """A function has at most 40 lines of code, its signature and docstring not counted."""
    long = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and n_lines(node) > MAX_FUNCTION_LINES:
                long[f"{name_of(path)}: {node.name}"] = n_lines(node)
    assert long == {}


def test_tests__import_no_other_test_module():
    """What several test modules share lies in a helper module; scripts within strings follow the same rule."""
    tests = [path for path in FILES if path.is_relative_to(ROOT / "tests") and path != Path(__file__)]
    found = {name_of(path): re.findall(r"(?:from|import) tests[\w.]*\.test_\w+", path.read_text()) for path in tests}
    assert {name: imports for name, imports in found.items() if imports} == {}


def name_of(path):
    """The path below the project's root."""
    return path.relative_to(ROOT).as_posix()


def n_lines(function):
    """Lines of a function's body, without its docstring."""
    first = function.body[1 if ast.get_docstring(function) is not None else 0 :]
    return function.end_lineno - first[0].lineno + 1 if first else 0
