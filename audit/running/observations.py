"""Facts and provenance of the model, the data, the methods and the machine, as records."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np

from audit.datasets.dataset import OTHER_LABELS, Dataset
from audit.declare import as_json, without_judged
from audit.engine.retraining import Splits
from audit.errors import InputError
from audit.methods.method import Method, method_name
from audit.network.blocks import layers
from audit.network.network import Network
from audit.network.params import digest as params_digest
from audit.recipe import Recipe
from audit.record import (
    CLAIMS,
    Claim,
    Code,
    DataFacts,
    MethodFacts,
    NetworkFacts,
    Performance,
    Provenance,
    Randomness,
    StageFacts,
    TrainingFacts,
    digest,
)
from audit.running.code import code_of, code_of_classes
from audit.running.fingerprint import arrays_digest
from audit.running.inputs import Chosen
from audit.running.packages import RECORDED

if TYPE_CHECKING:
    from audit.spec.spec import Spec


def network_facts(network: Network, randomness: Randomness | None = None) -> NetworkFacts:
    """Describe the audited model: its digest, stages and sizes, and what was measured of its own randomness."""
    sizes = {name: int(np.size(array)) for name, array in network.params.items()}
    return NetworkFacts(
        name=network.name,
        digest=params_digest(network.params),
        input_shape=network.input_shape,
        classes=network.classes,
        parameters=sum(sizes.values()),
        stages=tuple(
            StageFacts(
                name=stage.name,
                variables=stage.variables,
                parameters=sum(sizes[name] for name in stage.variables),
                layers=layers(stage),
                matrices=sum(network.params[name].ndim > 1 for name in stage.variables),
            )
            for stage in network.stages
        ),
        head=network.head,
        graph=network.graph is not None,
        randomness=randomness,
    )


def data_facts(spec: "Spec", data: Dataset, chosen: Chosen, performance: Performance | None) -> DataFacts:
    """Describe the explained inputs and the data set; ``performance`` is the model's on all of it."""
    by_class = "stratified by class, " if data.y is not None else ""
    copies = f"; {chosen.copies} skipped as copies of these" if chosen.copies else ""
    return DataFacts(
        source=data.name,
        digest=arrays_digest(chosen.inputs, np.asarray(chosen.targets)),
        ids=tuple(chosen.ids.tolist()),
        labels=() if chosen.labels is None else tuple(chosen.labels.tolist()),
        targets=tuple(chosen.targets.tolist()),
        class_names=data.class_names,
        value_range=(float(chosen.inputs.min()), float(chosen.inputs.max())),
        accuracy=None if performance is None else performance.accuracy,
        selection=f"{len(chosen.ids)} of {len(data.x)} inputs, {by_class}sampled with seed {spec.seed}{copies}",
        all_values=(float(data.x.min()), float(data.x.max())),
        performance=performance,
    )


def method_facts(
    id: str,
    method: Method,
    *,
    control: bool,
    inapplicable: str | None = None,
    fitted_on: str | None = None,
) -> MethodFacts:
    """Describe a method: its id in this audit, why it does not apply, and what it was fitted on."""
    return MethodFacts(
        id=id,
        name=method_name(method),
        settings={
            **without_judged(method, as_json(method)),
            **({"fitted_on": fitted_on} if fitted_on else {}),
        },
        control=control,
        signed=method.signed,
        stochastic=method.stochastic,
        unit=method.unit,
        source=method.source,
        summary=(type(method).__doc__ or "").strip().splitlines()[0],
        evaluations=method.evaluations,
        inapplicable=inapplicable,
        claims=_claims_of(id, method),
        code={} if inapplicable else _code_of_method(method),
    )


def _claims_of(id: str, method: Method) -> tuple[Claim, ...]:
    """Return the axioms that a method claims, sorted; those of a plug-in may be computed, so they are checked here."""
    unknown = sorted(method.claims - CLAIMS)
    if unknown:
        raise InputError(
            "T148",
            f"method `{id}` claims an unknown axiom",
            where=f"`claims` of {type(method).__name__}",
            expected=", ".join(sorted(CLAIMS)),
            received=", ".join(map(str, unknown)),
            fix="return axioms of this list alone",
        )
    return tuple(sorted(method.claims))


def _code_of_method(method: Method) -> dict[str, Code]:
    """Return the code from outside that a method is made of: classes, and the user's function that it calls."""
    function = method.code
    return {**code_of_classes(method), **code_of(*([function] if function else []))}


def training_facts(recipe: Recipe, splits: Splits) -> TrainingFacts:
    """Describe the training and test data (both labelled) and the training recipe."""
    train, test = splits.train, splits.test
    labels, test_labels = splits.labels
    classes = int(max(labels.max(), test_labels.max())) + 1
    data = arrays_digest(train.x, labels, test.x, test_labels)
    other = [arrays_digest(part.truth[OTHER_LABELS]) for part in (train, test) if OTHER_LABELS in part.truth]
    return TrainingFacts(
        recipe=as_json(recipe),
        train=len(train.x),
        test=len(test.x),
        train_shares=tuple(float(np.mean(labels == label)) for label in range(classes)),
        test_shares=tuple(float(np.mean(test_labels == label)) for label in range(classes)),
        digest=digest([data, other, train.ids.tolist(), test.ids.tolist(), as_json(recipe)]),
    )


def provenance_of(spec: "Spec", numerics: Mapping[str, str]) -> Provenance:
    """Describe the machine and the versions; ``numerics`` are the backend's settings, ``device`` among them."""
    import keras

    return Provenance(
        versions={name: found for name in RECORDED if (found := _version(name))},
        backend=keras.backend.backend(),
        device=numerics["device"],
        numerics={name: choice for name, choice in numerics.items() if name != "device"},
        seed=spec.seed,
        spec_digest=spec.digest,
        platform=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
