"""A model computed step by step: the last step is its answer, and two computations part where they differ."""

import keras
import numpy as np

from audit.network.loading.from_model import from_model
from audit.network.steps import difference, live_logits, parting, pure_steps, row, to_array

X = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


def model() -> keras.Model:
    layers = [keras.layers.Dense(5, activation="relu", name="hidden"), keras.layers.Dense(2, name="logits")]
    return keras.Sequential([keras.Input((4,)), *layers])


def test_the_last_step_is_the_answer_of_the_model() -> None:
    made = model()
    network = from_model(made)
    steps = pure_steps(network, network.params, X)
    expected = keras.ops.convert_to_numpy(made(X))
    np.testing.assert_allclose(to_array(steps[-1].output), expected, rtol=1e-6)
    np.testing.assert_allclose(live_logits(network, X), expected, rtol=1e-6)


def test_two_computations_part_at_the_layer_whose_parameters_differ_and_not_behind_it() -> None:
    network = from_model(model())
    (kernel,) = [name for name in network.params if "hidden" in name and "kernel" in name]
    other = {**network.params, kernel: np.asarray(network.params[kernel]) + 1}
    pair = pure_steps(network, network.params, X), pure_steps(network, other, X)
    assert difference(to_array(pair[0][-1].output), to_array(pair[1][-1].output)) > 0.01
    assert set(parting(pair, 1e-5)) == {"hidden"}
    assert not list(parting((pair[0], pair[0]), 1e-5))


def test_a_row_is_one_input_of_every_step() -> None:
    network = from_model(model())
    steps = pure_steps(network, network.params, X)
    for step, whole in zip(row(steps, 1, 3), steps, strict=True):
        np.testing.assert_array_equal(to_array(step.output), to_array(whole.output)[1])
