"""Noise that belongs to an input: the same for every method that is run over noisy copies."""

import numpy as np

from audit.methods.shared.noisy_copies import noise_maps, own_noise, repeated
from audit.methods.smoothgrad import SmoothGrad
from audit.methods.smoothgrad_squared import SmoothGradSquared
from audit.methods.vargrad import VarGrad
from tests import networks

X = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)


def test_the_noise_is_the_inputs_own_and_standard() -> None:
    one, another = spawned(0, 0), spawned(0, 1)
    first, again = own_noise(X[0], 4000, one), own_noise(X[0].copy(), 4000, another)
    assert np.array_equal(first, again) and one.random() != another.random()
    assert not np.array_equal(first, own_noise(X[1], 4000, one))
    assert not np.array_equal(first, own_noise(X[0], 4000, spawned(1, 0)))
    assert abs(first.mean()) < 0.03 and abs(first.std() - 1) < 0.03


def spawned(entropy: int, draw: int) -> np.random.Generator:
    """Return the generator of one draw of a null, as the bench makes it."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([7, entropy], spawn_key=(draw,))))


def test_repeated_draws_are_one_and_keep_what_belongs_to_the_input() -> None:
    one, other = repeated(spawned(0, 0), 2)
    assert one.random() == other.random() != repeated(spawned(0, 1), 1)[0].random()
    assert np.array_equal(own_noise(X[0], 3, one), own_noise(X[0], 3, spawned(0, 5)))


def test_a_generator_with_a_key_of_its_own_has_the_input_s_noise_too() -> None:
    keyed = [np.random.Generator(np.random.Philox(key=key)) for key in (1, 2)]
    assert np.array_equal(own_noise(X[0], 3, keyed[0]), own_noise(X[0], 3, keyed[1]))


def test_methods_over_noisy_copies_share_them() -> None:
    network = networks.mlp()
    maps = [
        noise_maps(method(samples=3, noise=0.2), network, X[0], [np.random.default_rng(seed) for seed in range(3)])
        for method in (SmoothGrad, SmoothGradSquared, VarGrad)
    ]
    assert maps[0].shape == (3, 6) and all(np.array_equal(maps[0], each) for each in maps[1:])
