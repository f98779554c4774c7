"""What keeps re-draws from deciding, each with its code; and what decides although much is missing."""

import numpy as np
import pytest

from audit.checks.cascading_randomization import CascadingRandomization
from audit.record import Architecture, Intact, Null, Randomized
from tests.audits import by_sign, evidence_of, make_facts

FACTS, CHECK = make_facts(), CascadingRandomization(seeds=3)
KEPT, LOST = 0.8, 0.05


def judged(similarity, check=CHECK, **scores):
    """Judge with some scores of their own: ``noise`` of Intact, ``architecture``, ``gradient``, ``live``, ..."""
    found = evidence_of(check, FACTS, similarity)
    for each in found:
        condition = each.unit.condition
        if isinstance(condition, Intact) and "noise" in scores:
            level = scores["noise"][condition.stage - 1]
            each.scores.update(by_sign(np.full(30, level), "noise", "behind"))
        if isinstance(condition, Architecture) and "architecture" in scores:
            each.scores.update(by_sign(np.full(1, scores["architecture"]), "architecture"))
        if isinstance(condition, Randomized) and condition.stage and "gradient" in scores:
            each.scores.update(by_sign(np.full(30, scores["gradient"][condition.stage - 1]), "gradient"))
        if isinstance(condition, Randomized) and condition.stage and "live" in scores:
            each.scores["live"] = (np.arange(30) < 30 * scores["live"]).astype(float)
        if isinstance(condition, Randomized) and condition.stage and "logits_kept" in scores:
            each.scores["logits_kept"] = np.full(1, scores["logits_kept"][condition.stage - 1])
        if isinstance(condition, Randomized) and not condition.stage:
            each.scores.update({name: scores[name] for name in ("masked_unsaid", "undefined") if name in scores})
    return check.judge(found, FACTS)


def spread(level, *, dead=0.0):
    def scores(condition):
        rng = np.random.default_rng([condition.stage, condition.seed])
        values = level[condition.stage - 1] if isinstance(level, tuple) else level
        made = np.clip(values + 0.03 * rng.standard_normal(30), -1, 0.99)
        return np.where(rng.random(30) < dead, np.nan, made)

    return scores


def test_the_null_of_what_is_intact_is_taken_off_stage_by_stage():
    """A gradient that keeps 0.7 at the logits because noise does is no failure; the same without that null is."""
    kept = spread((0.7, 0.4, 0.1))
    assert judged(kept).outcome == "fail"
    found = judged(kept, noise=(0.69, 0.38, 0.05), gradient=(0.7, 0.4, 0.1))
    assert found.outcome == "pass"
    assert [point.null for point in found.curve[1:]] == pytest.approx([0.69, 0.38, 0.05])


def test_the_null_of_the_architecture_holds_at_every_stage():
    assert judged(spread(0.45)).outcome == "fail"
    assert judged(spread(0.45), architecture=0.4, gradient=(0.45,) * 3).outcome == "pass"


def test_a_null_that_exceeds_what_the_gradient_keeps_is_wrong_and_passes_nothing():
    found = judged(spread(0.3), noise=(0.6, 0.5, 0.4), gradient=(0.3, 0.2, 0.1))
    assert (found.outcome, found.code) == ("inconclusive", "null-too-high")
    assert judged(1.0, noise=(0.6, 0.5, 0.4), gradient=(0.3, 0.2, 0.1)).outcome == "fail"  # nothing moved at all


def test_a_null_without_head_room_counts_where_maps_agree_and_not_where_they_do_not():
    high = {"noise": (0.95, 0.95, 0.95), "gradient": (0.95,) * 3}
    found = judged(spread(0.96), **high)
    assert (found.outcome, found.code) == ("inconclusive", "head-room")
    assert judged(spread(0.1), noise=(0.95, 0.95, 0.95), gradient=(0.9,) * 3).outcome == "pass"


@pytest.mark.parametrize("dead, outcome", [(0.3, "pass"), (0.7, "inconclusive")])
def test_dead_pairs_are_left_out_one_by_one_and_a_pass_needs_half_of_them(dead, outcome):
    found = judged(spread(LOST, dead=dead))
    assert found.outcome == outcome and found.inputs == 30
    if outcome != "pass":
        assert found.code == "constant-maps"


def test_a_failure_needs_ten_pairs_and_not_half_of_them():
    assert judged(spread(KEPT, dead=0.7)).outcome == "fail"
    nothing = judged(spread(KEPT, dead=0.95))
    assert (nothing.outcome, nothing.code) == ("inconclusive", "constant-maps")


def test_more_seeds_never_lose_an_input():
    kept = spread(LOST, dead=0.25)
    assert [judged(kept, CascadingRandomization(seeds=seeds)).inputs for seeds in (3, 8)] == [30, 30]


def test_inputs_without_a_trained_map_are_left_out_and_counted():
    found = judged(spread(LOST), undefined=(np.arange(30) < 4).astype(float))
    assert found.outcome == "pass" and found.inputs == 26 and found.per_input[:4] == (None,) * 4
    few = judged(spread(LOST), undefined=(np.arange(30) < 21).astype(float))
    assert few.code == "too-few-inputs" and "21 of 30" in few.reason


def test_a_dead_network_passes_nothing():
    found = judged(spread(LOST), live=0.4)
    assert (found.outcome, found.code) == ("inconclusive", "dead-network") and "40%" in found.reason
    assert judged(spread(KEPT), live=0.4).outcome == "fail"


def test_zeros_of_the_input_in_maps_of_which_nobody_said_whether_they_multiply_by_it():
    found = judged(spread(KEPT), masked_unsaid=np.ones(1))
    assert (found.outcome, found.code) == ("inconclusive", "masked-unsaid") and "multiplies_input" in found.reason
    assert judged(spread(LOST), masked_unsaid=np.ones(1)).outcome == "pass"


def test_a_sign_that_turns_the_whole_map_hides_nothing():
    """Edges times one sign of the model: their signed similarity is -1 or 1, and its mean may be anything."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (30, 3))
    turned = CascadingRandomization(seeds=3, sign="signed")
    assert judged(lambda condition: 0.98 * signs[:, condition.seed], turned).outcome == "fail"


def test_the_null_of_masked_noise_is_one_of_the_nulls():
    found = evidence_of(CHECK, FACTS, spread(0.45))
    for each in found:
        if isinstance(each.unit.condition, Null):
            each.scores.update(by_sign(np.full(30, 0.42), "null"))
    assert CHECK.judge(found, FACTS).outcome == "pass"


def test_a_stage_that_computes_nothing_adds_no_depth_to_a_cascade():
    """Layers behind a zero that are re-drawn first: the maps are right to stay as they were."""
    kept = spread((0.98, LOST, LOST))
    assert judged(kept).outcome == "fail"
    assert judged(kept, logits_kept=(0.999, 0.1, 0.1)).outcome == "pass"
    nowhere = judged(kept, logits_kept=(0.999,) * 3)
    assert (nowhere.outcome, nowhere.code) == ("inconclusive", "logits-in-place")
