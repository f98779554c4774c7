"""Which methods are measured where the truth is known: every registered one, at stated settings where it needs some."""

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

import numpy as np

from audit.registry import find, places

MOST, FEWER, FEWEST = 145, 60, 30  # inputs that are explained; the most are all test images of the two objects
COSTLY = 100  # evaluations of the network for one map
SLOW = ("tf_keras_vis: {method: smoothgrad, samples: 3}", "tf_keras_vis: {method: score_cam}")
"""What takes a tenth of a second for one map and more, whatever it evaluates."""

LIBRARIES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "tf_explain": {},
    "tf_keras_vis": {"smoothgrad": {"samples": 3}},
}
"""Other people's code, each of whose methods is measured; what is not by default, by method."""

SETTINGS: Mapping[str, list[dict[str, Any]]] = {
    **{name: [{}, {"base": "input_times_gradient"}] for name in ("smoothgrad", "smoothgrad_squared", "vargrad")},
    "extremal_perturbation": [{"areas": [0.2], "iterations": 50}],  # a sixth of the default's evaluations
    "guided_integrated_gradients": [{"steps": 50}],  # a quarter of them
    "python": [{"function": "candidates:slope"}],
}
"""Fields of a method, once for each row; the defaults where a method is not named here."""


def candidates() -> dict[str, Any]:
    """Return every registered method by what a spec would say of it."""
    return {
        label(name, fields): find("methods", name)(**fields) for name in places("methods") for fields in _settings(name)
    }


def label(name: str, fields: Mapping[str, Any]) -> str:
    """Return a method as a line of a spec has it."""
    inside = ", ".join(f"{field}: {value}" for field, value in fields.items())
    return f"{name}: {{{inside}}}" if inside else name


def explained(name: str, method: Any) -> int:
    """Return how many inputs are explained: fewer where maps are costly, or other people's code computes each alone."""
    if name in SLOW:
        return FEWEST
    return MOST if method.compiled and method.evaluations < COSTLY else FEWER


def slope(model: Any, x: np.ndarray, target: int) -> np.ndarray:
    """Return the gradient of a logit, as a user's own function might compute it."""
    import tensorflow as tf

    point = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(point)
        logit = model(point)[:, target]
    return np.asarray(tape.gradient(logit, point))


def _settings(name: str) -> list[dict[str, Any]]:
    if name in LIBRARIES:
        methods = get_args(get_type_hints(find("methods", name))["method"])
        return [{"method": each, **LIBRARIES[name].get(each, {})} for each in methods]
    return SETTINGS.get(name, [{}])
