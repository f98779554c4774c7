"""XRAI: its regions nest and are ranked by what they add, its gradients are complete, and a lone patch comes first."""

from dataclasses import replace

import numpy as np
import pytest
from keras import ops
from skimage.segmentation import felzenszwalb

from audit.errors import InputError
from audit.methods.xrai import Xrai, ranked
from audit.network.network import Network
from tests import networks
from tests.methods.explain import explain

SIZE = 12
PATCH = (slice(2, 6), slice(7, 11))


def image_with_a_patch() -> np.ndarray:
    """Return a dark image (1, H, W, 1) with a bright patch, so that segments know its outline."""
    x = np.full((1, SIZE, SIZE, 1), 0.1, np.float32) + 0.02 * np.random.default_rng(0).random((1, SIZE, SIZE, 1))
    x[0][PATCH] += 0.8
    return x.astype(np.float32)


def weighted(weights: np.ndarray) -> Network:
    """Return the network f(x) = sum of weights (H, W, C) times x."""
    flat = networks.linear(weights.reshape(-1, 1), [0.0])

    def apply(params, x):
        return flat.apply(params, ops.reshape(x, (-1, weights.size)))

    return replace(flat, input_shape=weights.shape, apply=apply)


def slowly_ranked(attribution: np.ndarray, regions: np.ndarray) -> list[tuple[set[int], float]]:
    """Return what each region adds and the mean of it, every density computed anew at each step."""
    covered, found = set(), []
    while len(covered) < len(attribution):
        rests = [set(np.flatnonzero(region).tolist()) - covered for region in regions]
        gains = [np.mean(attribution[sorted(rest)]) if rest else -np.inf for rest in rests]
        best = int(np.argmax(gains))
        covered |= rests[best]
        found.append((rests[best], float(gains[best])))
    return found


def test_regions_are_ranked_by_the_density_that_each_adds_and_nest() -> None:
    generator = np.random.default_rng(0)
    for _ in range(5):
        regions = np.concatenate([np.ones((1, 40), bool), generator.random((12, 40)) < 0.3])
        attribution = generator.normal(size=40)
        found = ranked(attribution, regions)
        expected = slowly_ranked(attribution, regions)
        assert [set(each.pixels.tolist()) for each in found] == [pixels for pixels, _ in expected]
        np.testing.assert_allclose([each.gain for each in found], [gain for _, gain in expected])
        together = np.concatenate([each.pixels for each in found])
        assert sorted(together.tolist()) == list(range(40))  # disjoint, so the first k together nest, and cover all
        np.testing.assert_allclose(sum(each.gain * len(each.pixels) for each in found), attribution.sum())


def test_of_disjoint_regions_the_one_with_the_greater_mean_comes_first() -> None:
    regions = np.repeat(np.eye(4, dtype=bool), 5, axis=1)
    attribution = np.repeat([0.2, -1.0, 3.0, 0.5], 5) + np.tile([-0.1, 0, 0.1, 0, 0], 4)
    found = ranked(attribution, regions)
    assert [int(each.pixels[0]) // 5 for each in found] == [2, 3, 0, 1]
    np.testing.assert_allclose([each.gain for each in found], [3.0, 0.5, 0.2, -1.0])


@pytest.mark.parametrize("dilation", [0.0, 0.1])
def test_the_patch_that_the_network_reads_comes_first(dilation: float) -> None:
    weights = np.zeros((SIZE, SIZE, 1))
    weights[PATCH] = 1.0
    x, method = image_with_a_patch(), Xrai(steps=2, dilation=dilation)
    found = explain(weighted(weights), method, x, 0)[0, ..., 0]
    inside = weights[..., 0] > 0
    if dilation == 0.0:  # widened segments share the patch's outline with what surrounds it
        assert found[inside].min() > found[~inside].max()
    # The mean of x - black and x - white, which is what both lines of integrated gradients give a linear score.
    attribution = (weights * (x[0] - (x.min() + x.max()) / 2)).astype(np.float64).ravel()
    first = ranked(attribution, method.regions(x[0]))[0]
    assert inside.ravel()[first.pixels].all()
    np.testing.assert_allclose(found.max(), first.gain, rtol=1e-5)
    assert np.array_equal(np.flatnonzero(found == found.max()), first.pixels)


def test_the_map_keeps_the_sum_of_integrated_gradients_which_is_complete() -> None:
    kernel = np.random.default_rng(2).normal(size=(3, 3))
    network, x = networks.sum_pool(kernel), np.random.default_rng(1).random((2, 6, 6, 1), np.float32)
    found = explain(network, Xrai(steps=400), x, 0)
    for each, row, start in zip(found, x, np.swapaxes(Xrai().baselines(x, {}), 0, 1), strict=True):

        def score(image: np.ndarray) -> float:
            padded = np.pad(image[..., 0], 1)
            seen = sum(kernel[i, j] * padded[i : i + 6, j : j + 6] for i in range(3) for j in range(3))
            return float(np.maximum(seen, 0).sum())

        assert [np.unique(end).tolist() for end in start] == [[row.min()], [row.max()]]
        np.testing.assert_allclose(each.sum(), score(row) - np.mean([*map(score, start)]), rtol=1e-3, atol=1e-2)


def test_regions_of_all_scales_cover_the_image_and_dilation_widens_them() -> None:
    x = image_with_a_patch()[0]
    plain, wide = Xrai(dilation=0.0).regions(x), Xrai(dilation=0.1).regions(x)
    assert plain.shape == wide.shape and plain.sum() == 6 * SIZE * SIZE  # six scales, each a partition
    assert (wide >= plain).all() and wide.sum() > plain.sum()
    np.testing.assert_array_equal(Xrai(dilation=0.0).regions(2 * x + 1), plain)


def test_segments_are_those_of_the_image_between_minus_1_and_1_whatever_its_own_range() -> None:
    unit = np.random.default_rng(4).random((SIZE, SIZE, 3)).astype(np.float32)
    unit[0, 0], unit[1, 1] = 0.0, 1.0
    method = Xrai(dilation=0.0)
    expected = []
    for scale in method.scales:
        labels = felzenszwalb(2 * unit.astype(np.float64) - 1, scale=scale, sigma=0.8, min_size=1, channel_axis=-1)
        expected += [(labels == label).ravel() for label in np.unique(labels)]
    np.testing.assert_array_equal(method.regions(10 * unit - 3), expected)


def test_flat_inputs_are_refused_and_its_null_ranks_the_same_regions() -> None:
    with pytest.raises(InputError, match="`xrai` does not apply: it needs images"):
        Xrai().attribute(networks.mlp())
    x = image_with_a_patch()[0]
    noise = Xrai().noise_map(networks.cnn(SIZE), x, np.random.default_rng(0))
    assert noise.shape == (SIZE, SIZE, 1) and len(np.unique(noise)) < SIZE * SIZE / 2
