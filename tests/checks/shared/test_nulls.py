"""The nulls of a re-draw against a slow derivation on made-up maps."""

from itertools import combinations

import numpy as np
import pytest

from audit.checks.shared.nulls import measure_gradient, measure_null
from audit.record import Architecture, Intact, Original, Randomized
from audit.similarities.spearman import Spearman, spearman
from tests.audits import MadeUpBench, MadeUpNulls

N = 6
OPTIONS = {"similarity": Spearman(), "channels": "sum"}
FACTOR = np.random.default_rng(5).random((N, 6, 6, 1)).astype(np.float32)


def made(*key):
    return np.random.default_rng([11, *key]).standard_normal((N, 6, 6, 1)).astype(np.float32)


def gradients(condition):
    return made(0) if isinstance(condition, Original) else made(condition.stage, condition.seed)


class Bench(MadeUpBench):
    factor = None

    @property
    def nulls(self):
        nulls = MadeUpNulls(gradients, lambda draw: made(100, draw))
        nulls.factor = lambda method: self.factor
        return nulls


@pytest.fixture(params=[None, FACTOR], ids=["plain", "times the input"])
def bench(request):
    bench = Bench(gradients, lambda draw: made(200, draw))
    bench.factor = request.param
    return bench


def rho(a, b, factor):
    times = 1 if factor is None else factor
    return spearman(np.abs((a * times)[..., 0]), np.abs((b * times)[..., 0]))


def test_the_null_of_what_is_intact(bench):
    found = measure_null("m", Intact(mode="cascading", stage=2, draws=4), bench, **OPTIONS).scores
    noise = [made(100, draw) for draw in range(4)]
    pairs = [rho(a, b, bench.factor) for a, b in combinations(noise, 2)]
    behind = [rho(made(0), each, bench.factor) for each in noise]
    np.testing.assert_allclose(found["noise_absolute"], np.mean(pairs, axis=0))
    np.testing.assert_allclose(found["behind_absolute"], np.mean(behind, axis=0))
    assert (found["noise_signed"] >= 0).all()  # a mean of magnitudes


def test_the_null_of_the_architecture_is_that_of_other_inputs(bench):
    found = measure_null("m", Architecture(stages=3), bench, **OPTIONS).scores["architecture_absolute"]
    maps, other = [made(3, seed) for seed in range(3)], np.roll(np.arange(N), 1)
    slow = np.mean([rho(a, b[other], None).mean() for a, b in combinations(maps, 2)])
    assert found == pytest.approx([0.0 if bench.factor is not None else slow])


def test_the_gradient_is_compared_as_the_maps_are(bench):
    condition = Randomized(mode="cascading", stage=2, seed=1)
    found = measure_gradient("m", condition, bench, **OPTIONS)
    np.testing.assert_allclose(found["gradient_absolute"], rho(made(0), made(2, 1), bench.factor))
    assert found["live"].tolist() == [1.0] * N
