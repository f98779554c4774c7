"""Rewritten networks compute the same function from other parameters, or are refused where nothing applies."""

import keras
import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.integrated_gradients import IntegratedGradients
from audit.network.loading.load import from_model
from audit.network.variants import rewrite
from tests import networks
from tests.methods.explain import logits
from tests.network.variants.test_shift import explained, maps

LAYERS = keras.layers
REWRITES = ("batch_norm_folded", "relu_rescaled", "linear_split", "channels_permuted", "dead_branch")


def deep():
    """Padding, strides, dilation, pooling, a normalisation before and behind, no bias, a Flatten of several pixels."""
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            LAYERS.ZeroPadding2D(1, name="pad"),
            LAYERS.Conv2D(5, 3, strides=2, use_bias=False, name="first"),
            LAYERS.BatchNormalization(scale=False, name="one"),
            LAYERS.LeakyReLU(name="leak"),
            LAYERS.MaxPooling2D(2, padding="same", name="pool"),
            LAYERS.Conv2D(4, 2, padding="same", activation="relu", name="second"),
            LAYERS.Dropout(0.5, name="drop"),
            LAYERS.Flatten(name="flatten"),
            LAYERS.Dense(6, name="dense"),
            LAYERS.BatchNormalization(name="two"),
            LAYERS.ReLU(name="rectify"),
            LAYERS.Dense(3, name="logits"),
        ]
    )
    return from_model(networks.fill(model, 0))


APPLICABLE = {
    networks.mlp: REWRITES[1:],
    deep: REWRITES,
    networks.residual: ("batch_norm_folded", "linear_split", "dead_branch"),
}


@pytest.mark.parametrize("build", APPLICABLE)
def test_a_rewritten_network_computes_the_same_from_other_parameters(build):
    network = build()
    given = explained(network)
    own, applied = logits(network, given.inputs), []
    for each in REWRITES:
        try:
            made = getattr(rewrite, each)(network, given, 0.0, 0).network
        except InputError as error:
            assert error.code == "M061"
            continue
        applied.append(each)
        np.testing.assert_allclose(logits(made, given.inputs), own, rtol=1e-4, atol=1e-5)
        same = made.params.keys() == network.params.keys()
        assert not same or any(not np.array_equal(made.params[key], network.params[key]) for key in made.params)
        held = {variable for stage in made.stages for variable in stage.variables}
        assert held <= set(made.params) and len(made.stages) >= len(network.stages)
    assert tuple(applied) == APPLICABLE[build]


def test_guided_backprop_sees_a_dead_branch_and_gradients_do_not():
    network = networks.mlp()
    given = explained(network)
    made = rewrite.dead_branch(network, given, 0.0, 0).network
    for method, equal in ((Gradient(), True), (IntegratedGradients(steps=4), True), (GuidedBackprop(), False)):
        own, other = maps(method, network, given), maps(method, made, given)
        assert bool(np.linalg.norm(own - other) < 1e-3 * np.linalg.norm(own)) is equal


def test_a_network_without_recorded_operations_is_refused():
    network = networks.subclassed()
    for each in REWRITES:
        with pytest.raises(InputError, match="cannot record"):
            getattr(rewrite, each)(network, explained(network), 0.0, 0)
