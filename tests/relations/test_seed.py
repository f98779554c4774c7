"""All randomness derives from the spec's seed: another seed moves every random number, and nothing else."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import audit
from audit.datasets.dataset import Dataset, identified, identities
from audit.engine.bench import BenchSettings, NetworkBench
from audit.engine.retraining import Retraining, Splits
from audit.network.loading.load import from_model
from audit.recipe import Recipe
from audit.record import Explained, Original, Randomized, Rekeyed, Removed, Trained, Variant
from tests.methods.cases import INPUTS, METHODS, TARGETS, network
from tests.relations import whole_audits

# Where a generator is made of a number that stands in the code: designs, which are no draw of an audit.
FIXED = {
    ("methods/expected_gradients.py", "baselines"),  # points that stand for a distribution, as a quadrature's nodes do
    ("methods/hsic.py", "balanced"),  # a design, one for all inputs and audits
    ("methods/shared/noisy_copies.py", "accumulate"),  # the shape of a map alone is asked for
    ("network/keras_model.py", "_check"),  # inputs on which two writings of a network must agree
    ("network/loading/from_model.py", "_check_logits"),  # the same
    ("network/variants/dtype.py", "_narrow"),  # an input on which layers are asked what precision they compute in
    ("network/training/rebuilt.py", "rebuilt"),  # every weight is drawn again, by the training's seed
}
MAKERS = {"Philox", "PCG64", "default_rng", "SeedSequence", "RandomState", "seed", "SeedGenerator"}


def _made(tree: ast.AST, within: str = "") -> Iterator[tuple[str, ast.Call]]:
    """Return the calls that make a generator, each with the function that it stands in."""
    for node in ast.iter_child_nodes(tree):
        name = node.name if isinstance(node, ast.FunctionDef) else within
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in MAKERS:
            yield name, node
        yield from _made(node, name)


def test_generators_are_made_of_what_is_given_but_for_fixed_designs() -> None:
    root, found = Path(audit.__file__).parent, set()
    for path in root.rglob("*.py"):
        for within, call in _made(ast.parse(path.read_text())):
            given = [*call.args, *(each.value for each in call.keywords)]
            if not any(isinstance(part, ast.Name) for each in given for part in ast.walk(each)):
                found.add((str(path.relative_to(root)), within))
    assert found == FIXED


def bench(seed: int) -> NetworkBench:
    keys = tuple(identities(INPUTS, seed))
    explained = Explained(inputs=INPUTS, ids=keys, targets=TARGETS)
    return NetworkBench(network(), METHODS, explained, BenchSettings(seed=seed, batch=4))


@pytest.mark.parametrize("name", METHODS)
def test_noise_maps_move(name: str) -> None:
    one, again, other = (bench(seed).noise_maps(name, 0) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.array_equal(one, other) == (name == "constant")


def test_keys_and_redraws_move() -> None:
    one, other = bench(0), bench(1)
    for name in ("random_map", "smoothgrad"):
        for condition in (Original(), Rekeyed(seed=1)):
            assert not np.array_equal(one.maps(name, condition), other.maps(name, condition))
    everything = Randomized(mode="cascading", stage=len(network().stages), seed=0)
    for name, redrawn in one.params(everything).items():
        if redrawn.size > 9 and np.ptp(redrawn) > 0:  # a few numbers have few orders
            assert not np.array_equal(redrawn, other.params(everything)[name]), name


VARIANTS = (
    *("linear", "rectified", "homogeneous", "ignoring", "ignored_feature", "two_heads", "exchangeable"),
    *("two_heads_convolution", "symmetric", "exchangeable_pixels", "relu_rescaled", "channels_permuted"),
    *("linear_split", "dead_branch"),
)


@pytest.mark.parametrize("name", VARIANTS)
def test_networks_with_known_answers_move(name: str) -> None:
    one, again, other = (bench(seed).variant(name, seed=0) for seed in (0, 0, 1))
    assert _numbers_of(one) == _numbers_of(again) != _numbers_of(other)


def _numbers_of(variant: Variant) -> list[bytes]:
    return [np.asarray(each).tobytes() for each in (variant.explained.inputs, *variant.network.params.values())]


def _retraining(seed: int) -> Retraining:
    x, y = whole_audits.inputs()
    half = len(x) // 2
    train, test = (
        identified(Dataset(x=x[part], y=y[part], ids=np.arange(half).astype(str), class_names=(), name="d"), seed)
        for part in (slice(half), slice(half, None))
    )
    made = from_model(whole_audits.model())
    return Retraining(made, Recipe(epochs=1), Splits(train=train, test=test), maps=_no_maps, seed=seed)


def _no_maps(method: str, data: Dataset) -> np.ndarray:
    return np.zeros_like(data.x)


def test_trainings_move() -> None:
    one, other = _retraining(0), _retraining(1)
    for labels in ("none", "true", "permuted"):
        condition = Trained(labels=labels, seed=0)
        fresh = [
            each.params(condition, lambda _: None) if labels == "none" else each.train(condition).params
            for each in (one, other)
        ]
        assert not any(np.array_equal(value, fresh[1][name]) for name, value in fresh[0].items() if np.ptp(value))
    assert not np.array_equal(*(each._labels(Trained(labels="permuted", seed=0))[0] for each in (one, other)))


@pytest.mark.parametrize("by", ["bernoulli", "blurred_random", "a map of zeros"])
def test_removals_move(by: str) -> None:
    """Of the same inputs: those of an audit stand in another order with another seed."""
    found = []
    for seed in (0, 0, 1):
        retraining = _retraining(seed)
        ranks = retraining._ranks(Removed(by=by, fraction=0.5, seed=0))[1]
        found.append(ranks[np.lexsort(retraining._splits.test.x.reshape(len(ranks), -1).T)])
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


RANDOM_CHECKS: tuple[Any, ...] = (
    *({name: {"seeds": 2, "null_draws": 2}} for name in ("cascading_randomization", "independent_randomization")),
    *({name: {"seeds": 2, "null_draws": 2}} for name in ("class_sensitivity", "smooth_mprt", "repeatability")),
    {"efficient_mprt": {"seeds": 2}},
    {"input_stability": {"neighbours": 2}},
    "infidelity",
)


@pytest.mark.exhaustive
def test_every_check_that_draws_moves(tmp_path: Path) -> None:
    """On all inputs of the data, so that the choice of inputs is no difference."""
    data = {"source": "npz", "path": "data.npz", "inputs": whole_audits.COUNT}
    one, other = (
        whole_audits.numbers(
            whole_audits.run(
                tmp_path / str(seed),
                whole_audits.Asked(
                    methods=("gradient", {"smoothgrad": {"samples": 3}}),
                    requirements=RANDOM_CHECKS,
                    changes={"seed": seed, "dataset": data},
                ),
            )
        )
        for seed in (0, 1)
    )
    assert {requirement for requirement, _ in one} == {_name(each) for each in RANDOM_CHECKS}
    for key, (_, criteria, curve, _) in one.items():
        exact = key[1] in ("edge_detector", "input", "constant") or key == ("repeatability", "gradient")
        assert exact or (criteria, curve) != other[key][1:3], key


def _name(check: Any) -> str:
    return check if isinstance(check, str) else next(iter(check))
