"""Layer by layer: what has no rule is refused by name."""

import keras
import pytest

from audit.errors import InputError
from audit.methods.lrp import Lrp
from audit.network.loading.load import from_model
from tests import networks

L = keras.layers


def test_operations_without_a_rule_are_refused_by_name_all_at_once() -> None:
    inputs = keras.Input((4, 6))
    attended = L.MultiHeadAttention(2, 3, name="attend")(inputs, inputs)
    inside = L.Softmax(name="gate")(attended)
    network = from_model(keras.Model(inputs, L.Dense(3)(L.Flatten()(inside))))
    with pytest.raises(InputError) as caught:
        Lrp().attribute(network)
    assert caught.value.code == "T100"
    assert "attend (MultiHeadAttention)" in str(caught.value) and "gate (Softmax)" in str(caught.value)
    with pytest.raises(InputError, match="cannot record"):
        Lrp().attribute(networks.subclassed())
