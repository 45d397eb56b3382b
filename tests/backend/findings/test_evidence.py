"""Facts about which of a run's many records the rules read."""

import numpy as np
import pytest

from tb_neuromapper.backend.findings.evidence import EvidenceReader
from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.gradient_steps import GradientSteps
from tb_neuromapper.backend.log.offline import read_run
from tb_neuromapper.backend.log.scalars import ScalarReader
from tests.logs import COLUMNS, LogWriter

N_STEPS = 150
BAD = 77


@pytest.fixture
def evidence(tmp_path):
    """Of a run whose bias is frozen, and in one of whose weights a value is not finite from step 77 on."""
    writer = LogWriter(tmp_path / "a")
    for step in range(N_STEPS):
        statistics = np.ones((2, len(COLUMNS)), np.float32)
        statistics[:, COLUMNS.index("n_nonfinite_weight")] = [step >= BAD, 0]
        statistics[:, COLUMNS.index("n_nonfinite_gradient")] = [0, np.nan]
        writer.gradients(step)
        writer.parameters(step, ["fc1.weight", "fc1.bias"], tensors={"parameters/statistics": statistics})
    writer.close()
    reader, log = read_run(tmp_path / "a")
    loader = ArrayLoader(reader, None)
    return EvidenceReader(loader, GradientSteps(loader), ScalarReader(reader.provider)).read("a", log)


def test_read__holds_single_units_around_the_first_values_that_are_not_finite(evidence):
    """Of so many records units are read at some only; a frozen parameter, whose count is unknown, is no bad one."""
    assert len(evidence.flow.steps) == N_STEPS
    assert {BAD - 1, BAD, BAD + 1, BAD + 2} <= set(evidence.flow.unit_steps.tolist())
    assert len(evidence.flow.unit_steps) < N_STEPS / 2
