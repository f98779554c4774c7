"""From where contributions are measured: what a method declares, its base's, or zeros."""

import numpy as np

from audit.engine.baselines import baselines
from audit.methods.gradient import Gradient
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.smoothgrad import SmoothGrad

X = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)


def test_a_method_without_any_starts_from_zeros() -> None:
    found = baselines(Gradient(), X, {})
    assert found.shape == (1, 3, 5) and not found.any()


def test_declared_baselines_are_taken_by_what_wraps_the_method_too() -> None:
    base = IntegratedGradients(baseline="mean")
    for method in (base, SmoothGrad(base=base)):
        found = baselines(method, X, {})
        assert found.shape == (1, 3, 5)
        assert np.allclose(found[0], X.mean(axis=1, keepdims=True), atol=1e-6)
