"""What recorded operations are to a backward rule."""

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.method import method_value
from audit.network.loading.load import from_model
from tests import networks
from tests.methods.explain import explain

LAYERS = keras.layers


def cast_inside(dtype: str, back: str = "float32") -> keras.Model:
    """Return a network whose hidden values are cast and cast back."""
    point = keras.Input((3,))
    hidden = LAYERS.Dense(4, activation="relu", name="hidden")(point)
    return keras.Model(point, LAYERS.Dense(2, name="logits")(keras.ops.cast(keras.ops.cast(hidden, dtype), back)))


@pytest.mark.parametrize("method", ["lrp", "deep_lift"])
def test_a_cast_to_another_precision_hands_on_what_it_receives_and_one_to_whole_numbers_is_refused(method: str) -> None:
    plain = networks.fill(keras.Sequential([keras.Input((3,)), LAYERS.Dense(4, "relu"), LAYERS.Dense(2)]), 1)
    same, whole = cast_inside("float64"), cast_inside("int32")
    same.set_weights(plain.get_weights())
    x = np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32)
    maps = [explain(from_model(model), method_value(method), x, 1) for model in (plain, same)]
    assert np.allclose(*maps, rtol=0, atol=1e-6) and maps[0].any()
    with pytest.raises(InputError, match=r"T100[\s\S]*\(Cast\)"):
        method_value(method).attribute(from_model(whole))
