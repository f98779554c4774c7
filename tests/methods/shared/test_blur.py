"""The blur is diffusion on the pixel grid with a mirrored border."""

import numpy as np
import pytest
from keras import ops

from audit.backend import active
from audit.methods.shared.blur import blur
from tests.methods.explain import tensor
from tests.reference.discrete_gaussian import discrete_gaussian

_X = np.random.default_rng(0).normal(size=(2, 6, 9, 2)).astype(np.float32)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.5, 7.0])
def test_it_is_the_discrete_gaussian_over_mirrored_copies(sigma: float) -> None:
    expected = [discrete_gaussian(image, sigma) for image in _X]
    assert np.allclose(blur(_X, sigma, np), expected, atol=1e-5)
    assert np.allclose(active().to_numpy(blur(tensor(_X), sigma, ops)), expected, atol=1e-5)


def test_nothing_at_zero_the_mean_at_last_and_variances_add_up() -> None:
    assert np.allclose(blur(_X, 0.0, np), _X, atol=1e-5)
    assert np.allclose(blur(_X, 100.0, np), _X.mean(axis=(1, 2), keepdims=True), atol=1e-5)
    assert np.allclose(blur(blur(_X, 1.2, np), 1.6, np), blur(_X, 2.0, np), atol=1e-5)


def test_it_neither_loses_light_nor_makes_it() -> None:
    point = np.zeros((1, 9, 9, 1), np.float32)
    point[0, 0, 4] = 1
    for sigma in (0.2, 0.7, 3.0):
        spread = blur(point, sigma, np)
        assert spread.sum() == pytest.approx(1, abs=1e-5) and spread.min() > -1e-6


def test_its_variance_is_that_of_its_width() -> None:
    point = np.zeros((1, 1, 101, 1), np.float32)
    point[0, 0, 50] = 1
    assert (blur(point, 3.0, np)[0, 0, :, 0] * (np.arange(101) - 50) ** 2).sum() == pytest.approx(9, rel=1e-4)
