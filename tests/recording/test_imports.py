"""What importing the recorder of records brings along."""

from __future__ import annotations

from tests.processes import start_python

SCRIPT = "import sys, tb_neuromapper.recording.writer; print(sorted({'torch', 'numba', 'scipy'} & set(sys.modules)))"


def test_recording__imports_no_framework():
    """A training in another framework, or in none, can write records without torch."""
    output, errors = start_python(SCRIPT).communicate(timeout=150)
    assert output == "[]\n", errors
