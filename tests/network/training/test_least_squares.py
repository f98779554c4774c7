"""The exact solution of one dense layer."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.network.training.trainer import Trainer, TriedOn
from audit.recipe import Recipe
from tests import networks
from tests.network.training.trained import L, blobs, network

EXACT = Recipe(solver="least_squares")


@pytest.mark.parametrize("classes", [1, 3])
def test_least_squares_solves_the_normal_equations(classes):
    x, y = blobs(60, classes=max(classes, 2))
    trained = Trainer(network(L.Dense(classes, name="dense")), EXACT).train(x, y, seed=0, tried_on=TriedOn(test=(x, y)))
    design = np.column_stack([x, np.ones(60)]).astype(np.float64)
    wanted = np.where(y == 1, 1.0, -1.0)[:, None] if classes == 1 else np.eye(3)[y]
    solution = np.linalg.solve(design.T @ design, design.T @ wanted)
    np.testing.assert_allclose(trained.params["dense/kernel"], solution[:-1], atol=1e-5)
    np.testing.assert_allclose(trained.params["dense/bias"], solution[-1], atol=1e-5)
    values = design @ solution
    named = values.argmax(1) if classes > 1 else values[:, 0] > 0
    assert trained.train_accuracy == trained.test_accuracy == trained.accuracy[0] == np.mean(named == y)
    np.testing.assert_allclose(trained.loss, [np.mean((values - wanted) ** 2)], rtol=1e-6)
    assert (trained.epochs, trained.steps) == (1, 1)


def test_least_squares_takes_changed_inputs_constant_features_and_no_intercept():
    x, y = blobs(60, classes=2, shape=(2, 2))
    trainer = Trainer(network(L.Flatten(), L.Dense(1, use_bias=False, name="dense"), shape=(2, 2)), EXACT)

    def removed(rows, batch):
        return np.concatenate([np.zeros_like(batch[:, :1]), batch[:, 1:]], axis=1)

    trained = trainer.train(x, y, seed=0, transform=removed)
    flat = removed(None, x).reshape(60, 4).astype(np.float64)
    np.testing.assert_allclose(trained.params["dense/kernel"][:, 0], np.linalg.pinv(flat) @ (2.0 * y - 1), atol=1e-5)
    np.testing.assert_allclose(trained.params["dense/kernel"][:2], 0, atol=1e-6)


def test_least_squares_refuses_anything_but_one_dense_layer():
    for audited in (network(L.Dense(3), L.Dense(3)), network(L.Dense(3, "relu")), networks.subclassed()):
        with pytest.raises(InputError) as caught:
            Trainer(audited, EXACT)
        assert caught.value.code == "M027"
