"""Prediction difference slowly in NumPy: each patch drawn from the Gaussian that its window gives."""

from typing import Any

import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.prediction_difference import PredictionDifference
from tests import networks
from tests.methods.explain import explain, keys
from tests.methods.one_patch import INPUTS, SIZE, inside, outside, random_weights, reads_one_patch, sigmoid, weighted
from tests.reference.threefry import fold, normal

PATCH, STRIDE, SAMPLES = 3, 2, 2
STARTS = (0, 2, 3)


def _drawn(
    x: np.ndarray, start: tuple[int, int], margin: int, correlation: float, noise: np.ndarray, *, clip: bool = True
) -> np.ndarray:
    """Return x (H, W, C) with the patch at ``start`` drawn, given its window; by the precision matrix of the window."""
    length = PATCH + 2 * margin
    corner = [min(max(each - margin, 0), SIZE - length) for each in start]
    places = [(i, j) for i in range(corner[0], corner[0] + length) for j in range(corner[1], corner[1] + length)]
    mine = [i for i, place in enumerate(places) if all(0 <= p - s < PATCH for p, s in zip(place, start, strict=True))]
    rest = sorted(set(range(len(places))) - set(mine))
    steps = np.array([[abs(a[0] - b[0]) + abs(a[1] - b[1]) for b in places] for a in places])
    precision = np.linalg.inv(np.where(steps == 0, 1.0, correlation**steps if correlation else 0.0))
    spread = np.linalg.cholesky(np.linalg.inv(precision[np.ix_(mine, mine)]))
    result = x.copy()
    for channel in range(x.shape[-1]):
        layer, mean = x[..., channel], x[..., channel].mean()
        known = np.array([layer[places[each]] - mean for each in rest])
        expected = -np.linalg.solve(precision[np.ix_(mine, mine)], precision[np.ix_(mine, rest)] @ known)
        values = mean + expected + layer.std() * spread @ noise[:, channel]
        for each, value in zip(mine, values, strict=True):
            result[(*places[each], channel)] = np.clip(value, x.min(), x.max()) if clip else value
    return result


@pytest.mark.parametrize(
    ("margin", "correlation", "evidence"),
    [(1, 0.8, "weight_of_evidence"), (1, 0.0, "probability"), (0, 0.5, "probability")],
)
def test_it_is_the_mean_gain_over_what_the_window_lets_guess(margin: int, correlation: float, evidence: Any) -> None:
    weights = random_weights() / 2
    method = PredictionDifference(
        patch=PATCH,
        stride=STRIDE,
        margin=margin,
        samples=SAMPLES,
        correlation=correlation,
        evidence=evidence,
        examples=50,
    )

    def gain(probability: float) -> float:
        corrected = (probability * 50 + 1) / (50 + 2)
        return probability if evidence == "probability" else np.log2(corrected / (1 - corrected))

    maps = explain(weighted(weights), method, INPUTS[:2], 0)
    for x, key, found in zip(INPUTS[:2].astype(np.float64), keys(2).tolist(), maps, strict=True):
        total, depth = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
        for number, start in enumerate((row, column) for row in STARTS for column in STARTS):
            noises = [normal(fold(fold(tuple(key), number), n), PATCH**2 * 2).reshape(-1, 2) for n in range(SAMPLES)]
            guesses = [_drawn(x, start, margin, correlation, noise) for noise in noises]
            unknown = np.mean([sigmoid((weights * guess).sum()) for guess in guesses])
            where = tuple(slice(each, each + PATCH) for each in start)
            total[where] += gain(float(sigmoid((weights * x).sum()))) - gain(float(unknown))
            depth[where] += 1
        assert np.allclose(found[..., 0], total / depth, atol=1e-3)


def test_it_recovers_the_only_patch_that_is_read() -> None:
    x = INPUTS.copy()
    x[:, 2:4, 3:5] += 1.0  # what the surroundings do not tell
    maps = explain(reads_one_patch(), PredictionDifference(patch=2, stride=1, margin=1), x, 0)
    assert (inside(maps).min(axis=1) > outside(maps).max(axis=1)).all()
    far = maps[:, [0, 0, 5, 5], [0, 5, 0, 1], 0]  # no patch over them touches what is read
    assert abs(far).max() < 1e-3 * inside(maps).max()  # the mean of equal probabilities, to within rounding


def test_what_the_surroundings_tell_is_not_missed() -> None:
    """A constant image has no spread: every patch is guessed exactly."""
    constant = np.full((1, SIZE, SIZE, 2), 0.7)
    assert abs(explain(weighted(random_weights()), PredictionDifference(patch=2), constant, 0)).max() < 1e-4


def test_flat_inputs_have_groups_of_features_and_large_patches_are_refused() -> None:
    x = np.random.default_rng(0).normal(size=(2, 6))
    maps = explain(networks.mlp(), PredictionDifference(patch=2, samples=2), x, 1)
    assert maps.shape == (2, 6) and maps.std() > 0
    with pytest.raises(InputError, match="prediction_difference"):
        PredictionDifference(patch=7).attribute(networks.mlp())


def test_its_noise_is_what_a_linear_score_loses_at_the_mean_of_each_patch() -> None:
    method = PredictionDifference(patch=PATCH, stride=STRIDE, margin=1, correlation=0.8)
    noise = method.noise_map(reads_one_patch(), INPUTS[0], np.random.default_rng(6))[..., 0]
    weights = np.random.default_rng(6).standard_normal(INPUTS.shape[1:], dtype=np.float32)
    x, total, depth = INPUTS[0].astype(np.float64), np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    for start in ((row, column) for row in STARTS for column in STARTS):
        where = tuple(slice(each, each + PATCH) for each in start)
        total[where] += (weights * (x - _drawn(x, start, 1, 0.8, np.zeros((PATCH**2, 2)), clip=False))).sum()
        depth[where] += 1
    assert np.allclose(noise, total / depth, atol=1e-3)
