"""Guided Grad-CAM is the product of its two parts."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.grad_cam import GradCam
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.guided_grad_cam import GuidedGradCam
from tests import networks
from tests.methods.explain import explain
from tests.methods.pooled import pooled


@pytest.mark.parametrize("layer", ["first", "auto"])
def test_it_is_guided_backprop_times_grad_cam(layer: str) -> None:
    network, x = pooled(), np.random.default_rng(0).normal(size=(3, 6, 4, 2))
    parts = [explain(network, method, x, [0, 1, 2]) for method in (GuidedBackprop(), GradCam(layer=layer))]
    maps = explain(network, GuidedGradCam(layer=layer), x, [0, 1, 2])
    assert maps.shape == (3, 6, 4, 2) and maps.any()
    assert np.allclose(maps, parts[0] * parts[1], rtol=1e-5, atol=1e-6)


def test_it_applies_where_both_apply() -> None:
    with pytest.raises(InputError, match="not convolutional"):
        GuidedGradCam().attribute(networks.mlp())
