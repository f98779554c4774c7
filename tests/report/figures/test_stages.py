"""A strip of stages, and the inputs behind its last mean."""

from dataclasses import replace

import numpy as np

from audit.report.figures import stages as strips
from tests.report import examples
from tests.report.figures.test_curves import cascade, facts, text


def test_each_stage_of_each_method_is_a_number_in_the_strip() -> None:
    (heat,) = strips.heat(facts("independent_randomization"), cascade(), [])
    stages = ", ".join(f"0.{value} {stage}" for value, stage in zip((31, 16, 8, 4, 2), examples.STAGES, strict=True))
    assert stages.replace("0.8 ", "0.08 ").replace("0.4 ", "0.04 ").replace("0.2 ", "0.02 ") in heat.alt
    assert f"grad_cam: 0.60 {examples.STAGES[0]}, – {examples.STAGES[1]}" in heat.alt
    assert text(heat.light).count("opacity: 0.") >= 4 * len(examples.STAGES)


def test_a_stage_that_does_not_count_stands_in_brackets_and_the_caption_says_why() -> None:
    (before,) = strips.heat(facts("independent_randomization"), cascade(), [])
    assert "(" not in before.alt and "brackets" not in before.caption
    marked = [
        replace(verdict, curve=tuple(replace(each, counts=each.label != examples.STAGES[1]) for each in verdict.curve))
        for verdict in cascade()
    ]
    (heat,) = strips.heat(facts("independent_randomization"), marked, [])
    assert f"0.31 {examples.STAGES[0]}, (0.16) {examples.STAGES[1]}, 0.08 " in heat.alt
    assert "brackets does not count" in heat.caption and heat.light != before.light


def test_the_inputs_behind_the_last_mean_are_shown_by_their_quantiles() -> None:
    values = (0.0, None, 0.5, 1.0, float("nan"))
    (spread,) = strips.spread(
        facts("cascading_randomization"), [replace(verdict, per_input=values) for verdict in cascade()], []
    )
    low, median, high = (f"{np.quantile([0, 0.5, 1], share):.2f} at {share:.0%}" for share in (0.05, 0.5, 0.95))
    assert low in spread.alt and median in spread.alt and high in spread.alt and "dotted line" in spread.caption
    assert strips.spread(facts("cascading_randomization"), cascade(), []) == ()
