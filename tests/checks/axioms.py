"""Checks of axioms measured for real: one bench, methods by name, and the judgement of each."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import keras
import numpy as np

from audit.checks.check import Check, Judgement
from audit.engine.bench import BenchSettings, NetworkBench
from audit.network.loading.load import from_model
from audit.network.network import Network
from audit.record import Evidence, Explained, Unit
from audit.registry import find
from tests import networks
from tests.audits import make_facts

CONTROLS = ("edge_detector", "input", "random_map")
COUNT = 20


@cache
def cnn() -> Network:
    """One network for all that only read it."""
    return networks.cnn()


def deep_cnn(size: int = 64, blocks: int = 10) -> Network:
    """Convolutions one behind the other, each normalised: rounding adds up through all of them."""
    point = keras.Input((size, size, 3))
    x = point
    for block in range(blocks):
        x = keras.layers.SeparableConv2D(16, 3, strides=2 if block % 4 == 0 else 1, padding="same", use_bias=False)(x)
        x = keras.layers.LayerNormalization()(x)
        x = keras.layers.ReLU()(x)
    pooled = keras.layers.GlobalAveragePooling2D()(x)
    return from_model(networks.fill(keras.Model(point, keras.layers.Dense(5)(pooled)), 0))


def bench_of(network: Network, methods: Mapping[str, Any]) -> NetworkBench:
    """A bench with twenty inputs in [0, 1], the methods that are given and the controls."""
    inputs = np.random.default_rng(0).random((COUNT, *network.input_shape), np.float32)
    targets = np.arange(COUNT, dtype=np.int32) % network.classes
    explained = Explained(inputs=inputs, ids=[f"input-{row}" for row in range(COUNT)], targets=targets)
    controls = {name: find("methods", name)() for name in CONTROLS}
    return NetworkBench(network, {**methods, **controls}, explained, BenchSettings(seed=0, batch=COUNT))


def evidence(check: Check, method: str, bench: NetworkBench) -> list[Evidence]:
    """Measure all that a check asks for."""
    found = []
    for condition in check.conditions(make_facts(COUNT)):
        made = check.measure(method, condition, bench)
        unit = Unit(check="c", settings=check.settings(), method={"name": method}, condition=condition, world="w")
        found.append(Evidence(unit=unit, status="done", scores=made.scores, note=made.note))
    return found


def judgements(check: Check, bench: NetworkBench, methods: Mapping[str, Any]) -> dict[str, Judgement]:
    """Measure and judge methods and controls, by name."""
    facts = make_facts(COUNT)
    return {name: check.judge(evidence(check, name, bench), facts) for name in (*methods, *CONTROLS)}


def controls_behave(check: Check, judged: Mapping[str, Judgement]) -> bool:
    return {name: judged[name].outcome for name in CONTROLS} == dict(check.controls)


def means(judgement: Judgement) -> dict[str, float | None]:
    """The mean value on each network, by its name in words."""
    return {point.label: point.similarity for point in judgement.curve}
