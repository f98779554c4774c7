"""Pearson against SciPy."""

import numpy as np
from scipy.stats import pearsonr

from audit.similarities.pearson import Pearson


def test_equals_scipy():
    a, b = np.random.default_rng(0).standard_normal((2, 9, 7, 5)).astype(np.float32)
    b = np.exp(a + 0.5 * b)
    expected = [pearsonr(x.ravel().astype(float), y.ravel().astype(float)).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(Pearson().between(a, b), expected, atol=1e-12)


def test_a_map_and_its_negative_are_minus_one():
    a = np.random.default_rng(1).standard_normal((9, 40)).astype(np.float32)
    np.testing.assert_allclose(Pearson().between(a, 1 - 2 * a), -1, atol=1e-6)


def test_squares_neither_vanish_nor_overflow():
    a, b = np.random.default_rng(2).standard_normal((2, 5, 40))
    for factor in (1e-200, 1e200):
        np.testing.assert_allclose(Pearson().between(factor * a, b), Pearson().between(a, b), atol=1e-12)
