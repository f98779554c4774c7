"""The inputs from which path methods start."""

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.methods.shared.path_baseline import baseline_of, pixels

IMAGES = np.random.default_rng(0).normal(size=(3, 4, 5, 2)).astype(np.float32)
FLAT = np.random.default_rng(1).normal(size=(3, 6)).astype(np.float32)


def test_the_mean_is_each_inputs_own_per_channel() -> None:
    found = baseline_of("mean", IMAGES, np)
    for image, baseline in zip(IMAGES, found, strict=True):
        for channel in range(2):
            assert np.allclose(baseline[..., channel], image[..., channel].mean(), atol=1e-6)
    assert np.allclose(baseline_of("mean", FLAT, np), FLAT.mean(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("x", [IMAGES, FLAT], ids=["images", "flat"])
def test_numbers_count_from_the_origin(x: np.ndarray) -> None:
    assert (baseline_of("zeros", x, np) == 0).all()
    assert np.allclose(baseline_of(0.5, x, np, origin=np.float32(-1.5)), -1.0)
    assert baseline_of(0.5, x, np).shape == x.shape


def test_pixels_are_all_axes_but_the_channels() -> None:
    assert pixels(IMAGES) == (1, 2) and pixels(FLAT) == (1,)


@pytest.mark.parametrize("numbers", [np, keras.ops])
@pytest.mark.parametrize("shape", [(3, 7, 5, 3), (3, 11), (2, 32, 32, 1)])
def test_a_constant_input_is_its_own_mean_to_the_bit(numbers, shape):
    x = np.full(shape, 0.1, np.float32) * np.arange(1, shape[-1] + 1 if len(shape) == 4 else 2, dtype=np.float32)
    found = active().to_numpy(baseline_of("mean", x if numbers is np else keras.ops.convert_to_tensor(x), numbers))
    assert np.array_equal(found, x)
