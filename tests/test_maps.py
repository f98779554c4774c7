"""Reductions re-derived pixel by pixel, and maps that cannot be compared."""

import numpy as np
import pytest

from audit.errors import UnitError
from audit.maps import CONSTANT, NOT_FINITE, USABLE, normalise, reduce, unusable

MAPS = np.random.default_rng(0).standard_normal((3, 4, 5, 3)).astype(np.float32)
TAILED = MAPS[..., 0].astype(float) ** 5
SLOW = {
    "sum": lambda channels: sum(channels),
    "absolute_sum": lambda channels: sum(abs(c) for c in channels),
    "absolute_max": lambda channels: max(abs(c) for c in channels),
}


@pytest.mark.parametrize("channels", SLOW)
def test_channels_are_reduced_first_then_the_sign(channels):
    reduced = reduce(MAPS, channels=channels)
    for index in np.ndindex(3, 4, 5):
        assert reduced[index] == pytest.approx(abs(SLOW[channels](MAPS[index].tolist())), abs=1e-6)


def test_opposite_channels_cancel_under_sum_only():
    maps = np.stack([np.ones((1, 2, 2)), -np.ones((1, 2, 2))], axis=-1)
    assert (reduce(maps) == 0).all() and (reduce(maps, channels="absolute_sum") == 2).all()


def test_signed_keeps_the_sign():
    np.testing.assert_array_equal(np.abs(reduce(MAPS, sign="signed")), reduce(MAPS))
    assert (reduce(MAPS, sign="signed") < 0).any()


def test_flat_inputs_keep_their_shape():
    flat = np.array([[-1.0, 2.0]], np.float32)
    np.testing.assert_array_equal(reduce(flat, sign="signed"), flat)
    np.testing.assert_array_equal(reduce(flat, channels="absolute_max"), [[1, 2]])


def test_the_input_is_not_written():
    maps = MAPS.copy()
    reduce(maps)
    np.testing.assert_array_equal(maps, MAPS)


def test_kept_channels_are_compared_each_by_itself():
    np.testing.assert_array_equal(reduce(MAPS, channels="keep", sign="signed"), MAPS)
    np.testing.assert_array_equal(reduce(MAPS, channels="keep"), np.abs(MAPS))


@pytest.mark.parametrize("channels", ["absolute_sum", "absolute_max"])
def test_signed_magnitudes_are_refused(channels):
    with pytest.raises(UnitError, match="removes the sign"):
        reduce(MAPS, channels=channels, sign="signed")


def test_other_shapes_are_refused():
    with pytest.raises(UnitError, match="shape"):
        reduce(MAPS[0])


def test_constant_and_non_finite_maps_are_told_apart():
    ramp = np.arange(6, dtype=np.float32).reshape(2, 3)
    nan, inf = ramp.copy(), ramp.copy()
    nan[0, 0], inf[1, 2] = np.nan, -np.inf
    maps = np.stack([ramp, np.zeros((2, 3)), np.full((2, 3), -4), nan, inf])
    assert unusable(maps).tolist() == [USABLE, CONSTANT, CONSTANT, NOT_FINITE, NOT_FINITE]


def test_rounding_noise_around_a_constant_is_constant():
    """A dead Grad-CAM, up-sampled, differs in the last bits only; its ranks would pass for independence."""
    noise = np.random.default_rng(1).integers(-2, 3, (1, 8, 8)) * np.spacing(np.float32(0.3))
    assert unusable((0.3 + noise).astype(np.float32)).tolist() == [CONSTANT]


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_small_and_large_maps_are_usable(scale):
    assert unusable(reduce(MAPS * np.float32(scale))).tolist() == [USABLE] * 3


def test_largest_magnitude_and_extremes():
    signed = normalise(TAILED, "max")
    assert (np.abs(signed).max(axis=(1, 2)) == 1).all() and (np.sign(signed) == np.sign(TAILED)).all()
    unit = normalise(TAILED, "min_max")
    assert (unit.min(axis=(1, 2)) == 0).all() and (unit.max(axis=(1, 2)) == 1).all()
    np.testing.assert_array_equal(normalise(TAILED, "none"), TAILED)


def test_the_second_moment_becomes_one():
    np.testing.assert_allclose(np.square(normalise(TAILED, "second_moment")).mean(axis=(1, 2)), 1, rtol=1e-12)
    np.testing.assert_array_equal(np.sign(normalise(TAILED, "second_moment")), np.sign(TAILED))


@pytest.mark.parametrize("how", ["max", "min_max", "second_moment"])
@pytest.mark.parametrize("factor", [1e-30, 3.0, 1e30])
def test_scale_does_not_matter(how, factor):
    np.testing.assert_allclose(normalise(factor * TAILED, how), normalise(TAILED, how), rtol=1e-12, atol=1e-15)


def test_each_map_is_rescaled_by_itself():
    for how in ("max", "min_max", "second_moment"):
        np.testing.assert_array_equal(normalise(TAILED, how)[1:2], normalise(TAILED[1:2], how))
