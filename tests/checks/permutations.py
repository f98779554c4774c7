"""Made-up evidence of label permutation: accuracies of trainings, similarities of pairs of networks."""

from dataclasses import replace

import numpy as np

from audit.checks.label_permutation import LabelPermutation
from audit.planning.units import TRAINING
from audit.record import Architecture, Evidence, Null, Trained, TrainingFacts, Unit
from tests.audits import by_sign, make_facts

CHECK = LabelPermutation(seeds=3)
TENTHS = (0.1,) * 10
N = 30


def facts_of(inputs=N, *, train=TENTHS, test=TENTHS, count=2000):
    training = TrainingFacts(recipe={}, train=8000, test=count, train_shares=train, test_shares=test, digest="d")
    return replace(make_facts(inputs), training=training)


FACTS = facts_of()


def around(mean, spread=0.02):
    """Similarities with this mean, spread over inputs and networks."""

    def scores(condition):
        generator = np.random.default_rng([condition.seed, len(condition.labels), 1])
        return np.clip(mean + spread * generator.standard_normal(N), -1, 1)

    return scores


def unit(check, condition):
    return Unit(check=check, settings={}, method={"name": "gradient"}, condition=condition, world="w")


def trained(check=CHECK, facts=FACTS, **changed):
    """Evidence of sound trainings; ``changed`` maps ``labels_seed`` to scores that replace them."""
    found = []
    for condition in check.trainings(facts):
        sound = {"train_accuracy": 0.97, "test_accuracy": 0.98 if condition.labels == "true" else 0.1, "epochs": 20.0}
        scores = {**sound, **changed.get(f"{condition.labels}_{condition.seed}", {})}
        arrays = {name: np.array([value]) for name, value in scores.items()}
        found.append(Evidence(unit=unit(TRAINING, condition), status="done", scores=arrays))
    return found


def compared(true=0.0, audited=0.0, ceiling=0.6, floor=0.3, *, null=0.0, architecture=0.0, check=CHECK, facts=FACTS):
    """Evidence of one method: the similarity of each pair of networks, a number or (condition) -> (n,)."""
    partners, n, found = {"permuted": true, "true": ceiling, "none": floor}, len(facts.data.ids), []
    for condition in check.conditions(facts):
        scores = {}
        if isinstance(condition, Null):
            scores = by_sign(np.broadcast_to(null, (n,)).astype(float), "null")
        if isinstance(condition, Architecture):
            scores = by_sign(np.full(1, architecture), "architecture")
        if isinstance(condition, Trained):
            both = {"": audited, "partner_": partners[condition.labels]}
            for prefix, value in both.items():
                values = np.broadcast_to(value(condition) if callable(value) else value, (n,)).astype(float)
                scores |= {f"{prefix}similarity_{sign}": values for sign in ("absolute", "signed")}
                scores[f"{prefix}undefined"] = np.isnan(values).astype(float)
        found.append(Evidence(unit=unit("label_permutation", condition), status="done", scores=scores))
    return found
