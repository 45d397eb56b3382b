"""Image samples become thumbnails; other samples do not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tb_neuromapper.training.probe.source import ProbeSource
from tb_neuromapper.training.probe.thumbnails import ThumbnailCollector, to_pixels


def thumbnails(probe, size=32):
    """The pixels of a probe's thumbnails, or None."""
    collector = ThumbnailCollector(size)
    for batch in ProbeSource(probe, 4).batches():
        collector.add(batch)
    parts = collector.parts()
    return None if parts is None else to_pixels(parts)


def pictures(*shape):
    """Images of some shape, values in 0..1."""
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((6, 3, 8, 10), (6, 8, 10, 3)),
        ((6, 8, 10, 3), (6, 8, 10, 3)),
        ((6, 1, 64, 128), (6, 16, 32, 1)),
        ((6, 4, 8, 8), (6, 8, 8, 3)),
        ((6, 7, 8, 8), None),
        ((6, 5), None),
        ((6, 5, 9), None),
    ],
)
def test_thumbnails__have_the_shape_of_the_images(shape, expected):
    """Channels first or last, one, three or four of them, never larger than asked for."""
    found = thumbnails(pictures(*shape))
    assert (None if found is None else found.shape) == expected


def test_thumbnails__keep_brightness():
    """0..1 is multiplied by 255, 0..255 and uint8 stay as they are."""
    x = pictures(5, 3, 8, 8)
    expected = np.rint(x.permute(0, 2, 3, 1).numpy() * 255).astype(np.uint8)
    np.testing.assert_array_equal(thumbnails(x), expected)
    np.testing.assert_array_equal(thumbnails(torch.from_numpy(expected)), expected)
    np.testing.assert_array_equal(thumbnails(torch.from_numpy(expected.astype(np.float32))), expected)


def test_thumbnails__undo_normalisation():
    """Normalised channels are stretched back over the whole range, each separately, over the whole set."""
    x = pictures(40, 3, 8, 8)
    normalised = (x - torch.tensor([0.5, 0.4, 0.3])[:, None, None]) / torch.tensor([0.2, 0.3, 0.1])[:, None, None]
    np.testing.assert_allclose(thumbnails(normalised).astype(int), thumbnails(x).astype(int), atol=2)


def test_thumbnails__are_means_of_pixels():
    """A large image is scaled down by averaging areas."""
    x = pictures(2, 1, 64, 64)
    expected = x.reshape(2, 32, 2, 32, 2).mean((2, 4)).numpy() * 255
    np.testing.assert_allclose(thumbnails(x)[..., 0], np.rint(expected), atol=1)


def test_thumbnails__can_be_left_out():
    """Size 0 keeps none, and constant or broken images are no trouble."""
    assert thumbnails(pictures(6, 3, 8, 8), size=0) is None
    assert not thumbnails(torch.full((3, 1, 8, 8), -2.0)).any()
    assert thumbnails(torch.full((3, 1, 8, 8), float("nan"))).shape == (3, 8, 8, 1)
