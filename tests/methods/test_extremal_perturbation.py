"""Extremal perturbation: masks cover the patch that is read, have the declared area, and are smooth as declared."""

import numpy as np
import pytest

from audit.backend import active
from audit.errors import InputError
from audit.methods.extremal_perturbation import ExtremalPerturbation, ranked
from tests import networks
from tests.methods.explain import explain, tensor
from tests.methods.one_patch import INPUTS, PATCH, SIZE, inside, outside, reads_one_patch

AREA = 4 / SIZE**2
"""That of the patch."""

SHARP = {"sigma": 0.01, "reference": "zeros", "areas": (AREA,)}
"""No neighbour reaches far enough to matter: the map is the mask itself."""


def _score(maps: np.ndarray) -> np.ndarray:
    return (INPUTS * maps)[:, PATCH[0], PATCH[1]].sum(axis=(1, 2, 3))


def test_it_keeps_the_patch_that_is_read_and_nothing_else() -> None:
    maps = explain(reads_one_patch(), ExtremalPerturbation(**SHARP), INPUTS, 0)
    assert (inside(maps) > 0.9).all() and (outside(maps) < 0.1).all()
    assert np.allclose(maps.mean(axis=(1, 2, 3)), AREA, atol=0.02)
    assert maps.min() >= 0 and maps.max() <= 1


def test_longer_descents_meet_the_area_better_and_keep_no_less_of_the_score() -> None:
    short, long = (
        explain(reads_one_patch(), ExtremalPerturbation(iterations=iterations, **SHARP), INPUTS, 0)
        for iterations in (10, 100)
    )
    values = [_score(maps) - 300 * _area_gap(maps) for maps in (short, long)]
    assert (values[1] > values[0]).all()


def _area_gap(maps: np.ndarray) -> np.ndarray:
    """Return the penalty of masks of the patch's area: (B,)."""
    target = np.concatenate([np.zeros(SIZE**2 - 4), np.ones(4)])
    return ((np.sort(maps.reshape(len(maps), -1).astype(np.float64)) - target) ** 2).mean(axis=1)


def test_smooth_masks_of_several_areas_cover_the_patch_and_average_their_areas() -> None:
    areas = (0.2, 0.4)
    maps = explain(reads_one_patch(), ExtremalPerturbation(areas=areas, reference="zeros"), INPUTS, 0)
    assert (inside(maps).min(axis=1) > outside(maps).mean(axis=1) + 0.3).all()
    assert np.allclose(maps.mean(axis=(1, 2, 3)), np.mean(areas), atol=0.1)


def test_the_smooth_mask_is_a_maximum_convolution() -> None:
    method = ExtremalPerturbation(sigma=0.3)
    coarse = np.random.default_rng(0).uniform(size=(2, 5, 4)).astype(np.float32)
    found = active().to_numpy(method._smooth(tensor(coarse), (5, 4)))
    width = 0.3 * 4
    for mask, smooth in zip(coarse.astype(np.float64), found, strict=True):
        mirrored = np.pad(mask, 3, mode="symmetric")
        for row, column in np.ndindex(5, 4):
            parts = []
            for down in range(-3, 4):
                for right in range(-3, 4):
                    near = np.exp(-2 * max(0.0, np.hypot(down, right) / width - 0.5) ** 2)
                    parts.append(near * mirrored[row + 3 + down, column + 3 + right])
            weights = np.exp(20 * np.array(parts))
            assert smooth[row, column] == pytest.approx((parts * weights).sum() / weights.sum(), abs=1e-5)


def test_the_highest_share_is_drawn_to_one_and_ties_share_what_is_left() -> None:
    masks = np.array([[[0.1, 0.9], [0.5, 0.7]], [[0.5, 0.5], [0.5, 0.9]], [[0.3, 0.3], [0.3, 0.3]]], np.float32)
    drawn = active().to_numpy(ranked(tensor(masks), tensor(np.float32(0.5))))
    assert np.allclose(drawn[0], [[0, 1], [0, 1]])
    assert np.allclose(drawn[1], [[1 / 3, 1 / 3], [1 / 3, 1]])
    assert np.allclose(drawn[2], 0.5)
    assert np.allclose(drawn.mean(axis=(1, 2)), 0.5)


def test_flat_inputs_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="extremal_perturbation"):
        ExtremalPerturbation().attribute(networks.mlp())


def test_its_noise_has_the_areas_of_its_masks() -> None:
    method = ExtremalPerturbation(**SHARP)
    noise = method.noise_map(reads_one_patch(), INPUTS[0], np.random.default_rng(2))
    weights = np.random.default_rng(2).standard_normal(INPUTS.shape[1:], dtype=np.float32)
    parts = (weights * INPUTS[0]).sum(axis=-1).ravel()
    assert set(np.flatnonzero(noise.ravel() > 0.5)) == set(np.argsort(parts)[-4:])
