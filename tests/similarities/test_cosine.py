"""The cosine against its definition, and the agreement of independent magnitudes."""

import numpy as np

from audit.similarities.cosine import Cosine


def test_equals_the_definition():
    a, b = np.random.default_rng(0).standard_normal((2, 9, 7, 5)).astype(np.float32)
    expected = [x.ravel() @ y.ravel() / np.linalg.norm(x) / np.linalg.norm(y) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(Cosine().between(a, b), expected, atol=1e-6)
    np.testing.assert_allclose(Cosine().between(a, -a), -1, atol=1e-12)


def test_independent_magnitudes_agree_by_two_over_pi_and_the_null_says_so():
    a, b = np.abs(np.random.default_rng(1).standard_normal((2, 40, 60, 60)))
    assert abs(Cosine().between(a, b).mean() - 2 / np.pi) < 0.005
    assert abs(Cosine().shuffled(a, b, []).mean() - 2 / np.pi) < 0.005


def test_the_null_is_exactly_the_mean_over_all_shuffles():
    """Every place of one map meets every place of the other once in the circular shifts of one of them."""
    a, b = np.random.default_rng(2).exponential(size=(2, 1, 30))
    shifts = np.stack([np.roll(b[0], shift) for shift in range(30)])
    expected = Cosine().between(np.repeat(a, 30, axis=0), shifts).mean()
    np.testing.assert_allclose(Cosine().shuffled(a, b, []), expected, atol=1e-12)
