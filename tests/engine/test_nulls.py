"""What the network shows without a method: where it looks, and numbers that depend on nothing but the seed."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from audit.engine.bench import BenchSettings, Explained, NetworkBench
from audit.methods.gradient import Gradient
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.python import Python
from audit.network.loading.load import from_model
from audit.record import Intact, Original, Randomized

METHODS = {
    "gradient": Gradient(),
    "input_times_gradient": InputTimesGradient(),
    "integrated_gradients": IntegratedGradients(steps=5, baseline=0.5),
    "silent": Python(function="somebody:explain"),
    "said": Python(function="somebody:explain", multiplies_input=False),
}


def bench_of(model, inputs, seed=0):
    count = len(inputs)
    ids = [f"input-{row}" for row in range(count)]
    explained = Explained(inputs=inputs, ids=ids, targets=np.zeros(count, np.int32))
    return NetworkBench(from_model(model), METHODS, explained, BenchSettings(seed=seed, batch=4))


@pytest.fixture(scope="module")
def cropped():
    """The outermost two pixels are cut off."""
    keras.utils.set_random_seed(0)
    layers, inputs = keras.layers, keras.Input((10, 10, 2))
    hidden = layers.Flatten()(layers.Conv2D(3, 3, activation="relu")(layers.Cropping2D(2)(inputs)))
    model = keras.Model(inputs, layers.Dense(3)(hidden))
    return bench_of(model, np.random.default_rng(0).random((6, 10, 10, 2), np.float32))


def test_the_reach_is_where_a_gradient_can_be(cropped):
    expected = np.zeros((10, 10, 2), bool)
    expected[2:-2, 2:-2] = True
    np.testing.assert_array_equal(cropped.nulls.reach().any(axis=0), expected)


def test_blank_paper_on_which_every_unit_is_silent_is_out_of_reach_of_that_input_alone():
    """Permuting biases of one sign opens no rectifier where nothing else comes in."""
    layers, inputs = keras.layers, keras.Input((10, 10, 1))
    keras.utils.set_random_seed(0)
    hidden = layers.Conv2D(4, 3, activation="relu", padding="same", bias_initializer=keras.initializers.Constant(-0.1))
    model = keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(hidden(inputs))))
    images = np.zeros((2, 10, 10, 1), np.float32)
    images[0, 2:4, 2:4], images[1, 6:8, 6:8] = 1.0, 1.0
    reach = bench_of(model, images).nulls.reach()[..., 0]
    assert reach[0, 2:4, 2:4].all() and not reach[0, 6:, 6:].any()
    assert reach[1, 6:8, 6:8].all() and not reach[1, :4, :4].any()


def test_what_is_looked_up_has_no_gradient_and_is_reached():
    keras.utils.set_random_seed(0)
    layers, inputs = keras.layers, keras.Input((3,))
    words = layers.Flatten()(layers.Embedding(5, 2)(inputs[:, :1]))
    model = keras.Model(inputs, layers.Dense(3)(layers.Concatenate()([words, inputs[:, 1:2]])))
    rows = np.random.default_rng(0).integers(0, 5, (8, 3)).astype(np.float32)
    assert bench_of(model, rows).nulls.reach().tolist() == [[True, True, False]] * 8


def test_gradients_are_those_of_the_method_and_of_the_condition(cropped):
    redrawn = Randomized(mode="cascading", stage=1, seed=0)
    for condition in (Original(), redrawn):
        np.testing.assert_array_equal(cropped.nulls.gradients(condition), cropped.maps("gradient", condition))


def test_noise_depends_on_the_draw_and_the_seed_and_not_on_how_is_re_drawn(cropped):
    first, second = (Intact(mode="cascading", stage=stage) for stage in (1, 2))
    noise = cropped.nulls.noise(first, 0)
    assert not np.array_equal(noise, cropped.nulls.noise(first, 1))
    assert not np.array_equal(noise, cropped.nulls.noise(second, 0))
    np.testing.assert_array_equal(noise, cropped.nulls.noise(replace(first, draws=9), 0))
    other = bench_of(cropped.network.model, cropped.explained.inputs, seed=1)
    assert not np.array_equal(noise, other.nulls.noise(first, 0))


def test_a_factor_is_the_input_less_its_baseline_of_methods_that_multiply_by_it(cropped):
    x = cropped.explained.inputs
    assert cropped.nulls.factor("gradient") is None
    np.testing.assert_array_equal(cropped.nulls.factor("input_times_gradient"), np.abs(x))
    np.testing.assert_allclose(cropped.nulls.factor("integrated_gradients"), np.abs(x - np.float32(0.5)), atol=1e-6)


def test_only_code_from_outside_can_leave_it_unsaid(cropped):
    said = {name: cropped.nulls.undeclared(name) for name in METHODS}
    assert [name for name, unsaid in said.items() if unsaid] == ["silent"]
