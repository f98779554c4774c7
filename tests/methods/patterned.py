"""A small network with fitted patterns, for the tests of both methods that use them: each function is built once."""

from functools import cache

import keras
import numpy as np

from audit.backend import Compiled, active
from audit.methods.fitted import Learn, learner
from audit.methods.pattern_net import PatternNet
from audit.network.loading.load import from_model
from audit.network.network import Network
from tests import networks

DATA = (np.random.default_rng(0).gamma(2.0, size=(40, 6)) - 1.5).astype(np.float32)  # skewed, with a mean of its own


@cache
def mlp() -> Network:
    layers = [keras.layers.Dense(5, activation="relu", name="hidden"), keras.layers.Dense(3, name="logits")]
    return from_model(networks.fill(keras.Sequential([keras.Input((6,)), *layers]), 0))


@cache
def fit() -> Learn:
    """Return what fits the patterns of ``mlp``."""
    found = learner(PatternNet(), mlp())
    assert found is not None
    return found


@cache
def function() -> Compiled:
    """Return PatternNet on ``mlp``."""
    return active().compile(PatternNet().attribute(mlp()))
