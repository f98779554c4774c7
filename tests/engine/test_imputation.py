"""Noisy linear imputation against closed forms and a dense solution."""

import numpy as np
import pytest

from audit.engine.imputation import impute
from audit.engine.removal import Filling, generators, mask, rank, replace

MEAN = np.array([0.5, -1.0])


def holes(seed: int, shape: tuple[int, ...], share: float) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) < share


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_constant_image_is_reproduced_exactly(share: float) -> None:
    x = np.full((5, 9, 7, 2), 0.3, np.float32)
    gone = holes(1, (5, 9, 7, 1), share)
    gone[:, 4, 3] = False
    assert gone[:, 0].any()  # borders included
    assert (impute(x, gone, channel_mean=MEAN, noise=0) == x).all()


@pytest.mark.parametrize("share", [0.3, 0.7, 1.0])
def test_a_ramp_is_reproduced_in_the_interior(share: float) -> None:
    down, across = np.mgrid[0:10, 0:8]
    ramp = np.stack([0.5 * down - 0.25 * across + 1, across / 8], axis=-1)[None].astype(np.float32)
    gone = holes(2, (1, 10, 8, 1), share)
    gone[:, [0, -1]] = gone[:, :, [0, -1]] = False  # what is known encloses the mask
    assert gone.any()
    assert np.abs(impute(ramp, gone, channel_mean=MEAN, noise=0) - ramp).max() < 1e-6


def test_every_removed_pixel_is_the_weighted_mean_of_its_neighbours() -> None:
    x = np.random.default_rng(0).standard_normal((1, 6, 5, 1)).astype(np.float32)
    gone = holes(3, (1, 6, 5, 1), 0.5)
    found = impute(x, gone, channel_mean=MEAN, noise=0)[0, :, :, 0]
    for i, j in np.argwhere(gone[0, :, :, 0]):
        near = [
            (found[a, b], 1 / 6 if (a == i) != (b == j) else 1 / 12)
            for a in range(max(i - 1, 0), min(i + 2, 6))
            for b in range(max(j - 1, 0), min(j + 2, 5))
            if (a, b) != (i, j)
        ]
        values, weights = np.array(near).T
        assert found[i, j] == pytest.approx((values * weights).sum() / weights.sum(), abs=1e-5)


def test_channels_share_the_mask_and_scalars_have_their_own() -> None:
    x = np.random.default_rng(0).standard_normal((2, 5, 5, 2)).astype(np.float32)
    gone = holes(4, (2, 5, 5, 2), 0.4)
    both = impute(x, gone, channel_mean=MEAN, noise=0)
    for channel in range(2):
        alone = impute(x[..., [channel]], gone[..., [channel]], channel_mean=MEAN[[channel]], noise=0)
        assert np.allclose(both[..., [channel]], alone, atol=1e-6)


def test_an_image_of_which_nothing_is_left_gets_the_channel_mean() -> None:
    x = np.ones((1, 4, 4, 2), np.float32)
    assert (impute(x, np.ones((1, 4, 4, 1), bool), channel_mean=MEAN, noise=0) == MEAN).all()


def test_an_image_that_lost_nothing_stays() -> None:
    x = np.random.default_rng(0).standard_normal((1, 4, 4, 2)).astype(np.float32)
    kept = impute(x, np.zeros((1, 4, 4, 1), bool), channel_mean=MEAN, noise=1, generators=generators("n", ["a"], 0))
    assert (kept == x).all()


def noisy(seed: int) -> Filling:
    return Filling(fill="noisy_linear", channel_mean=MEAN, seed=seed, noise=0.01)


def test_noise_has_its_size_and_belongs_to_the_input() -> None:
    x, ids = np.zeros((30, 12, 12, 2), np.float32), [str(number) for number in range(30)]
    gone = mask(rank(x, ids=ids, seed=0), 0.5)
    filled = replace(x, gone, noisy(7), ids=ids)
    removed = np.broadcast_to(gone.reshape(30, 12, 12, 1), x.shape)
    assert filled[removed].std() == pytest.approx(0.01, rel=0.05)
    assert (filled[~removed] == 0).all()
    part = replace(x[20:], gone[20:], noisy(7), ids=ids[20:])
    assert (part == filled[20:]).all()
    other = replace(x, gone, noisy(8), ids=ids)
    assert (other[removed] != filled[removed]).all()
