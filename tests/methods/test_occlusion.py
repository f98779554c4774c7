"""Occlusion in closed form on linear scores, and slowly in NumPy on probabilities."""

from typing import Any

import numpy as np
import pytest

from audit.methods.occlusion import Occlusion
from tests.methods.explain import explain
from tests.methods.one_patch import INPUTS, SIZE, inside, outside, random_weights, reads_one_patch, sigmoid, weighted


def _starts(patch: int, stride: int) -> list[int]:
    return sorted({*range(0, SIZE - patch, stride), SIZE - patch})


@pytest.mark.parametrize(
    ("patch", "stride", "baseline", "output"),
    [(2, 2, 0.3, "logit"), (3, 2, "mean", "logit"), (4, 3, "zeros", "probability"), (1, 1, "mean", "probability")],
)
def test_it_is_the_mean_drop_of_the_patches_over_a_pixel(patch: int, stride: int, baseline: Any, output: Any) -> None:
    weights = random_weights()
    score = sigmoid if output == "probability" else np.asarray
    method = Occlusion(patch=patch, stride=stride, baseline=baseline, output=output)
    for x, found in zip(INPUTS, explain(weighted(weights), method, INPUTS, 0), strict=True):
        cover = x.mean(axis=(0, 1)) if baseline == "mean" else np.full(2, 0.0 if baseline == "zeros" else baseline)
        total, depth = np.zeros((SIZE, SIZE, 1)), np.zeros((SIZE, SIZE, 1))
        for row in _starts(patch, stride):
            for column in _starts(patch, stride):
                covered = x.astype(np.float64)
                covered[row : row + patch, column : column + patch] = cover
                drop = score((weights * x).sum()) - score((weights * covered).sum())
                total[row : row + patch, column : column + patch] += drop
                depth[row : row + patch, column : column + patch] += 1
        assert np.allclose(found, total / depth, atol=1e-4)


def test_it_recovers_the_only_patch_that_is_read() -> None:
    maps = explain(reads_one_patch(), Occlusion(patch=2, stride=1, baseline="zeros"), INPUTS, 0)
    assert (inside(maps).min(axis=1) > outside(maps).max(axis=1)).all()
    far = maps[:, [0, 0, 5, 5], [0, 5, 0, 1], 0]  # no patch over them touches what is read
    assert not far.any()


def test_its_noise_is_the_map_of_a_linear_score_with_noise_for_weights() -> None:
    method = Occlusion(patch=3, stride=2, baseline=0.3, output="logit")
    weights = np.random.default_rng(5).standard_normal(INPUTS.shape[1:], dtype=np.float32)
    noise = method.noise_map(reads_one_patch(), INPUTS[0], np.random.default_rng(5))
    assert np.allclose(noise, explain(weighted(weights), method, INPUTS[:1], 0)[0], atol=1e-4)
