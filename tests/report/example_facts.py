"""What the example stands on: spec, model, data, methods, requirements and machine."""

from typing import Any

from audit.checks.check import recorded
from audit.record import DataFacts, Facts, MethodFacts, NetworkFacts, Provenance, RequirementFacts, StageFacts
from audit.registry import find

STAGES = ("logits", "dense_1", "conv2d_3", "conv2d_2", "conv2d_1")
METHODS = ("gradient", "input_times_gradient", "integrated_gradients", "smoothgrad", "guided_backprop", "grad_cam")
CONTROLS = ("edge_detector", "random_map", "input")
CASCADE, SINGLE, REPEAT = "cascading_randomization", "independent_randomization", "repeatability"

_DOC = {
    "What it does.": "Re-draws the parameters of the network stage by stage, from the output to the input.",
    "Why it matters.": "A map that stays the same when the network is noise does not explain the network.",
    "Expected relation.": "Similarity to the trained map falls towards its null as stages are re-drawn.",
    "How it can mislead.": "Maps that share the input's zeros resemble each other for no reason of the network's.",
    "Source.": "Adebayo et al., Sanity Checks for Saliency Maps, 2018, arXiv:1810.03292, section 3.",
}


def spec() -> dict[str, Any]:
    """Return the part of the spec that the report prints."""
    return {
        "audit": {
            "id": "digits-cnn",
            "title": "Sanity audit of the digit classifier's explanations",
            "intended_use": "Show a reviewer which pixels drove the predicted digit.",
            "owner": {"name": "A. Modeller", "role": "model owner"},
        },
        "gate": {"inconclusive": "fail"},
    }


def facts() -> Facts:
    """Describe the model, the data and the methods, controls included."""
    network = NetworkFacts(
        name="digits_cnn.keras",
        digest="3f5a" * 16,
        input_shape=(16, 16, 1),
        classes=10,
        parameters=48_778,
        stages=tuple(
            StageFacts(name=name, variables=(f"{name}/kernel", f"{name}/bias"), parameters=640 * (place + 1))
            for place, name in enumerate(STAGES)
        ),
        head="a final softmax was removed",
        graph=True,
    )
    data = DataFacts(
        source="digits",
        digest="9c1b" * 16,
        ids=tuple(f"digits/{place:04d}" for place in range(100)),
        labels=tuple(place % 10 for place in range(100)),
        targets=tuple(place % 10 for place in range(100)),
        class_names=tuple(map(str, range(10))),
        value_range=(0.0, 1.0),
        accuracy=0.9861,
        selection="stratified by class, seed 0",
    )
    methods = tuple(_method(name, False) for name in METHODS) + tuple(_method(name, True) for name in CONTROLS)
    return Facts(network=network, data=data, methods=methods, world="77aa" * 16, batch=32)


def _method(name: str, control: bool) -> MethodFacts:
    return MethodFacts(
        id=name,
        name=name,
        settings={"samples": 50, "noise": 0.15, "base": "gradient"} if name == "smoothgrad" else {},
        control=control,
        signed=name not in ("grad_cam", "edge_detector"),
        stochastic=name in ("smoothgrad", "random_map"),
        unit="logit / input",
        source="Simonyan et al., 2013, arXiv:1312.6034",
        summary="How the logit changes with each input.",
        evaluations={"smoothgrad": 50, "integrated_gradients": 50}.get(name, 0 if control else 1),
    )


def requirement(check: str) -> RequirementFacts:
    """Return one requirement by its check."""
    settings = {"similarity": "spearman", "mean_at_most": 0.5, "last_at_most": 0.3, "redraw": "permute", "seeds": 5}
    return RequirementFacts(
        id=check,
        check=check,
        title=check.replace("_", " ").capitalize(),
        settings={"at_least": 0.9} if check == REPEAT else settings,
        severity="warning" if check == REPEAT else "error",
        **{**recorded(find("checks", check)), "doc": _DOC},
    )


def provenance() -> Provenance:
    """Describe the machine and the versions."""
    return Provenance(
        versions={"saliency-audit": "0.1.0", "keras": "3.15.1", "tensorflow": "2.21.0", "numpy": "2.4.0"},
        backend="tensorflow",
        device="CPU, 2 cores",
        numerics={"precision": "float32", "compilation": "TensorFlow graphs without XLA"},
        seed=0,
        spec_digest="e1d0" * 16,
        platform="Linux x86_64, Python 3.11",
    )
