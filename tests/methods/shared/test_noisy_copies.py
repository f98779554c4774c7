"""Noise that belongs to an input: the same for every method that is run over noisy copies."""

import numpy as np

from audit.methods.shared.noisy_copies import noise_maps, own_noise
from audit.methods.smoothgrad import SmoothGrad
from audit.methods.smoothgrad_squared import SmoothGradSquared
from audit.methods.vargrad import VarGrad
from tests import networks

X = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)


def test_the_noise_is_the_inputs_own_and_standard() -> None:
    first, again, other = own_noise(X[0], 4000), own_noise(X[0].copy(), 4000), own_noise(X[1], 4000)
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert abs(first.mean()) < 0.03 and abs(first.std() - 1) < 0.03


def test_methods_over_noisy_copies_share_them() -> None:
    network = networks.mlp()
    maps = [
        noise_maps(method(samples=3, noise=0.2), network, X[0], [np.random.default_rng(seed) for seed in range(3)])
        for method in (SmoothGrad, SmoothGradSquared, VarGrad)
    ]
    assert maps[0].shape == (3, 6) and all(np.array_equal(maps[0], each) for each in maps[1:])
