"""RISE against its formula, mask by mask, with masks that NumPy resizes and crops."""

from typing import Any

import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.rise import Rise
from tests import networks
from tests.methods.explain import explain, keys
from tests.methods.one_patch import INPUTS, SIZE, inside, outside, random_weights, reads_one_patch, sigmoid, weighted
from tests.reference.bilinear import bilinear
from tests.reference.threefry import fold, uniform


def _mask(key: tuple[int, int], grid: int, probability: float) -> np.ndarray:
    """Return one mask as the paper makes it: resized to one cell more than the image, and cropped."""
    kept = uniform(fold(key, 0), grid * grid).reshape(grid, grid) <= probability
    cell = -(-SIZE // grid)
    whole = bilinear(kept, (grid + 1) * cell, (grid + 1) * cell)
    down, right = (int(np.ceil(shift * cell)) - 1 for shift in uniform(fold(key, 1), 2))
    return whole[down : down + SIZE, right : right + SIZE]


@pytest.mark.parametrize(
    ("grid", "probability", "baseline", "output", "normalise"),
    [(3, 0.5, "zeros", "logit", "expected"), (4, 0.3, 0.2, "probability", "expected"), (3, 0.4, 0.1, "logit", "drawn")],
)
def test_it_is_the_mean_of_its_masks_weighted_by_the_score(
    grid: int, probability: float, baseline: Any, output: Any, normalise: Any
) -> None:
    weights, samples = random_weights() / 4, 12
    hidden = 0.0 if baseline == "zeros" else baseline
    method = Rise(
        samples=samples, grid=grid, probability=probability, baseline=baseline, output=output, normalise=normalise
    )
    maps = explain(weighted(weights), method, INPUTS, 0)
    for x, key, found in zip(INPUTS, keys(len(INPUTS)).tolist(), maps, strict=True):
        total, shown = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
        for sample in range(samples):
            mask = _mask(fold(tuple(key), sample), grid, probability)
            logit = (weights * (hidden + mask[..., None] * (x - hidden))).sum()
            total += (sigmoid(logit) if output == "probability" else logit) * mask
            shown += mask
        divisor = samples * probability if normalise == "expected" else np.where(shown > 0, shown, np.inf)
        assert np.allclose(found[..., 0], total / divisor, atol=1e-4)


def test_divided_by_the_drawn_masks_a_constant_score_leaves_a_constant_map() -> None:
    """The expected sum leaves the masks' unevenness in the map of a network that ignores its input."""
    constant = weighted(np.zeros_like(random_weights()))
    even, uneven = (explain(constant, Rise(samples=40, normalise=each), INPUTS, 0) for each in ("drawn", "expected"))
    assert np.ptp(even) <= 1e-6 < np.ptp(uneven)


def test_it_recovers_the_only_patch_that_is_read() -> None:
    maps = explain(reads_one_patch(), Rise(samples=2000, grid=6), INPUTS, 0)
    assert (inside(maps).mean(axis=1) > outside(maps).max(axis=1)).all()
    places = maps.reshape(len(maps), -1).argmax(axis=1)
    assert set(zip(places // SIZE, places % SIZE, strict=True)) <= {(2, 3), (2, 4), (3, 3), (3, 4)}


def test_flat_inputs_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="rise"):
        Rise().attribute(networks.mlp())


def test_its_noise_shares_the_masks_of_the_input() -> None:
    """Positive scores under the same masks leave the same uneven background: the null must show it too."""
    method, network = Rise(samples=30), reads_one_patch()
    draws, other = (
        [method.noise_map(network, INPUTS[row], each) for each in np.random.default_rng(0).spawn(20)] for row in (0, 1)
    )
    together = np.corrcoef(np.reshape(draws, (20, -1)))[np.triu_indices(20, 1)].mean()
    apart = np.corrcoef(np.reshape([*draws, *other], (40, -1)))[:20, 20:].mean()
    assert together > apart + 0.3
