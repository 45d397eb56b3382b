"""Facts about the pure functions of the runs."""

import numpy as np

from tb_neuromapper.backend.runs.view import thumbnail_sheet


def test_thumbnail_sheet__places_thumbnails_row_by_row():
    """Thumbnail i is at row i // 16, column i % 16."""
    thumbnails = np.arange(20 * 2 * 3, dtype=np.uint8).reshape(20, 2, 3, 1)
    sheet = thumbnail_sheet(thumbnails)
    assert sheet.shape == (4, 48, 1)
    np.testing.assert_array_equal(sheet[2:4, 9:12], thumbnails[19])
    np.testing.assert_array_equal(sheet[0:2, 45:48], thumbnails[15])
