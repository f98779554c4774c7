"""Layer-CAM against its formula in slow NumPy."""

import numpy as np
import pytest

from audit.methods.layer_cam import LayerCam
from tests.methods.explain import explain
from tests.methods.pooled import Slow, pooled
from tests.reference.bilinear import bilinear


@pytest.mark.parametrize("layer", ["first", "last"])
def test_it_equals_its_formula(layer: str) -> None:
    network, x = pooled(), np.random.default_rng(0).normal(size=(3, 6, 4, 2)).astype(np.float32)
    maps = explain(network, LayerCam(layer=layer), x, [0, 1, 2])
    for target, row in enumerate(x):
        activation, slope = Slow(network).activation_and_slope(row, target, layer)
        combined = np.maximum((np.maximum(slope, 0) * activation).sum(axis=-1), 0)
        assert np.allclose(maps[target, ..., 0], bilinear(combined, 6, 4), atol=1e-4)
    assert maps.any()
