"""Coalitions weigh what the Shapley kernel says."""

from math import comb

import numpy as np
import pytest

from audit.methods.perturbation.coalitions import coalitions


@pytest.mark.parametrize(("units", "budget"), [(6, 62), (6, 30), (7, 125), (12, 200), (30, 100), (2, 2), (3, 6)])
def test_coalitions_weigh_what_the_kernel_says_and_keep_to_the_budget(units: int, budget: int) -> None:
    kept, weights = coalitions(units, budget, np.random.default_rng(0))
    sizes = kept.sum(axis=1)
    assert len(kept) == len(weights) <= budget and (sizes > 0).all() and (sizes < units).all()
    np.testing.assert_allclose(weights.sum(), sum((units - 1) / (s * (units - s)) for s in range(1, units)))
    if budget >= 2**units - 2:
        assert len(np.unique(kept, axis=0)) == len(kept) == 2**units - 2
        np.testing.assert_allclose(weights, [(units - 1) / (comb(units, s) * s * (units - s)) for s in sizes])
    else:
        assert set(map(bytes, ~kept)) == set(map(bytes, kept))  # every coalition with its complement
