"""HSIC against trace(K H L H) with whole kernel matrices, in slow NumPy."""

import numpy as np

from audit.methods.hsic import Hsic, balanced
from tests.methods.explain import explain, keys
from tests.methods.one_patch import INPUTS, SIZE, random_weights, reads_one_patch, weighted
from tests.reference.threefry import uniform


def _reference(masks: np.ndarray, scores: np.ndarray) -> np.ndarray:
    count = len(scores)
    centring = np.eye(count) - 1 / count
    of_scores = np.exp(-((scores[:, None] - scores[None]) ** 2) / (2 * scores.var()))
    same = [(column[:, None] == column[None]).astype(float) for column in masks.T]
    return np.array([np.trace(each @ centring @ of_scores @ centring) for each in same]) / (count - 1) ** 2


def test_it_is_the_trace_of_the_centred_kernels() -> None:
    weights, samples = random_weights(), 20
    maps = explain(weighted(weights), Hsic(samples=samples, grid=3, baseline=0.2), INPUTS, 0)
    for x, key, found in zip(INPUTS.astype(np.float64), keys(len(INPUTS)).tolist(), maps, strict=True):
        inverted = uniform(tuple(key), 9) <= 0.5
        masks = (balanced(samples, 9) > 0) ^ inverted
        wide = np.kron(masks.reshape(-1, 3, 3), np.ones((2, 2)))[..., None]
        scores = (weights * (0.2 + wide * (x - 0.2))).sum(axis=(1, 2, 3))
        expected = np.kron(_reference(masks, scores).reshape(3, 3), np.ones((2, 2)))
        assert np.allclose(found[..., 0], expected, rtol=1e-3, atol=1e-6)


def test_the_only_cell_that_matters_comes_first_by_far() -> None:
    weights = np.zeros((SIZE, SIZE, 2))
    weights[2:4, 4:6] = 1.0
    maps = explain(weighted(weights), Hsic(samples=200, grid=3), INPUTS, 0)[..., 0]
    assert (maps[:, 2:4, 4:6].min(axis=(1, 2)) > 10 * np.sort(maps.reshape(3, -1), axis=1)[:, -5]).all()
    assert not explain(weighted(0 * weights, 3.0), Hsic(samples=8, grid=3), INPUTS, 0).any()


def test_the_design_sees_each_cell_in_half_of_its_masks() -> None:
    masks = balanced(50, 7)
    assert (masks.sum(axis=0) == 25).all() and set(np.unique(masks)) == {0.0, 1.0}
    assert abs(np.corrcoef(masks.T) - np.eye(7)).max() < 0.5  # and the cells do not move together


def test_its_noise_is_the_criterion_of_a_linear_score_with_noise_for_weights() -> None:
    x = INPUTS[0].astype(np.float64)
    noise = Hsic(samples=20, grid=3).noise_map(reads_one_patch(), INPUTS[0], np.random.default_rng(4))
    weights = np.random.default_rng(4).standard_normal(x.shape, dtype=np.float32)
    masks = balanced(20, 9)
    parts = (weights * x).sum(axis=-1).reshape(3, 2, 3, 2).sum(axis=(1, 3)).ravel()
    expected = np.kron(_reference(masks, masks @ parts).reshape(3, 3), np.ones((2, 2)))
    assert np.allclose(noise[..., 0], expected, rtol=1e-3, atol=1e-6)
