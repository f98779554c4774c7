"""A constant image is its own mean: under a ``mean`` baseline nothing changes, so every map is zero, to the bit."""

from dataclasses import fields, replace

import numpy as np
import pytest

from audit.methods.method import Method
from tests.methods.cases import METHODS, network
from tests.methods.explain import explain

WITH_A_BASELINE = [
    name for name, method in METHODS.items() if any(field.name == "baseline" for field in fields(type(method)))
]


def test_some_methods_have_a_baseline() -> None:
    assert {"integrated_gradients", "kernel_shap", "lime", "occlusion"} <= set(WITH_A_BASELINE)


@pytest.mark.parametrize("name", WITH_A_BASELINE)
def test_a_constant_image_under_a_mean_baseline_has_a_map_of_zeros(name: str) -> None:
    images = np.full((3, 8, 8, 2), 0.1, np.float32) * np.array([1.0, 7.0, -3.0], np.float32)[:, None, None, None]
    images[..., 1] *= 0.3
    found = explain(network(), _from_the_mean(name), images, [0, 1, 2])
    # RISE shows the score itself, which no mask changes; the others show changes of it.
    assert (np.ptp(found, axis=(1, 2)) <= 1e-6 * abs(found).max()).all() if name == "rise" else (found == 0).all()


def _from_the_mean(name: str) -> Method:
    method = replace(METHODS[name], baseline="mean")
    return replace(method, normalise="drawn") if name == "rise" else method
