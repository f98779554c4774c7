"""Made-up audits: facts, and evidence with chosen similarities, judged without any model."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from audit.checks.check import Check, Measurement
from audit.judging.verdicts import JudgingInput, judge
from audit.record import (
    Architecture,
    Audit,
    Condition,
    DataFacts,
    Doubt,
    Evidence,
    Explained,
    Facts,
    Intact,
    MethodFacts,
    NetworkFacts,
    Null,
    Original,
    Provenance,
    Randomized,
    RequirementFacts,
    StageFacts,
    Unit,
)

STAGES = ("logits", "dense", "conv")
TODAY = datetime.date(2026, 6, 15)
CONTROLS = ("edge_detector", "input", "random_map")


def method_facts(name: str) -> MethodFacts:
    return MethodFacts(
        id=name,
        name=name,
        settings={},
        control=name in CONTROLS,
        signed=True,
        stochastic=False,
        unit="none",
        source="",
        summary="",
        evaluations=1,
    )


def make_facts(inputs: int = 30, methods: Sequence[str] = ("gradient",), stages: Sequence[str] = STAGES) -> Facts:
    return Facts(
        network=NetworkFacts(
            name="net",
            digest="d",
            input_shape=(4, 4, 1),
            classes=2,
            parameters=10,
            stages=tuple(StageFacts(name=name, variables=(name,), parameters=1) for name in stages),
            head="",
            graph=True,
        ),
        data=DataFacts(
            source="made up",
            digest="d",
            ids=tuple(map(str, range(inputs))),
            labels=(0,) * inputs,
            targets=(0,) * inputs,
            class_names=("a", "b"),
            value_range=(0.0, 1.0),
            accuracy=None,
            selection="",
        ),
        methods=tuple(map(method_facts, methods)),
        world="w",
        batch=8,
    )


Scores = Callable[[Condition], np.ndarray]


def by_sign(values: np.ndarray, *names: str) -> dict[str, np.ndarray]:
    return {f"{name}_{sign}": values for name in names for sign in ("absolute", "signed")}


def evidence_of(
    check: Check,
    facts: Facts,
    similarity: Scores | float,
    *,
    null: np.ndarray | float = 0.0,
    changed: float = 1.0,
    method: str = "gradient",
) -> list[Evidence]:
    """Evidence in which every pair of maps has a chosen similarity: a number, or (condition) -> (n,)."""
    n = len(facts.data.ids)
    level = np.broadcast_to(null, (n,)).astype(float)
    found = []
    for condition in check.conditions(facts):
        if isinstance(condition, Null):
            scores = by_sign(level, "null")
        elif isinstance(condition, Intact):
            scores = by_sign(np.zeros(n), "noise", "behind")
        elif isinstance(condition, Architecture):
            scores = by_sign(np.zeros(1), "architecture")
        else:
            trained = isinstance(condition, Randomized) and condition.stage == 0
            value = 1.0 if trained else similarity(condition) if callable(similarity) else similarity
            values = np.broadcast_to(value, (n,)).astype(float)
            scores = {
                "similarity_absolute": values,
                "similarity_signed": values,
                "undefined": np.isnan(values).astype(float),
                "changed": np.array([changed]),
                "live": np.ones(n),
                **by_sign(level, "gradient"),
            }
        unit = Unit(check="c", settings=check.settings(), method={"name": method}, condition=condition, world="w")
        found.append(Evidence(unit=unit, status="done", scores=scores))
    return found


def judged(
    check: Check,
    similarities: Mapping[str, Scores | float],
    *,
    name: str = "cascading_randomization",
    severity: Any = "error",
    spec: Mapping[str, Any] | None = None,
    inputs: int = 30,
    change: Callable[[str, list[Evidence]], list[Evidence]] = lambda method, evidence: evidence,
    skipped: Mapping[tuple[str, str], str] | None = None,
    today: datetime.date = TODAY,
) -> Audit:
    """A whole audit of one requirement, from a similarity for each method."""
    facts = make_facts(inputs, tuple(similarities))
    evidence, planned = {}, {}
    for method, similarity in similarities.items():
        if (name, method) in (skipped or {}):
            continue
        made = evidence_of(check, facts, similarity, method=method)
        planned[name, method] = tuple(each.unit.key for each in made)
        evidence |= {each.unit.key: each for each in change(method, made)}
    requirement = RequirementFacts(id=name, check=name, title=name, settings={}, severity=severity, doc={})
    given = JudgingInput(
        spec=spec or {},
        facts=facts,
        requirements=[(requirement, check)],
        planned=planned,
        evidence=evidence,
        skipped={pair: Doubt(code="not-applicable", text=text) for pair, text in (skipped or {}).items()},
        provenance=Provenance(versions={}, backend="", device="", numerics={}, seed=0, spec_digest="", platform=""),
        today=today,
    )
    return judge(given)


SOUND: Mapping[str, Scores | float] = {"edge_detector": 1.0, "input": 1.0, "random_map": 0.0}


class MadeUpBench:
    """A bench whose maps are given: ``maps_of(method, condition)`` and ``noise_of(draw)``."""

    def __init__(self, maps_of: Callable[[Condition], np.ndarray], noise_of: Callable[[int], np.ndarray]) -> None:
        self._maps_of, self._noise_of = maps_of, noise_of
        self.gallery = (2, 0)
        count = len(maps_of(Original()))
        none = np.zeros(count)
        self.explained = Explained(inputs=none, ids=tuple(map(str, range(count))), targets=none.astype(np.int32))

    def maps(self, method: str, condition: Condition) -> np.ndarray:
        return self._maps_of(condition)

    def noise_maps(self, method: str, draw: int) -> np.ndarray:
        return self._noise_of(draw)

    def changed(self, condition: Condition) -> float:
        return 0.5

    def params(self, condition: Condition) -> dict[str, Any]:
        return {"of": condition}

    def outputs(self, inputs: np.ndarray, *, params: Any = None) -> np.ndarray:
        """Return logits (n, 2) that each condition moves anew."""
        return np.random.default_rng(len(str(params))).standard_normal((len(inputs), 2))

    def kept(self, name: tuple[Any, ...], compute: Callable[[], np.ndarray]) -> np.ndarray:
        return compute()

    @property
    def nulls(self) -> "MadeUpNulls":
        return MadeUpNulls(self._maps_of, self._noise_of)


class Everywhere:
    """A network that looks at every entry of its inputs, and no more."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape

    def reach(self) -> np.ndarray:
        return np.ones((1, *self._shape), bool)


class MadeUpNulls:
    """A network that looks everywhere, whose gradients are the maps."""

    def __init__(self, maps_of: Callable[[Condition], np.ndarray], noise_of: Callable[[int], np.ndarray]) -> None:
        self._maps_of, self._noise_of = maps_of, noise_of

    def gradients(self, condition: Condition) -> np.ndarray:
        return self._maps_of(condition)

    def noise(self, condition: Intact, draw: int) -> np.ndarray:
        return self._noise_of(draw)

    def reach(self) -> np.ndarray:
        return np.ones(self._maps_of(Original()).shape, bool)

    def factor(self, method: str) -> None:
        return None

    def undeclared(self, method: str) -> bool:
        return False


def measured(check: Check, bench: MadeUpBench, facts: Facts) -> list[tuple[Condition, Measurement]]:
    return [(condition, check.measure("gradient", condition, bench)) for condition in check.conditions(facts)]
