"""Checks of equal maps, measured on small networks: what their tests share."""

import numpy as np

from audit.checks.check import Check, Judgement
from audit.engine.bench import BenchSettings, Explained, NetworkBench
from audit.errors import InputError
from audit.methods.gradient import Gradient
from audit.network.network import Network
from audit.record import Evidence, Unit
from audit.registry import find
from tests import networks
from tests.audits import make_facts

COUNT = 12
CONTROLS = {name: find("methods", name)() for name in ("edge_detector", "input", "random_map")}
FACTS = make_facts(COUNT)


def bench_of(network: Network | None = None, **methods: object) -> NetworkBench:
    """Return a bench with the controls, the gradient and some more methods; of six features where nothing is given."""
    network = network or networks.mlp()
    inputs = np.random.default_rng(3).random((COUNT, *network.input_shape), np.float32)
    targets = np.arange(COUNT, dtype=np.int32) % network.classes
    given = Explained(inputs=inputs, ids=[str(row) for row in range(COUNT)], targets=targets)
    chosen = {"gradient": Gradient(), **CONTROLS, **methods}
    return NetworkBench(network, chosen, given, BenchSettings(seed=0, batch=6, gallery=(0, 1)))


def judged(check: Check, method: str, bench: NetworkBench) -> Judgement:
    """Measure and judge one method, an error about the model or the method recorded as a run records it."""
    found = []
    for condition in check.conditions(FACTS):
        unit = Unit(check="c", settings=check.settings(), method={"name": method}, condition=condition, world="w")
        try:
            measured = check.measure(method, condition, bench)
        except InputError as error:
            found.append(Evidence(unit=unit, status="failed", error=f"[{error.code}] {error.what}"))
        else:
            found.append(Evidence(unit=unit, status="done", scores=measured.scores, maps=measured.maps))
    return check.judge(found, FACTS)


def passes(check: Check, method: str, bench: NetworkBench) -> bool:
    """Return whether a method passes; every input counts and every excess is a number."""
    judgement = judged(check, method, bench)
    assert judgement.inputs == COUNT and all(np.isfinite(point.excess) for point in judgement.curve)
    return judgement.outcome == "pass"


def controls_behave(check: Check, bench: NetworkBench) -> bool:
    """Return whether each control gets the outcome that the check says it must."""
    return all(judged(check, control, bench).outcome == outcome for control, outcome in check.controls.items())


def says_that_operations_are_missing(check: Check) -> bool:
    """Return whether a subclassed model, whose operations are not recorded, is inconclusive with its reason."""
    judgement = judged(check, "gradient", bench_of(networks.subclassed()))
    return judgement.outcome == "inconclusive" and "cannot record" in judgement.reason
