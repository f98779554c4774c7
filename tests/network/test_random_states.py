"""A model that draws random numbers is a pure function of a key: whatever the batch, compiled or not."""

import numpy as np
import pytest
from keras import layers as L

from audit.backend import active
from audit.network.loading.load import from_model
from audit.network.random_states import draw_keys, keyed, other_keys
from tests.network.random_models import DRAWING, STEADY, around, images

ONE, OTHER = draw_keys(0, 2)


def answering(network):
    function = active().compile(network.apply)
    return lambda x, key: active().to_numpy(function(keyed(network.params, key), x))


@pytest.mark.parametrize("kind", DRAWING)
def test_a_key_decides_everything_that_is_drawn_and_no_neighbour_does(kind):
    network, x = from_model(DRAWING[kind][0]()), images()
    answers = answering(network)
    first = answers(x, ONE)
    np.testing.assert_array_equal(answers(x, ONE), first)
    np.testing.assert_allclose(answers(x[::-1], ONE)[::-1], first, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(answers(x[3:4], ONE), first[3:4], rtol=1e-5, atol=1e-5)
    others = [answers(x, key) for key in draw_keys(1, 40 if "rare" in kind else 3)]
    assert any(np.abs(other - first).max() > 1e-3 for other in others)


def test_compiled_or_not_the_numbers_are_the_same():
    network, x = from_model(DRAWING["nested"][0]()), images()
    eager = active().to_numpy(network.apply(keyed(network.params, ONE), x))
    np.testing.assert_allclose(eager, answering(network)(x, ONE), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("noise", [L.Dropout(0.3), L.GaussianNoise(0.2), L.GaussianDropout(0.2)])
def test_the_mean_over_draws_approaches_the_mean_of_the_distribution(noise):
    drawn, x = answering(from_model(around(noise, training=True))), images()
    ours = np.array([drawn(x, key) for key in draw_keys(2, 300)])
    off = answering(from_model(around(L.Dropout(0.3))))(x, ONE)  # what follows the noise is linear
    assert np.all(np.abs(ours.mean(axis=0) - off) < 5 * ours.std(axis=0) / np.sqrt(300))


def test_two_calls_of_one_layer_draw_different_numbers():
    import keras

    inputs, drop = keras.Input((40,)), L.Dropout(0.5)
    model = keras.Model(inputs, drop(inputs, training=True) - drop(inputs, training=True))
    dense = keras.Model(inputs, L.Dense(2)(model(inputs)))
    assert np.abs(answering(from_model(dense))(np.ones((2, 40), np.float32), ONE)).max() > 0


def test_without_generators_a_key_changes_nothing():
    answers, x = answering(from_model(STEADY["batch normalisation"]())), images()
    np.testing.assert_array_equal(answers(x, ONE), answers(x, OTHER))


def test_keys_are_all_different_and_follow_from_their_seed():
    keys = [*draw_keys(0, 50), *draw_keys(1, 50), *other_keys(draw_keys(0, 50), 1), *other_keys(draw_keys(0, 50), 2)]
    assert len(set(keys)) == 200 and draw_keys(0, 50)[:8] == draw_keys(0, 8)


def test_a_layer_that_is_switched_off_draws_nothing():
    answers, x = answering(from_model(around(L.Dropout(0.9)))), images()
    np.testing.assert_array_equal(answers(x, ONE), answers(x, OTHER))
