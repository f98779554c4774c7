"""What a model's own randomness says of an audit: a reason of its own for each kind, with the layers and what to do."""

from dataclasses import replace

import pytest

from audit.judging.model_randomness import own_randomness
from audit.judging.validity import known_before
from audit.record import NOTICED, ROUNDING, Facts, Randomness
from tests.audits import make_facts

KINDS = {
    "randomness": Randomness(draws=0.45, drawing=("dropout", "noise")),
    "state": Randomness(calls=0.02, changing=("block/memory",)),
    "batch": Randomness(company=0.3, mixing=("normalise",)),
}


def facts_with(measured: Randomness) -> Facts:
    facts = make_facts()
    return replace(facts, network=replace(facts.network, randomness=measured))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_a_reason_that_names_the_layers_and_how_much_the_logits_differ(kind):
    measured = KINDS[kind]
    (reason,) = known_before({}, facts_with(measured))
    assert reason.kind == kind and reason.fix.endswith(".")
    for layer in (*measured.drawing, *measured.changing, *measured.mixing):
        assert f"`{layer}`" in reason.sentence
    largest = max(measured.draws, measured.calls, measured.company)
    assert f"{largest:.2g}" in reason.sentence


def test_a_model_may_be_all_of_them():
    both = replace(KINDS["randomness"], calls=0.1, alone=0.2)
    assert [each.kind for each in own_randomness(both)] == ["randomness", "state", "batch"]


def test_means_over_draws_lift_random_draws_and_nothing_else():
    every = replace(KINDS["randomness"], calls=0.1, company=0.2, averaged=16)
    assert [each.kind for each in own_randomness(every)] == ["state", "batch"]
    assert own_randomness(replace(KINDS["randomness"], averaged=16)) == ()


def test_rounding_is_no_reason_and_other_batch_sizes_round_more():
    assert own_randomness(Randomness()) == ()
    assert own_randomness(Randomness(draws=NOTICED, calls=NOTICED, company=NOTICED, alone=ROUNDING)) == ()
    assert own_randomness(Randomness(alone=2 * ROUNDING)) and own_randomness(Randomness(company=2 * NOTICED))


def test_where_no_layer_could_be_named_it_says_so():
    (reason,) = own_randomness(Randomness(calls=1.0))
    assert "no layer could be named" in reason.sentence
