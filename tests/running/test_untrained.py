"""Whether a model looks untrained: constants that every training moves, and copies that do as well."""

import keras
import numpy as np
import pytest

from audit.datasets.dataset import Dataset
from audit.network.loading.from_model import from_model
from audit.network.network import Network
from audit.running.untrained import COPIES, initial_constants, performance
from tests.running.fed_models import Fed, colours, table


def fresh(*, bias: bool = True, norm: bool = False) -> keras.Model:
    layers = [keras.layers.Conv2D(4, 3, use_bias=bias), *([keras.layers.BatchNormalization()] if norm else [])]
    tail = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, use_bias=bias)]
    return keras.Sequential([keras.Input((6, 6, 1)), *layers, *tail])


@pytest.mark.parametrize(("model", "constants"), [(fresh(), 7), (fresh(norm=True), 15), (fresh(bias=False), 0)])
def test_constants_of_a_fresh_model_are_counted(model: keras.Model, constants: int) -> None:
    assert initial_constants(from_model(model)) == constants


def test_one_constant_that_moved_is_enough() -> None:
    model = fresh(norm=True)
    model.layers[-1].bias.assign(np.array([0.0, 1e-6, 0.0]))
    assert initial_constants(from_model(model)) == 0


def test_a_constant_other_than_0_is_known_too() -> None:
    start = keras.initializers.Constant(-3.0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, bias_initializer=start)])
    assert initial_constants(from_model(model)) == 2


def found(network: Network, fed: Fed) -> tuple[float | None, tuple[float, ...]]:
    data = Dataset(x=fed.x, y=fed.y, ids=np.arange(len(fed.x)).astype(str), class_names=(), name="data")
    result = performance(network, data, np.asarray(fed.model(fed.x)), seed=1)
    assert result is not None
    return result.own, result.copies


def test_a_trained_model_has_no_copies_and_an_untrained_one_is_one_of_its_own() -> None:
    fed = table()
    assert found(from_model(fed.model), fed) == (None, ())
    untrained = keras.models.clone_model(fed.model)
    own, copies = found(from_model(untrained), Fed(model=untrained, x=fed.x, y=fed.y, mean=fed.mean))
    assert own is not None and len(copies) == COPIES and len(set(copies)) > COPIES / 3
    assert min(copies) <= own <= max(copies)


def test_the_same_seed_gives_the_same_copies() -> None:
    fed, untrained = colours(), keras.models.clone_model(colours().model)
    given = Fed(model=untrained, x=fed.x, y=fed.y, mean=fed.mean)
    assert found(from_model(untrained), given) == found(from_model(untrained), given)
