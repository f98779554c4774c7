"""The world of an audit: model, inputs, explained classes and machine, measured before any unit."""

import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from audit.backend import active
from audit.datasets.dataset import Dataset, identified, validate, validate_training
from audit.datasets.shared.split import unseen
from audit.engine.bench import BenchSettings, Explained, NetworkBench
from audit.engine.fitting import fitting_data
from audit.engine.retraining import Retraining, Splits
from audit.errors import InputError, RefusedError
from audit.methods.method import Method
from audit.network import blocks
from audit.network.loading import load
from audit.network.network import Network
from audit.network.random_states import draw_keys
from audit.network.randomness import measure
from audit.record import Code, Facts, Provenance, Rekeyed, record
from audit.registry import find
from audit.running.code import code_of, code_of_classes, own_code
from audit.running.columns import fitted
from audit.running.feed import other_feeds
from audit.running.fingerprint import world_digest
from audit.running.inputs import Answers, answering, chosen_of, logits_of, targets_of
from audit.running.observations import data_facts, method_facts, network_facts, provenance_of, training_facts
from audit.running.untrained import performance
from audit.spec.entries import CONTROL_METHODS

if TYPE_CHECKING:
    from audit.spec.model import Model
    from audit.spec.spec import Spec

_DRAWS = 16  # of a stochastic model: the mean's error is a quarter of one draw's
_BATCH = 64  # inputs per compiled call: more gains nothing on a CPU and costs memory on a GPU


@record
class World:
    """Everything that units need, and the facts that describe it."""

    facts: Facts
    provenance: Provenance
    bench: NetworkBench
    retraining: Retraining | None
    images: np.ndarray  # (g, ...) float32, the gallery's inputs as the model sees them


def observe(spec: "Spec", *, trusted: Collection[str] = ()) -> World:
    """Load and measure everything; nothing is written.

    Raises:
        InputError: the model, the data and the methods do not fit together.
        RefusedError: the model or data file was refused for safety.
        EnvironmentStop: the device does not exist.
    """
    numerics = active().configure(spec.runtime.device)
    network = _network(spec.model, spec.source_folder, trusted)
    data = fitted(spec.dataset.load(spec.source_folder), network)
    validate(data, network.input_shape, network.classes)
    _check_truth(spec, data)
    _check_asked(spec.model, data, network.classes)
    randomness = measure(network, data.x, draws=_draws(spec.model))
    network = replace(network, draws=draw_keys(spec.seed, max(randomness.averaged, int(randomness.random))))
    batch = spec.runtime.batch or _balanced(spec.dataset.inputs)
    answers = answering(network, batch)
    logits = logits_of(answers, data)
    chosen = chosen_of(spec, data, logits)
    methods = {
        **{entry.id: entry.method for entry in spec.methods},
        **{name: find("methods", name)() for name in CONTROL_METHODS},
    }
    _check_trust(spec, trusted)
    inapplicable = _inapplicable(methods, network, refuse=spec.inapplicable == "refuse")
    gallery = range(min(spec.report.gallery, len(chosen.ids)))
    applicable = {name: method for name, method in methods.items() if name not in inapplicable}
    training = partial(_training_data, spec, network)
    fitting = fitting_data(network, applicable, chosen.inputs, training, spec.seed)
    bench = NetworkBench(
        network,
        methods,
        chosen.explained,
        BenchSettings(seed=spec.seed, batch=batch, gallery=gallery, fitted_on=fitting.inputs),
    )
    splits = _splits(spec, network, data)
    provenance = provenance_of(spec, numerics)
    facts = Facts(
        network=network_facts(network, randomness),
        data=replace(
            data_facts(spec, data, chosen, performance(network, data, logits, spec.seed)),
            other_feeds=other_feeds(spec, network, data, logits, answers),
        ),
        methods=tuple(
            method_facts(
                name,
                method,
                control=name in CONTROL_METHODS,
                inapplicable=inapplicable.get(name),
                fitted_on=fitting.of(name),
            )
            for name, method in methods.items()
        ),
        world=world_digest(network, chosen, logits, provenance, batch),
        batch=batch,
        training=None if splits is None or spec.training is None else training_facts(spec.training, splits),
        code={**own_code(), **_code_of_inputs(spec)},
        check_code=code_of_classes(*(each.check for each in spec.requirements)),
    )
    return World(
        facts=facts,
        provenance=provenance,
        bench=bench,
        retraining=None if splits is None else _retraining(spec, network, splits, bench, answers),
        images=chosen.inputs[: len(gallery)],
    )


def _code_of_inputs(spec: "Spec") -> dict[str, Code]:
    """Return the code from outside that decides what is explained: of the data source, and of a model that is built."""
    built = () if spec.model.build is None else (spec.model.build,)
    return {**code_of_classes(spec.dataset.source, spec.dataset.preprocess), **code_of(*built)}


def _training_data(spec: "Spec", network: Network) -> Dataset | None:
    """Return the training data as the network takes them; None where the source has none."""
    data = spec.dataset.load_training(spec.source_folder)
    return None if data is None else fitted(data, network)


def _splits(spec: "Spec", network: Network, data: Dataset) -> Splits | None:
    """Return the training and test data if a requirement retrains, otherwise None."""
    if spec.training is None or not any(each.check.retrains for each in spec.requirements):
        return None
    train = _training_data(spec, network)
    if train is None:
        raise InputError(
            "D013",
            f"`{data.name}` has no training data, and a requirement retrains networks",
            where="dataset",
            fix="add the training data to `dataset`, or remove the checks that retrain",
        )
    validate(train, network.input_shape, network.classes)
    validate_training(train, data)
    known = identified(train, spec.seed)
    return Splits(train=known, test=unseen(identified(data, spec.seed), known))


