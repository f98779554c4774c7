"""Which stages count: by the logits before and after a re-draw, and what is left of a curve without the others."""

from dataclasses import replace

import numpy as np
import pytest

from audit.checks.efficient_mprt import EfficientMprt
from audit.checks.independent_randomization import IndependentRandomization
from audit.checks.shared.curves import AboveNull, curve
from audit.checks.shared.stages import chosen, correlation, counting, logits_kept, none_counts, of_counting
from audit.checks.smooth_mprt import SmoothMprt
from audit.methods.gradient import Gradient
from audit.record import Evidence, Null, Original, Randomized, Unit
from tests import networks
from tests.audits import evidence_of, make_facts
from tests.checks.real import bench_of

GENERATOR = np.random.default_rng(0)
LOGITS = GENERATOR.standard_normal((40, 3))
TARGETS = np.arange(40) % 3
CHECK = IndependentRandomization(seeds=3, null_draws=1)
FACTS = make_facts(30, stages=("logits", "zero", "conv"))


def other(seed: int, classes: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((40, classes))


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_what_moves_no_map_is_in_place_whatever_the_number_of_logits(classes):
    logits, targets = LOGITS[:, :classes], TARGETS % classes
    for after in (logits, logits + np.array([3.0, -1.0, 9.0])[:classes], 0.5 * logits):
        assert correlation(logits, after, targets) == pytest.approx(1, abs=1e-12)
    assert abs(correlation(logits, other(1, classes), targets)) < 0.5
    assert correlation(logits, -logits, targets) == pytest.approx(-1)
    assert correlation(logits, logits + 3 * other(1, classes)[:, :1], targets) < 0.8  # in all logits alike, by input


def test_only_logits_that_are_explained_matter_and_none_by_its_scale():
    moved = np.concatenate([LOGITS[:, :2], 1e6 * other(2)[:, :1]], axis=1)
    assert correlation(LOGITS, moved, TARGETS % 2) == pytest.approx(1)
    assert correlation(LOGITS, moved, np.full(40, 2)) < 0.5
    assert correlation(LOGITS, moved, TARGETS) == pytest.approx(2 / 3, abs=0.2)


def test_a_logit_that_inputs_do_not_differ_in_is_in_place_only_where_it_was_so_before():
    constant = np.full((40, 3), 7.0) + 1e-7 * other(3)
    assert correlation(constant, constant + 1, TARGETS) == 1
    assert correlation(LOGITS, constant, TARGETS) == 0 == correlation(constant, LOGITS, TARGETS)
    assert np.isnan(correlation(LOGITS, np.full((40, 3), np.nan), TARGETS))


@pytest.fixture(scope="module")
def bench():
    return bench_of(networks.cnn(), {"gradient": Gradient()})


def test_a_cascade_is_compared_with_the_stage_before_and_one_stage_alone_with_the_trained_network(bench):
    targets = bench.explained.targets

    def logits(condition):
        return bench.outputs(bench.explained.inputs, params=bench.params(condition))

    for mode, earlier in (("cascading", 1), ("independent", 0)):
        condition = Randomized(mode=mode, stage=2, seed=1)
        before = logits(replace(condition, stage=earlier) if earlier else Original())
        found = logits_kept(condition, bench)["logits_kept"]
        assert found == [correlation(before, logits(condition), targets)] and found < 0.95
        trained = correlation(logits(Original()), logits(condition), targets)
        assert logits_kept(condition, bench, since=Original())["logits_kept"] == [trained]
    assert logits_kept(Randomized(mode="independent", stage=1, seed=0), bench)["logits_kept"] != [1.0]


def test_it_is_computed_once_for_all_methods(bench, monkeypatch):
    condition, asked = Randomized(mode="independent", stage=1, seed=7), []
    outputs = bench.outputs
    monkeypatch.setattr(bench, "outputs", lambda *args, **named: asked.append(args) or outputs(*args, **named))
    for method in ("gradient", "edge_detector"):
        assert "logits_kept" in CHECK.measure(method, condition, bench).scores
    assert len(asked) == 2


def with_kept(check, kept, similarity=0.1, changed=1.0):
    """Evidence in which stages keep the logits: a number by the stage's place; None: measured before it was known."""

    def scored(each):
        condition = each.unit.condition
        drawn = isinstance(condition, Randomized) and condition.stage
        value = kept[condition.stage - 1] if drawn else None
        value = value(condition.seed) if callable(value) else value
        return each if value is None else replace(each, scores={**each.scores, "logits_kept": np.array([value])})

    return [scored(each) for each in evidence_of(check, FACTS, similarity, changed=changed)]


def counts(*kept):
    found = {each.unit.condition: each for each in with_kept(CHECK, kept)}
    return counting(found, [[at(stage, seed) for seed in range(3)] for stage in (1, 2, 3)]).tolist()


def at(stage, seed):
    return Randomized(mode="independent", stage=stage, seed=seed)


def test_a_stage_counts_unless_the_mean_over_its_seeds_is_above_the_limit():
    assert counts(0.3, 1.0, 0.94) == [True, False, True]
    assert counts(lambda seed: (1.0, 1.0, 0.8)[seed], lambda seed: (1.0, 0.99, 0.9)[seed], -1.0) == [True, False, True]
    assert counts(None, float("nan"), 0.951) == [True, True, False]  # older evidence, and what is no number
    assert none_counts(np.array([False, True])) is None is not none_counts(np.array([False, False]))


def test_a_curve_at_some_of_its_places_has_their_numbers_alone():
    found = {each.unit.condition: each for each in evidence_of(CHECK, FACTS, lambda c: np.full(30, c.stage / 10))}
    places = [[at(stage, seed) for seed in range(3)] for stage in (1, 2, 3)]
    whole = curve(found, places, ["a", "b", "c"], AboveNull(null=Null(draws=1), sign="absolute"))
    part = chosen(whole, np.array([True, False, True]))
    assert part.labels == ("a", "c") and part.excess.shape == (30, 3, 2) and part.null.shape == whole.null.shape
    np.testing.assert_array_equal(part.similarity, whole.similarity[:, :, [0, 2]])
    np.testing.assert_array_equal(part.flaws, whole.flaws[:, :, [0, 2]])
    kept = of_counting(found.values(), np.array([True, False, True]))
    assert {each.unit.condition.stage for each in kept if isinstance(each.unit.condition, Randomized)} == {0, 1, 3}


def by_stage(*values):
    return lambda condition: np.full(30, values[condition.stage - 1])


@pytest.mark.parametrize("kind", [IndependentRandomization, SmoothMprt])
def test_a_stage_that_does_not_count_is_shown_and_enters_no_criterion(kind):
    check = kind(seeds=2, null_draws=1)
    found = check.judge(with_kept(check, (0.1, 1.0, 0.2), by_stage(0.1, 1.0, 0.2)), FACTS)
    assert found.outcome == "pass" and found.criteria[0].statistic == pytest.approx(0.15)
    assert [point.counts for point in found.curve] == [True, True, False, True]
    assert [point.excess for point in found.curve] == pytest.approx([1, 0.1, 1.0, 0.2])
    before = check.judge(with_kept(check, (None, None, None), by_stage(0.1, 1.0, 0.2)), FACTS)
    assert before.criteria[0].statistic == pytest.approx(1.3 / 3) and all(point.counts for point in before.curve)


def test_maps_that_die_where_nothing_is_tested_lose_no_input():
    check, dead = SmoothMprt(seeds=2, null_draws=1), by_stage(0.1, np.nan, 0.2)
    found = check.judge(with_kept(check, (0.1, 1.0, 0.2), dead), FACTS)
    assert found.outcome == "pass" and found.inputs == 30 and found.curve[2].excess is None
    assert check.judge(with_kept(check, (0.1, 0.5, 0.2), dead), FACTS).outcome == "inconclusive"


def test_parameters_that_cannot_change_keep_no_verdict_back_where_nothing_is_tested():
    def unchanged(kept):
        return [
            replace(each, scores={**each.scores, "changed": np.array([0.0])})
            if isinstance(each.unit.condition, Randomized) and each.unit.condition.stage == 2
            else each
            for each in with_kept(CHECK, kept)
        ]

    assert CHECK.judge(unchanged((0.1, 1.0, 0.2)), FACTS).outcome == "pass"
    assert "changed none" in CHECK.judge(unchanged((0.1, 0.5, 0.2)), FACTS).reason


@pytest.mark.parametrize("kind", [IndependentRandomization, SmoothMprt])
def test_without_any_stage_that_counts_nothing_is_decided(kind):
    check = kind(seeds=2, null_draws=1)
    found = check.judge(with_kept(check, (1.0, 0.97, 1.0)), FACTS)
    assert found.outcome == "inconclusive" and found.code == "logits-in-place"
    assert "moves the logits" in found.reason and "`redraw`" in found.reason
    assert [criterion.outcome for criterion in found.criteria] == ["inconclusive"] * len(found.criteria)


def test_the_rise_of_entropy_is_undecided_where_all_re_draws_together_leave_the_logits_in_place(bench):
    check = EfficientMprt(seeds=2, null_draws=1, head_room_at_least=0.0001)
    last = FACTS.network.stages
    null, drawn, *_ = conditions = check.conditions(FACTS)
    assert drawn.stage == len(last) and check.measure("gradient", drawn, bench).scores["logits_kept"] < 0.95

    def judged(kept):
        scores = {"rise": np.linspace(0.4, 0.5, 30), "changed": np.ones(1), "logits_kept": np.array([kept])}
        return check.judge([Evidence(unit=unit(each), status="done", scores=scores) for each in conditions], FACTS)

    def unit(condition):
        return Unit(check="c", settings={}, method={}, condition=condition, world="w")

    assert judged(0.2).outcome == "pass" and judged(0.99).outcome == "inconclusive"
    assert "moves the logits" in judged(0.99).reason
