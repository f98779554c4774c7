"""What fitted methods are fitted on, and how often."""

from typing import Any

import numpy as np
import pytest

from audit.datasets.dataset import Dataset
from audit.engine import fitting
from audit.engine.bench import BenchSettings, NetworkBench
from audit.engine.fitting import fitting_data
from audit.methods.gradient import Gradient
from audit.methods.method import Method
from audit.methods.smoothgrad import SmoothGrad
from audit.record import Explained, Original, Randomized
from tests import networks

X = np.random.default_rng(0).random((6, 3), np.float32)
EXPLAINED = Explained(inputs=X[:2], ids=["a", "b"], targets=np.int32([0, 1]))
FIRST, SECOND, THIRD = (Randomized(mode="cascading", stage=1, seed=seed) for seed in range(3))


class Mean(Gradient):
    """The gradient plus the mean of what it was fitted on; keeps what it was asked to learn."""

    asked: list[tuple[Any, np.ndarray]] = []

    def attribute(self, network: Any) -> Any:
        gradient = super().attribute(network)
        return lambda params, *given: gradient(params, *given) + params["the mean"]

    def fit(self, network: Any) -> Any:
        def learn(params: Any, inputs: np.ndarray) -> Any:
            self.asked.append((params, inputs))
            return {"the mean": inputs.mean(axis=0)}

        return learn


@pytest.fixture(name="asked")
def _asked() -> list[tuple[Any, np.ndarray]]:
    Mean.asked.clear()
    return Mean.asked


def bench(method: Method, fitted_on: np.ndarray | None = None) -> NetworkBench:
    network = networks.linear([[1.0, -1.0], [2.0, 0.5], [0.0, 3.0]], [0.0, 0.0])
    return NetworkBench(network, {"mean": method}, EXPLAINED, BenchSettings(seed=0, batch=2, fitted_on=fitted_on))


def test_a_method_is_fitted_once_for_each_set_of_parameters(asked: list[Any]) -> None:
    made = bench(Mean(), X)
    for condition in (Original(), FIRST, FIRST, SECOND, FIRST, Original()):
        made.maps("mean", condition)
        made.explain("mean", EXPLAINED, params=made.params(condition))
        made.explain("mean", Explained(inputs=X[4:], ids=["c", "d"], targets=np.int32([0, 0])))
    assert [id(params) for params, _ in asked] == [id(made.params(each)) for each in (Original(), FIRST, SECOND)]
    assert all(inputs is X for _, inputs in asked)
    assert np.allclose(made.maps("mean", Original()), [[1, 2, 0], [-1, 0.5, 3]] + X.mean(axis=0), atol=1e-6)
    made.maps("mean", THIRD)
    made.maps("mean", Original())
    assert len(asked) == 4 and dict(made.traces) == {"mean": 1}


def test_without_data_of_its_own_a_bench_fits_on_the_explained_inputs_and_wrappers_fit_their_base(
    asked: list[Any],
) -> None:
    maps = bench(SmoothGrad(base=Mean(), samples=1)).maps("mean", Original())
    assert np.allclose(maps, [[1, 2, 0], [-1, 0.5, 3]] + X[:2].mean(axis=0), atol=1e-6)
    assert [inputs is EXPLAINED.inputs for _, inputs in asked] == [True]


def test_a_variant_is_fitted_on_the_same_data_moved_as_its_inputs_are_or_on_its_own(asked: list[Any]) -> None:
    made = bench(Mean(), X)
    shifted, smooth = made.variant("constant_shift", level=-1.0), made.variant("dead_branch")
    widened, fresh = made.variant("ignored_feature"), networks.linear([[1.0], [1.0], [1.0]], [0.0])
    for variant in (shifted, smooth, widened):
        made.explain("mean", variant.explained, network=variant.network)
    other = Explained(inputs=X[4:], ids=["c", "d"], targets=np.int32([0, 0]))
    made.explain("mean", other, network=fresh)
    inputs = [each for _, each in asked]
    assert np.array_equal(inputs[0], X + shifted.notes["shift"])
    assert inputs[1] is X and inputs[2] is widened.explained.inputs and inputs[3] is other.inputs


def test_training_inputs_are_drawn_by_the_seed_where_there_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    network, methods = bench(Mean())._network, {"mean": Mean(), "gradient": Gradient()}
    x = np.arange(60, dtype=np.float32).reshape(20, 3)
    train = Dataset(x=x, y=None, ids=np.arange(20).astype(str), class_names=(), name="train")
    monkeypatch.setattr(fitting, "LIMIT", 5)
    drawn = fitting_data(network, methods, X, lambda: train, 0)
    assert len(np.unique(drawn.inputs, axis=0)) == 5 and set(drawn.inputs[:, 0]) <= set(x[:, 0])
    assert drawn.of("gradient") is None and str(drawn.of("mean")).startswith("5 of 20 inputs of train (SHA-256 ")
    without = fitting_data(network, methods, X, lambda: None, 0)
    assert without.inputs is X and str(without.of("mean")).startswith("the 6 explained inputs (SHA-256 ")
    assert without.of("mean") != fitting_data(network, methods, X + 1, lambda: None, 0).of("mean")


def test_nothing_is_read_where_nothing_is_fitted() -> None:
    read: list[str] = []
    network, methods = bench(Mean())._network, {"gradient": Gradient()}
    assert fitting_data(network, methods, X, lambda: read.append("training"), 0).methods == frozenset()
    assert read == []
