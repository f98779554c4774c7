"""Every registered method with settings that keep it fast, and one network that all of them apply to."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import keras
import numpy as np

from audit.methods.method import Method, method_value
from audit.network.loading.load import from_model
from audit.network.network import Network
from audit.registry import find, places
from tests.methods.explain import keys
from tests.networks import fill

FIELDS: Mapping[str, Mapping[str, Any]] = {
    "integrated_gradients": {"steps": 3},
    "smoothgrad": {"samples": 3},
    "smoothgrad_squared": {"samples": 3},
    "vargrad": {"samples": 3},
    "expected_gradients": {"samples": 3},
    "guided_integrated_gradients": {"steps": 3},
    "blur_integrated_gradients": {"steps": 3},
    "lime": {"samples": 30, "segments": 4},
    "kernel_shap": {"samples": 10, "segments": 6},
    "anchors": {"samples": 300, "segments": 6, "baseline": 20.0},  # far enough off to change a decision at all
    "xrai": {"steps": 3},
    "occlusion": {"stride": 4},
    "rise": {"samples": 9},
    "prediction_difference": {"stride": 4, "samples": 2},
    "meaningful_perturbation": {"iterations": 3},
    "extremal_perturbation": {"iterations": 3, "areas": (0.2,)},
    "sobol": {"points": 2, "grid": 4},
    "hsic": {"samples": 8, "grid": 4},
}
"""Fewer samples and steps than the defaults: what is tested for every method does not depend on how many."""

# Other people's code holds a model of its own: tests/methods/shared/test_with_model.py.
METHODS: Mapping[str, Method] = {
    name: method_value({name: FIELDS.get(name, {})})
    for name in places("methods")
    if getattr(find("methods", name), "needs", "") != "model"
}

BASES = tuple(name for name, method in METHODS.items() if method.compiled)
"""The methods that another may be wrapped around."""

COUNT = 4
INPUTS = np.random.default_rng(1).normal(size=(COUNT, 8, 8, 2)).astype(np.float32)
TARGETS = np.array([0, 1, 2, 1], np.int32)
KEYS = keys(COUNT)


@cache
def model() -> keras.Model:
    """Convolutions, batch normalisation, rectifiers, pooling, and a dense layer on the global average."""
    layers = [
        keras.Input((8, 8, 2)),
        keras.layers.Conv2D(4, 3, activation="relu", name="first"),
        keras.layers.Conv2D(6, 1, name="second"),
        keras.layers.BatchNormalization(name="normalise"),
        keras.layers.ReLU(name="rectify"),
        keras.layers.MaxPooling2D(name="pool"),
        keras.layers.GlobalAveragePooling2D(name="average"),
        keras.layers.Dense(3, name="logits"),
    ]
    return fill(keras.Sequential(layers), seed=5)  # with maps of both signs, and no Grad-CAM of zeros


@cache
def network() -> Network:
    """Return the network of ``model``."""
    return from_model(model())
