"""What else than its input a model's answer depends on is found, with its layer; models that only look so are not."""

from dataclasses import replace

import numpy as np
import pytest

from audit.errors import InputError
from audit.network.loading.load import from_model
from audit.network.params import value_of
from audit.network.randomness import measure
from audit.record import ROUNDING, Randomness
from tests.network.random_models import CHANGING, DRAWING, MIXING, STEADY, around, images


def named(path: str, names: tuple[str, ...]) -> bool:
    return any(name == path or name.endswith(f"/{path}") for name in names)


@pytest.mark.parametrize("kind", DRAWING)
def test_random_draws_are_found_with_their_layer(kind: str):
    build, layer = DRAWING[kind]
    found = measure(from_model(build()), images())
    assert found.random and named(layer, found.drawing)
    assert not found.changes and not found.mixes  # all of it follows from the generators, and not from the batch


@pytest.mark.parametrize("kind", CHANGING)
def test_what_changes_from_call_to_call_is_found_with_its_layer(kind: str):
    build, layer = CHANGING[kind]
    found = measure(from_model(build()), images())
    assert found.changes and named(layer, found.changing)
    assert not found.random


@pytest.mark.parametrize("kind", MIXING)
def test_what_depends_on_the_batch_is_found_with_its_layer(kind: str):
    build, layer = MIXING[kind]
    found = measure(from_model(build()), images())
    assert found.mixes and [named(layer, (name,)) for name in found.mixing] == [True]
    assert not found.random and not found.changes


@pytest.mark.parametrize("kind", STEADY)
def test_a_model_that_answers_by_its_input_alone_is_left_in_peace(kind: str):
    found = measure(from_model(STEADY[kind]()), images())
    assert not (found.random or found.changes or found.mixes)
    assert max(found.company, found.alone) < ROUNDING / 100


@pytest.mark.parametrize("kind", ["dropout", "a model of code"])
def test_draws_are_averaged_only_where_there_are_any(kind: str):
    assert measure(from_model(DRAWING[kind][0]()), images(), draws=8).averaged == 8
    assert measure(from_model(STEADY["dropout"]()), images(), draws=8).averaged == 0


@pytest.mark.parametrize("kind", ["a counter", "a stateful GRU"])
def test_the_model_is_left_as_it_was(kind: str):
    model = CHANGING[kind][0]()
    before = [value_of(each) for each in model.variables]
    stateful = [layer for layer in model.layers if vars(layer).get("stateful")]
    measure(from_model(model), images())
    assert all(np.array_equal(value_of(each), value) for each, value in zip(model.variables, before, strict=True))
    assert [layer for layer in model.layers if vars(layer).get("stateful")] == stateful


def test_what_changes_and_cannot_be_compiled_is_refused_with_its_layer(monkeypatch):
    network = from_model(CHANGING["a counter"][0]())

    class Broken:
        def compile(self, function, precision="float32"):
            raise ValueError("unseeded")

    monkeypatch.setattr("audit.network.randomness.active", Broken)
    with pytest.raises(InputError) as stopped:
        measure(network, images())
    assert stopped.value.code == "M037" and "counter" in str(stopped.value)


def test_a_network_that_is_no_keras_model_draws_nothing():
    assert measure(replace(from_model(STEADY["dropout"]()), model=None), images()) == Randomness()


def test_one_input_is_enough_to_call_twice():
    from keras import layers

    assert measure(from_model(around(layers.Dropout(0.5), training=True)), images(1)).random
