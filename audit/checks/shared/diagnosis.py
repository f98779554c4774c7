"""What the checks with ground truth share: where a map lies, and whether the model uses what it is said to use."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from audit.checks.check import Bench, Judgement
from audit.checks.shared import localisation
from audit.record import Channels, Doubt, Evidence, Explained, record

RELEVANT, DISTRACTOR = "relevant", "distractor"
SWAPPED = {RELEVANT: "relevant_swapped", DISTRACTOR: "distractor_swapped"}
"""Names in the truth and the counterparts of a diagnostic data source."""

Share = Annotated[float, Field(ge=0, le=1)]
Used = Annotated[Share, Field(description="smallest share of predictions that change when what matters is exchanged")]
Misled = Annotated[
    Share, Field(description="largest share of predictions that change when what does not matter is exchanged")
]


@record
class UseLimits:
    """What a network must use before its maps say anything: shares of predictions that an exchange changes."""

    used_at_least: float
    misled_at_most: float


def placed(maps: np.ndarray, explained: Explained, *, channels: Channels) -> dict[str, np.ndarray]:
    """Say of raw maps (n, H, W, C) where they lie; each score (n,), NaN where the map has no place.

    ``share`` is that of the relevant region in the mass of the map, ``share_by_chance`` what the region would have on
    average over all its placements in the same map, ``excess`` the first above the second; ``share_of_both`` compares
    the relevant region with the distractor; ``hit`` and ``average_precision`` take the whole map.
    """
    region, other = explained.truth[RELEVANT], explained.truth[DISTRACTOR]
    found = localisation.magnitudes(maps, region, channels=channels)
    inside, chance = localisation.share(found, region), localisation.share_by_chance(found, region)
    return {
        "share": inside,
        "share_by_chance": chance,
        "excess": (inside - chance) / (1 - chance),
        "share_of_both": localisation.share_of_both(found, region, other),
        "hit": localisation.hits(found, region),
        "average_precision": localisation.average_precision(found, region),
    }


def uses(bench: Bench, *, params: Any = None) -> dict[str, np.ndarray]:
    """Say what a network does when the one thing or the other in an input is exchanged; each score (n,).

    ``relevant_matters`` and ``distractor_matters`` are 1 where the prediction changes, else 0. ``reliance`` is what the
    relevant thing's exchange has in the sum of both changes of the predicted class's logit: what a map of magnitudes
    would show of the model if it showed exchanges. ``params`` are those of another network than the audited one.
    """
    explained = bench.explained
    before = bench.outputs(explained.inputs, params=params)
    after = {name: bench.outputs(explained.counterparts[swapped], params=params) for name, swapped in SWAPPED.items()}
    matters = {f"{name}_matters": (named(each) != named(before)).astype(np.float64) for name, each in after.items()}
    change = {name: _explained_logit(abs(each - before), named(before)) for name, each in after.items()}
    with np.errstate(invalid="ignore"):  # 0 / 0: neither exchange changes anything
        return {**matters, "reliance": change[RELEVANT] / (change[RELEVANT] + change[DISTRACTOR])}


def named(logits: np.ndarray) -> np.ndarray:
    """Return the classes (n,) int32 that logits (n, K) name; one logit names class 1 where it is positive."""
    return (logits.argmax(axis=1) if logits.shape[1] > 1 else logits[:, 0] > 0).astype(np.int32)


def unused(
    scores: Sequence[Mapping[str, np.ndarray]], limits: UseLimits, *, used: str, ignored: str, who: str
) -> Doubt | None:
    """Return why a network says nothing about methods: it does not use what it is said to use, or not that alone."""
    change = {name: float(np.mean([each[f"{name}_matters"] for each in scores])) for name in (used, ignored)}
    if change[used] >= limits.used_at_least and change[ignored] <= limits.misled_at_most:
        return None
    return Doubt(
        code="not-used",
        text=f"{who} does not use what it should: {change[used]:.0%} of its predictions change when what its task "
        f"concerns is exchanged (at least {limits.used_at_least:.0%} must), {change[ignored]:.0%} when the other "
        f"thing is (at most {limits.misled_at_most:.0%} may), so nothing is known of what its maps must show.",
    )


def held_back(judgement: Judgement, own: Evidence, others: Sequence[Evidence]) -> Judgement:
    """Turn a pass into inconclusive where networks that cannot know differ from each other by as much.

    A network's weights may favour one thing over another by chance, on every input alike; an interval over inputs does
    not see that. So the mean ``share_of_both`` of the audited model must also lie beyond the one-sided 95 % prediction
    bound for one more network like the others: mean + t s sqrt(1 + 1/J), over J networks with standard deviation s.
    """
    shares = [_mean(each.scores["share_of_both"]) for each in (own, *others)]
    known = [each for each in shares if each is not None]
    if judgement.outcome != "pass" or (len(known) == len(shares) and known[0] > _bound(known[1:])):
        return judgement
    others_have = ", ".join(f"{each:.2f}" for each in known[1:])
    reason = (
        f"Networks that cannot know what matters here differ by as much ({others_have} of the magnitude on both, the "
        f"audited model {known[0]:.2f}), so this may be chance. Measured: "
    )
    return replace(judgement, outcome="inconclusive", code="by-chance", reason=reason + judgement.reason)


def _bound(values: Sequence[float]) -> float:
    from scipy.stats import t  # a quarter of a second to import: validating a spec must not pay for it

    count = len(values)
    spread = float(np.std(values, ddof=1)) * np.sqrt(1 + 1 / count)
    return float(np.mean(values) + t.ppf(0.95, count - 1) * spread)


def aside(evidence: Evidence) -> str:
    """Return one sentence with the other measures of where a map lies, and what the model itself does."""
    names = ("hit", "average_precision", "share", "share_by_chance", "reliance")
    means = {name: _mean(evidence.scores[name]) for name in names}
    if None in means.values():
        return ""
    return (
        f" The largest value lies there in {means['hit']:.0%} of the inputs; average precision "
        f"{means['average_precision']:.2f}; share of the whole map {means['share']:.2f}, "
        f"{means['share_by_chance']:.2f} by chance; share in the model's own reaction to exchanging the one or the "
        f"other {means['reliance']:.2f}."
    )


def _mean(values: Any) -> float | None:
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else None


def _explained_logit(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return logits[np.arange(len(logits)), classes if logits.shape[1] > 1 else 0]
