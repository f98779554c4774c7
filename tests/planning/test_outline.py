"""A plan in words: what it costs, and everything that a reader must know before it runs."""

from audit.planning.outline import Pace, describe, evaluations
from audit.planning.units import plan
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
