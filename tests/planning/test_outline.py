"""A plan in words: what it costs, and everything that a reader must know before it runs."""

from dataclasses import replace

from audit.planning.outline import Pace, describe, evaluations
from audit.planning.units import plan
from audit.record import Randomness
from tests.plans import STAGES, facts_of, spec_of


def test_cost_counts_every_map_of_every_input_and_the_references_once() -> None:
    units = plan(spec_of({"repeatability": {"seeds": 2}}, methods=["gradient", "guided_backprop"]), facts_of()).units()
    # Two inputs: two other keys and the reference for each of five methods, of which one costs three evaluations.
    assert evaluations(units, facts_of()) == 2 * (2 + 1) * (4 * 1 + 3)


def test_the_plan_is_told_in_words() -> None:
    facts, reasons = facts_of(), ["`cam` does not apply", "`cam` does not apply"]
    lines = "\n".join(
        describe(plan(spec_of("repeatability"), facts), facts, skipped=reasons, done=1, pace=Pace(evaluation=1.0))
    )
    assert lines.count("skipped    `cam` does not apply\n") == 1
    for word in (
        *STAGES,
        "edge_detector (control)",
        "1 already stored",
        "gradient evaluations",
        "repeatability: 5 methods",
    ):
        assert word in lines


def test_means_over_draws_of_the_model_are_told_and_cost_as_many_maps() -> None:
    units, facts = plan(spec_of("repeatability"), facts_of()).units(), facts_of()
    drawn = replace(facts, network=replace(facts.network, randomness=Randomness(draws=0.5, averaged=16)))
    assert evaluations(units, drawn) == 16 * evaluations(units, facts)
    lines = describe(plan(spec_of("repeatability"), drawn), drawn, skipped=[], done=0, pace=Pace(evaluation=1.0))
    assert any(line.startswith("random ") and "16 draws" in line for line in lines)
