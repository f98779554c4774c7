"""Independent randomisation differs from the cascade in its conditions and in its one criterion."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from audit.checks.independent_randomization import IndependentRandomization
from audit.datasets.digits import Digits
from audit.methods.gradient import Gradient
from audit.network.loading.load import from_model
from audit.network.network import Network, Stage
from tests import networks
from tests.audits import evidence_of, make_facts
from tests.checks.real import bench_of, evidence

L = keras.layers

CHECK = IndependentRandomization(seeds=2)
FACTS = make_facts()


def judgement(by_stage):
    return CHECK.judge(evidence_of(CHECK, FACTS, lambda c: np.full(30, by_stage[c.stage - 1])), FACTS)


def test_every_condition_is_independent():
    null, architecture, *others = CHECK.conditions(FACTS)
    assert (null.kind, architecture.kind) == ("null", "architecture")
    assert {condition.mode for condition in others} == {"independent"}


def test_only_the_mean_over_stages_is_limited():
    found = judgement((0.1, 0.1, 0.9))
    assert found.outcome == "pass" and [c.name for c in found.criteria] == ["mean"]
    assert found.criteria[0].statistic == pytest.approx(np.mean([0.1, 0.1, 0.9]))


def test_it_fails_above_the_limit():
    assert judgement((0.6, 0.5, 0.5)).outcome == "fail"


def judged(network: Network, method: str = "gradient"):
    """Measure and judge the gradient or a control on thirty digits."""
    inputs = (Digits(split="test").load(Path.cwd()).x[:30] / 16).astype(np.float32)
    bench = bench_of(network, {"gradient": Gradient()}, inputs)
    facts = make_facts(30, stages=[stage.name for stage in network.stages])
    check = IndependentRandomization(seeds=3, null_draws=2)
    return check.judge(evidence(check, method, bench, facts), facts)


def behind_a_zero(layers: int) -> Network:
    """A network with a branch of dense layers that is multiplied by zero before it is added."""
    inputs = keras.Input((8, 8, 1))
    hidden = L.Dense(24, activation="relu")(L.Flatten()(L.Conv2D(6, 3, activation="relu")(inputs)))
    branch = hidden
    for _ in range(layers):
        branch = L.Dense(24, activation="relu")(branch)
    joined = L.Add()([hidden, branch * 0.0]) if layers else hidden
    return from_model(networks.fill(keras.Model(inputs, L.Dense(4)(joined)), 0))


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_layers_that_compute_nothing_leave_the_verdicts_as_they_were(layers):
    network = behind_a_zero(layers)
    found, before = judged(network), judged(behind_a_zero(0))
    assert found.outcome == before.outcome == "pass"
    assert found.criteria[0].statistic == pytest.approx(before.criteria[0].statistic, abs=0.2)
    assert [point.counts for point in found.curve[1:]] == [True, *[False] * layers, True, True]
    assert all(point.similarity == 1 for point in found.curve[2 : 2 + layers])
    assert judged(network, "edge_detector").outcome == "fail"


def normalised(made) -> Network:
    """A network of five weight layers that has learned the digits, each but the last with a normalisation behind it."""
    keras.utils.set_random_seed(1)
    images = Digits(split="train").load(Path.cwd())
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            *(layer for filters in (8, 16) for layer in (L.Conv2D(filters, 3, padding="same"), made(), L.ReLU())),
            L.Flatten(),
            *(layer for units in (32, 32) for layer in (L.Dense(units), made(), L.ReLU())),
            L.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss)
    model.fit(images.x / 16, images.y, batch_size=64, epochs=10, verbose=0)
    return from_model(model)


def apart(network: Network) -> Network:
    """Return the network with a stage for each layer, normalisations too."""
    owners = [name.rpartition("/")[0] for stage in network.stages for name in stage.variables]
    names = [name for stage in network.stages for name in stage.variables]
    stages = [
        Stage(name=owner, variables=tuple(name for name, of in zip(names, owners, strict=True) if of == owner))
        for owner in dict.fromkeys(owners)
    ]
    return replace(network, stages=tuple(stages))


@pytest.mark.parametrize("made", [L.LayerNormalization, lambda: L.GroupNormalization(groups=4)], ids=["layer", "group"])
def test_normalisations_decide_nothing_whether_they_join_their_layer_or_are_stages(made):
    network = normalised(made)
    joined, split = judged(network), judged(apart(network))
    assert len(joined.curve) == 1 + 5 and all(point.counts for point in joined.curve)
    assert joined.outcome == split.outcome == "pass"
    assert split.criteria[0].statistic == pytest.approx(joined.criteria[0].statistic, abs=0.1)
    assert [point.counts for point in split.curve[1:]] == [True, *[True, False] * 4]
    assert np.mean([point.excess for point in split.curve[1:]]) > joined.criteria[0].statistic + 0.2
    assert judged(network, "edge_detector").outcome == "fail"
