"""What cascading and independent randomisation share: their conditions, and their evidence as one curve."""

from collections.abc import Sequence
from typing import Literal

from audit.checks.check import Judgement
from audit.checks.comparison import DEFAULT_SIGN
from audit.checks.judgement import Limits, Target, conclude, curve, point, stopped, unchanged
from audit.maps import Sign
from audit.record import Condition, Evidence, Facts, Null, Randomized, record


@record
class Design:
    """How parameters are re-drawn, how often, and how the null is estimated."""

    mode: Literal["cascading", "independent"]
    order: Literal["top_down", "bottom_up"]
    seeds: int
    redraw: Literal["permute", "initializer", "normal"]
    batch_norm: Literal["keep", "reset", "recalibrate"]
    null_draws: int

    def at(self, stage: int, seed: int) -> Randomized:
        """Return the condition of one stage (0: nothing re-drawn) and one seed."""
        return Randomized(
            mode=self.mode, stage=stage, seed=seed, order=self.order, redraw=self.redraw, batch_norm=self.batch_norm
        )


def conditions(design: Design, facts: Facts) -> tuple[Condition, ...]:
    """Return the null, then stage 0 once (everything computed again: similarity exactly 1), then all stages by seed."""
    stages = range(1, len(facts.network.stages) + 1)
    drawn = (design.at(stage, seed) for seed in range(design.seeds) for stage in stages)
    return (Null(draws=design.null_draws), design.at(0, 0), *drawn)


def judge(
    design: Design, evidence: Sequence[Evidence], facts: Facts, targets: Sequence[Target], limits: Limits,
    sign: Sign | None,
) -> Judgement:  # fmt: skip
    """Judge the evidence of one method; every condition must be there."""
    names = [stage.name for stage in facts.network.stages]
    names = names if design.order == "top_down" else names[::-1]
    if not names:
        return Judgement(outcome="inconclusive", reason="The network has no parameters to re-draw.")
    wanted = conditions(design, facts)
    error = stopped(evidence, wanted)
    if error:
        return error
    found = {each.unit.condition: each for each in evidence if each.unit.condition in wanted}
    null, sign = Null(draws=design.null_draws), sign or DEFAULT_SIGN
    places = [[design.at(stage, seed) for seed in range(design.seeds)] for stage in range(1, len(names) + 1)]
    trained = curve(found, [[design.at(0, 0)]], ["trained"], null=null, sign=sign)
    drawn = curve(found, places, names, null=null, sign=sign)
    if isinstance(trained, str) or isinstance(drawn, str):
        return Judgement(outcome="inconclusive", reason=str(drawn))
    return conclude(drawn, targets, limits, first=point(trained, 0), doubt=unchanged(list(found.values()), names))
