"""Blur integrated gradients: the sum over the path of blurred images, and its completeness."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.blur_integrated_gradients import BlurIntegratedGradients
from audit.methods.gradient import Gradient
from tests import networks
from tests.methods.explain import explain, logits
from tests.reference.discrete_gaussian import discrete_gaussian

_RANDOM = np.random.default_rng(0)


def test_it_is_the_sum_of_gradients_times_steps_along_the_blurred_images() -> None:
    network, x = networks.cnn(), _RANDOM.normal(size=(2, 8, 8, 1)).astype(np.float32)
    widths = 0.3 * 8 * (1 - np.arange(9) / 8)  # four steps: their ends at even places, their middles between
    path = [np.stack([discrete_gaussian(image, width) for image in x]) for width in widths]
    slopes = [explain(network, Gradient(), path[place], 1) for place in (1, 3, 5, 7)]
    ways = [path[place + 1] - path[place - 1] for place in (1, 3, 5, 7)]
    maps = explain(network, BlurIntegratedGradients(steps=4, max_sigma=0.3), x, 1)
    assert np.allclose(maps, np.sum(np.multiply(slopes, ways), axis=0), atol=1e-5)
    local = BlurIntegratedGradients(steps=4, max_sigma=0.3, multiply_by_input=False)
    assert np.allclose(explain(network, local, x, 1), np.mean(slopes, axis=0), atol=1e-5)


def test_its_baseline_is_the_blurred_input_and_masks_its_noise() -> None:
    x = _RANDOM.normal(size=(1, 8, 6, 2)).astype(np.float32)
    start = BlurIntegratedGradients(max_sigma=0.5).baselines(x, {})
    assert np.allclose(start[0], discrete_gaussian(x[0], 3.0), atol=1e-5)
    even = np.full((8, 8, 1), 0.7, np.float32)
    noise = BlurIntegratedGradients().noise_map(networks.cnn(), even, np.random.default_rng(0))
    assert np.allclose(noise, 0, atol=1e-5)


@pytest.mark.parametrize("max_sigma", [0.22, 2.0])
def test_attributions_sum_to_the_change_of_the_logit_as_steps_grow(max_sigma: float) -> None:
    network, x = networks.residual(), _RANDOM.normal(size=(4, 8, 8, 2)).astype(np.float32)
    start = BlurIntegratedGradients(max_sigma=max_sigma).baselines(x, {})
    change = (logits(network, x) - logits(network, start))[:, 2]
    gaps = [
        abs(explain(network, BlurIntegratedGradients(steps=steps, max_sigma=max_sigma), x, 2).sum((1, 2, 3)) - change)
        for steps in (4, 400)
    ]
    assert gaps[1].max() < 0.02 * abs(change).max()
    assert gaps[1].mean() < gaps[0].mean() / 4


def test_flat_inputs_are_refused() -> None:
    with pytest.raises(InputError, match="needs images") as caught:
        BlurIntegratedGradients().attribute(networks.mlp())
    assert caught.value.code == "T120"
