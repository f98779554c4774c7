"""What is switched on and off as one: every pixel in one unit, numbered without gaps, from the input alone."""

import numpy as np
import pytest

from audit.methods.shared.segments import colours, labels_of

QUARTERS = np.zeros((12, 12, 3), np.float32)
QUARTERS[:6, 6:], QUARTERS[6:, :6], QUARTERS[6:, 6:] = (1, 0, 0), (0, 1, 0), (0, 0, 1)


@pytest.mark.parametrize("units", ["slic", "quickshift", "grid"])
def test_segments_cover_an_image_and_keep_to_its_outlines(units: str) -> None:
    labels = labels_of(QUARTERS, units, 4)
    assert labels.shape == (12, 12)
    assert set(np.unique(labels)) == set(range(4))
    for rows in (slice(0, 6), slice(6, 12)):
        for columns in (slice(0, 6), slice(6, 12)):
            assert len(np.unique(labels[rows, columns])) == 1
    assert np.array_equal(labels, labels_of(QUARTERS * 7 - 3, units, 4))  # the network's own range does not matter


@pytest.mark.parametrize(
    ("shape", "segments", "sides"),
    [((8, 8, 1), 16, (4, 4)), ((6, 12, 2), 8, (2, 4)), ((5, 1, 1), 3, (3, 1)), ((1, 5, 1), 3, (1, 3))],
)
def test_cells_are_as_square_as_the_image_allows(shape: tuple[int, ...], segments: int, sides: tuple[int, int]) -> None:
    labels = labels_of(np.zeros(shape, np.float32), "grid", segments)
    assert (len(np.unique(labels[:, 0])), len(np.unique(labels[0]))) == sides
    sizes = np.bincount(labels.ravel())
    assert len(sizes) == sides[0] * sides[1] and (sizes > 0).all()


def test_features_are_pixels_of_images_and_entries_of_flat_inputs() -> None:
    assert np.array_equal(labels_of(np.zeros((2, 3, 4), np.float32), "features", 2), np.arange(6).reshape(2, 3))
    assert np.array_equal(labels_of(np.zeros(5, np.float32), "auto", 2), np.arange(5))
    assert np.array_equal(labels_of(np.zeros((5, 3), np.float32), "auto", 2), np.arange(5))
    noise = np.random.default_rng(0).random((8, 8, 1), np.float32)
    assert np.array_equal(labels_of(noise, "auto", 9), labels_of(noise, "slic", 9))


def test_colours_have_the_range_of_lightness() -> None:
    grey = np.linspace(-1, 1, 16, dtype=np.float32).reshape(4, 4, 1)
    assert colours(grey).min() == 0 and colours(grey).max() == 100
    lab = colours(np.repeat(grey, 3, axis=-1))
    np.testing.assert_allclose([lab[..., 0].min(), lab[..., 0].max()], [0, 100], atol=1e-3)
    np.testing.assert_allclose(lab[..., 1:], 0, atol=1e-2)
    assert not colours(np.ones((4, 4, 1), np.float32)).any()
