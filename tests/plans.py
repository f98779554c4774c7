"""A spec and the facts of a small audit, from which a plan follows; nothing is loaded."""

from collections.abc import Sequence
from typing import Any

from audit.record import DataFacts, Facts, MethodFacts, NetworkFacts, StageFacts
from audit.spec.spec import Spec, spec_from_resolved

STAGES = ("last", "middle", "first")


def _method_facts(name: str, *, control: bool = False, evaluations: int = 1) -> MethodFacts:
    return MethodFacts(
        id=name,
        name=name,
        settings={},
        control=control,
        signed=True,
        stochastic=False,
        unit="logit / input",
        source="",
        summary="",
        evaluations=evaluations,
    )


def facts_of() -> Facts:
    """Return a network of three stages, two inputs, two methods and three controls."""
    return Facts(
        network=NetworkFacts(
            name="net",
            digest="d",
            input_shape=(8, 8, 1),
            classes=10,
            parameters=30,
            head="logits",
            graph=True,
            stages=tuple(StageFacts(name=name, variables=(f"{name}/kernel",), parameters=10) for name in STAGES),
        ),
        data=DataFacts(
            source="digits",
            digest="e",
            ids=("a", "b"),
            labels=(0, 1),
            targets=(0, 1),
            class_names=(),
            value_range=(0.0, 1.0),
            accuracy=0.9,
            selection="2 of 10",
        ),
        methods=(
            _method_facts("gradient"),
            _method_facts("guided_backprop", evaluations=3),
            *(_method_facts(name, control=True) for name in ("edge_detector", "random_map", "input")),
        ),
        world="w",
        batch=2,
    )


def spec_of(*require: Any, methods: Sequence[str] = ("gradient", "guided_backprop")) -> Spec:
    """Return a spec with these requirements."""
    return spec_from_resolved(
        {
            "version": 1,
            "model": {"path": "model.keras"},
            "dataset": {"source": "digits", "inputs": 2},
            "methods": list(methods),
            "require": list(require),
        }
    )
