"""Another class: never the explained one, all others equally likely; where there is none, nothing is asked."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.class_sensitivity import ClassSensitivity
from audit.record import Explained, Null, Probed
from tests.audits import Everywhere, evidence_of, judged, make_facts

CHECK = ClassSensitivity(seeds=3, null_draws=2)
INPUTS = 300


class ByClass:
    """A bench whose map of a class is a fixed pattern; it counts the classes that it explains."""

    def __init__(self, classes=4):
        self.classes, self.gallery, self.seen = classes, (), []
        targets = np.arange(INPUTS, dtype=np.int32) % classes
        self.explained = Explained(
            inputs=np.zeros((INPUTS, 6, 6, 1)), ids=list(map(str, range(INPUTS))), targets=targets
        )
        self.nulls = Everywhere((6, 6, 1))
        self.patterns = np.random.default_rng(0).standard_normal((classes, 6, 6, 1)).astype(np.float32)

    def maps(self, method, condition):
        return self.patterns[self.explained.targets]

    def noise_maps(self, method, draw):
        return np.ones((INPUTS, 6, 6, 1), np.float32)

    def kept(self, name, compute):
        return compute()

    def explain(self, method, explained):
        self.seen.append(explained.targets)
        return self.patterns[explained.targets]


def test_the_other_class_is_never_the_explained_one_and_any_of_the_others():
    bench = ByClass()
    for condition in CHECK.conditions(make_facts())[2:]:
        assert isinstance(condition, Probed)
        scores = CHECK.measure("gradient", condition, bench).scores
        assert (scores["similarity_signed"] < 1).all() and scores["undefined"].sum() == 0
    own, seen = bench.explained.targets, np.stack(bench.seen)
    assert (seen != own).all() and not np.array_equal(seen[0], seen[1]) and set(seen.ravel()) == {0, 1, 2, 3}
    shares = np.bincount(((seen - own) % 4).ravel(), minlength=4)[1:] / seen.size
    assert shares == pytest.approx(np.full(3, 1 / 3), abs=4 * np.sqrt(2 / 9 / seen.size))


def test_noise_of_a_methods_own_is_no_change_of_class():
    """It has no similarity with itself either, which breaks the control `identity`: nothing passes."""
    bench, noise = ByClass(), np.random.default_rng(1)
    null, same, *others = CHECK.conditions(make_facts())
    alike = CHECK.measure("gradient", same, bench).scores["similarity_absolute"]
    assert (alike == 1).all() and not others[0] == same and isinstance(null, Null)
    bench.explain = lambda method, explained: noise.standard_normal((INPUTS, 6, 6, 1)).astype(np.float32)

    def of_noise(method, evidence):
        scores = CHECK.measure(method, same, bench).scores
        measured = [replace(each, scores=scores) if each.unit.condition == same else each for each in evidence]
        return measured if method == "gradient" else evidence

    everyone = {"gradient": 0.0, "edge_detector": 1.0, "input": 1.0, "random_map": 1.0}
    found = judged(CHECK, everyone, name="class_sensitivity", inputs=INPUTS, change=of_noise)
    assert not found.valid and found.verdicts[0].outcome == "inconclusive" and "identity" in found.verdicts[0].reason
    assert judged(CHECK, everyone, name="class_sensitivity", inputs=INPUTS).verdicts[0].outcome == "pass"


def test_the_drawn_class_belongs_to_the_input_not_to_its_place():
    bench, turned = ByClass(), ByClass()
    own = turned.explained
    turned.explained = replace(own, ids=own.ids[::-1], targets=own.targets[::-1])
    for each in (bench, turned):
        CHECK.measure("gradient", Probed(name="another class", seed=1), each)
    np.testing.assert_array_equal(bench.seen[0], turned.seen[0][::-1])


@pytest.mark.parametrize("similarity, outcome", [(0.2, "pass"), (1.0, "fail"), (0.7, "fail")])
def test_outcomes(similarity, outcome):
    facts = make_facts()
    assert CHECK.judge(evidence_of(CHECK, facts, similarity), facts).outcome == outcome
    assert CHECK.conditions(facts)[0] == Null(draws=2)


def test_without_another_class_it_does_not_apply_and_says_why():
    facts = make_facts()
    single, two, ten = (replace(facts, network=replace(facts.network, classes=count)) for count in (1, 2, 10))
    assert "single logit" in CHECK.inapplicable(single) and "sign: signed" in CHECK.inapplicable(two)
    signed = replace(CHECK, sign="signed")
    assert "single logit" in signed.inapplicable(single)
    assert CHECK.inapplicable(ten) is None and signed.inapplicable(two) is None
