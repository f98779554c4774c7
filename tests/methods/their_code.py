"""Other people's code on a small bench: what tests of their libraries share."""

import keras
import numpy as np

from audit.engine.bench import BenchSettings, Explained, NetworkBench
from audit.methods.method import Method
from audit.network.loading.load import from_model
from audit.network.network import Network
from audit.record import Original, Randomized
from tests import networks

TENSORFLOW = keras.backend.backend() == "tensorflow"
COUNT = 3
STAGE = Randomized(mode="cascading", stage=1, seed=0)
L = keras.layers


def bench_of(methods: dict[str, Method], network: Network | None = None) -> NetworkBench:
    """Return a bench of three images, of the small convolutional network where no other is given."""
    x = np.random.default_rng(0).random((COUNT, 8, 8, 1), np.float32)
    explained = Explained(inputs=x, ids=["a", "b", "c"], targets=np.array([0, 2, 1], np.int32))
    return NetworkBench(network or networks.cnn(), methods, explained, BenchSettings(seed=0, batch=2))


def same_size(filters: int) -> Network:
    """Return a network whose last convolution gives images of the input's size, with positive weights above it."""
    layers = [
        L.Conv2D(filters, 3, padding="same", activation="relu", name="convolution"),
        L.GlobalAveragePooling2D(),
        L.Dense(3, kernel_initializer="ones", name="logits"),
    ]
    model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
    model.layers[0].set_weights([np.random.default_rng(1).random((3, 3, 1, filters)) - 0.3, np.zeros(filters)])
    return from_model(model)


def sees_the_redrawn_weights_and_repeats_itself(bench: NetworkBench, name: str) -> bool:
    """Whether a method's maps follow the parameters under test, and come back when these do."""
    trained = bench.maps(name, Original())
    assert trained.shape[:3] == (COUNT, 8, 8) and np.isfinite(trained).all()
    again = bench.explain(name, bench.explained)
    redrawn = bench.maps(name, Randomized(mode="cascading", stage=3, seed=0))
    back = bench.explain(name, bench.explained)
    return np.array_equal(again, trained) and np.array_equal(back, trained) and not np.allclose(redrawn, trained)


def cells_of_noise(method: Method) -> int:
    """Return how many independent rows the noise map of a method has, where a layer pools 8 by 8 pixels to 2 by 2."""
    point = keras.Input((8, 8, 1))
    pooled = L.MaxPooling2D(4)(L.Conv2D(2, 3, padding="same", activation="relu", name="convolution")(point))
    network = from_model(keras.Model(point, L.Dense(3)(L.Flatten()(pooled))))
    noise = method.noise_map(network, np.zeros((8, 8, 1), np.float32), np.random.default_rng(21))  # none cut off at 0
    return int(np.linalg.matrix_rank(noise.reshape(8, 8), tol=1e-4))