def _retraining(spec: "Spec", network: Network, splits: Splits, bench: NetworkBench, answers: Answers) -> Retraining:
    def maps(method: str, data: Dataset) -> np.ndarray:
        targets = targets_of(spec.target, logits_of(answers, data), data.y)
        return bench.explain(method, Explained(inputs=data.x, ids=data.ids.tolist(), targets=targets))

    if spec.training is None:
        raise InputError("S031", "missing `training:` section: a requirement retrains networks")
    return Retraining(network, spec.training, splits, maps=maps, seed=spec.seed)


def seconds_per_evaluation(world: World, method: str) -> float:
    """Return the seconds that one gradient evaluation of one input takes, from one timed pass of a method (by id)."""
    world.bench.maps(method, Rekeyed(seed=0))  # compiles
    started = time.monotonic()
    world.bench.maps(method, Rekeyed(seed=0))
    cost = {facts.id: facts.evaluations for facts in world.facts.methods}[method]
    return (time.monotonic() - started) / (max(cost, 1) * world.facts.network.draws * len(world.facts.data.ids))


def _network(model: "Model", root: Path, trusted: Collection[str]) -> Network:
    network = _loaded(model, root, trusted)
    if model.stages is not None:
        return blocks.listed(network, model.stages)
    return blocks.by_name(network) if model.blocks == "auto" else network


def _loaded(model: "Model", root: Path, trusted: Collection[str]) -> Network:
    if model.path is not None:
        return load.load_file(root / model.path, output=model.output, sha256=model.sha256)
    if model.application is not None:
        weights = model.weights if model.weights in (None, "imagenet") else str(root / model.weights)
        return load.load_application(
            model.application,
            weights=weights,
            input_shape=model.input_shape,
            classes=model.classes,
            output=model.output,
        )
    return load.load_build(str(model.build), trusted=trusted, output=model.output, input_shape=model.input_shape)


def _draws(model: "Model") -> int:
    """Return over how many draws the answers of a model that draws random numbers are averaged; 0: not at all."""
    return model.draws or _DRAWS if model.stochastic == "allowed" else 0


def _balanced(count: int) -> int:
    """Return the batch size that splits ``count`` inputs into the fewest batches with the least padding."""
    return -(-count // -(-count // _BATCH))


def _check_asked(model: "Model", data: Dataset, classes: int) -> None:
    """Refuse what is asked of the model's answers where the data cannot show it, before anything runs."""
    asked = [name for name in ("accuracy_at_least", "auc_at_least") if vars(model)[name] is not None]
    if not asked:
        return
    if data.y is None:
        raise InputError(
            "D051",
            f"`{asked[0]}` needs labels, which `{data.name}` does not have",
            where="model",
            fix=f"name the labels in `dataset`, or remove `{asked[0]}`",
        )
    named = len(np.unique(data.y))
    if model.auc_at_least is not None and (max(classes, 2) != 2 or named != 2):
        raise InputError(
            "D052",
            "`auc_at_least` needs a model of two classes and labels of both",
            where="model",
            received=f"a model of {max(classes, 2)} classes, labels of {named}",
            fix="use `accuracy_at_least`",
        )


def _check_truth(spec: "Spec", data: Dataset) -> None:
    """Refuse a requirement that needs ground truth which the data do not have, before anything runs."""
    for requirement in spec.requirements:
        missing = sorted(requirement.check.truth - {*data.truth, *data.counterparts})
        known = f"`source: {requirement.check.diagnostic}`" if requirement.check.diagnostic else "ground truth"
        if missing:
            raise InputError(
                "D050",
                f"`{requirement.check_name}` needs ground truth about the inputs, which `{data.name}` does not have",
                where=f"requirement `{requirement.id}`",
                expected=f"a diagnostic data source: {known}",
                received=f"data without {', '.join(missing)}",
                fix=f"audit a model trained on data with {known}, or remove the requirement",
            )


def _check_trust(spec: "Spec", trusted: Collection[str]) -> None:
    """Refuse methods that run a user's own code unless it is trusted on the command line; nothing is imported."""
    for entry in spec.methods:
        code = entry.method.code
        if code is not None and code not in trusted:
            raise RefusedError(
                "X007",
                f"method `{entry.id}` runs code that is not trusted",
                where=f"methods.{entry.id}",
                received=code,
                fix=f"if you trust this code, add `--trust-code {code}`",
            )


def _inapplicable(methods: Mapping[str, Method], network: Network, *, refuse: bool) -> dict[str, str]:
    """Build every method once; return the reason for each that does not apply to this network, or refuse it.

    Raises:
        InputError: a method does not apply, and ``refuse`` is set: nothing has run yet.
    """
    reasons: dict[str, str] = {}
    for name, method in methods.items():
        try:
            method.attribute(network)
        except InputError as error:
            if refuse and name not in CONTROL_METHODS:
                error.where = f"method `{name}`" if error.where is None else f"method `{name}`, {error.where}"
                raise
            received = f" ({error.received})" if error.received else ""
            reasons[name] = f"{error.what[:1].upper()}{error.what[1:]}{received}."
    return reasons
