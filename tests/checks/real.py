"""Checks measured for real: one bench on a tiny network, and the evidence and the judgement of a method."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from audit.checks.check import Check, Judgement
from audit.engine.bench import BenchSettings, NetworkBench
from audit.network.network import Network
from audit.record import Evidence, Explained, Facts, Unit
from audit.registry import find
from tests.audits import make_facts

CONTROLS = ("edge_detector", "input", "random_map")
COUNT = 12


def bench_of(network: Network, methods: Mapping[str, Any], inputs: np.ndarray | None = None) -> NetworkBench:
    """A bench with twelve inputs in [0, 1] unless some are given, the classes that are predicted, and the controls."""
    chosen = np.random.default_rng(0).random((COUNT, *network.input_shape), np.float32) if inputs is None else inputs
    controls = {name: find("methods", name)() for name in CONTROLS}
    ids = [f"input-{row}" for row in range(len(chosen))]
    made = Explained(inputs=chosen, ids=ids, targets=np.zeros(len(chosen), np.int32))
    logits = NetworkBench(network, {}, made, BenchSettings(seed=0, batch=len(chosen))).outputs(chosen)
    explained = replace(made, targets=logits.argmax(axis=1).astype(np.int32))
    return NetworkBench(network, {**methods, **controls}, explained, BenchSettings(seed=0, batch=len(chosen)))


def facts_of(bench: NetworkBench, **units: str) -> Facts:
    """Facts of a bench; ``units`` of the methods that are not "none"."""
    facts = make_facts(len(bench.explained.ids), tuple(units))
    methods = tuple(replace(each, unit=units[each.name]) for each in facts.methods)
    return replace(facts, methods=methods, network=replace(facts.network, input_shape=bench.network.input_shape))


def evidence(check: Check, method: str, bench: NetworkBench, facts: Facts) -> list[Evidence]:
    """Measure all that a check asks for, trainings apart."""
    found = []
    for condition in check.conditions(facts):
        made = check.measure(method, condition, bench)
        identity = {"name": method, "settings": {}}
        unit = Unit(check="c", settings=check.settings(), method=identity, condition=condition, world="w")
        found.append(Evidence(unit=unit, status="done", scores=made.scores))
    return found


def judgement(check: Check, method: str, bench: NetworkBench, **units: str) -> Judgement:
    """Measure and judge one method."""
    facts = facts_of(bench, **units)
    return check.judge(evidence(check, method, bench, facts), facts)


def controls_behave(check: Check, bench: NetworkBench) -> bool:
    return {name: judgement(check, name, bench).outcome for name in check.controls} == dict(check.controls)
