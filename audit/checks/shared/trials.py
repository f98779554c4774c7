"""Judging two rankings by the test inputs that retrained networks hit: curves, areas, intervals, the verdict."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from audit.checks.check import Judgement
from audit.checks.shared.relearned import not_relearned
from audit.checks.shared.wording import decimals
from audit.record import Criterion, Doubt, Facts, Outcome, Point, Reference, record
from audit.statistics import ALPHA, Estimate, decide, mean_interval, p_value

_CHANCE = 3  # standard errors above the most frequent class's share that count as having learned something
_UNSEEN = 3.69  # among n inputs, what none shows may hold for this many of them: 1 - 0.025^(1/n) is at most this over n


@record
class Trial:
    """Test inputs hit with two rankings by seed, place and input, (J, K, n), and what their difference means."""

    fractions: tuple[float, ...]  # of the K places
    intact: np.ndarray  # (J,): accuracy of the networks retrained on intact inputs
    hits: np.ndarray
    others: np.ndarray
    advantage: np.ndarray  # (J, K, n): positive where the method's ranking is the better one
    areas: np.ndarray  # (J, n): the advantage, averaged over the fractions
    words: str  # the sentence, with {} where the number goes


def area(advantage: np.ndarray, fractions: Sequence[float]) -> np.ndarray:
    """Return the area (J, n) below advantages (J, K + 1, n) over fractions, by trapezoids, divided by their span."""
    places = np.asarray(fractions)
    return np.trapezoid(advantage, places, axis=1) / (places[-1] - places[0])


def interval(values: np.ndarray) -> Estimate:
    """Estimate a mean (J, n) over retrainings and test inputs: both are samples, and every network meets each input."""
    return mean_interval(values.T)


def _cautious(estimate: Estimate, inputs: int) -> Estimate:
    """Return what n inputs and few retrainings that do not differ at all still leave open."""
    if estimate.error > 0:
        return estimate
    from scipy.stats import norm

    half = _UNSEEN / inputs
    return replace(
        estimate,
        low=estimate.mean - half,
        high=estimate.mean + half,
        error=half / float(norm.ppf(1 - ALPHA)),
        freedom=np.inf,
    )


def conclude(
    trial: Trial, facts: Facts, *, margin: float, baseline_within: float, references: Sequence[Reference]
) -> Judgement:
    """Judge the area; the networks retrained on intact inputs must first be like the audited one."""
    doubt = _doubt(trial.intact, facts, baseline_within)
    estimate = _cautious(interval(trial.areas), trial.areas.shape[1])
    ends = float(estimate.low), float(estimate.high)
    outcome: Outcome = "inconclusive" if doubt else decide(ends, margin, "at_least")
    reason = doubt.text if doubt else _reason(trial, estimate, margin, outcome)
    criterion = Criterion(
        name="area",
        relation="at_least",
        threshold=margin,
        statistic=None if doubt else float(estimate.mean),
        interval=None if doubt else ends,
        outcome=outcome,
        p_value=None if doubt else p_value(estimate, margin, "at_least"),
    )
    return Judgement(
        outcome=outcome,
        reason=reason,
        criteria=(criterion,),
        curve=_points(trial),
        inputs=facts.training.test if facts.training else 0,
        seeds=len(trial.areas),
        total=trial.hits[..., 0].size,
        references=tuple(references),
        code=doubt.code if doubt else "interval" if outcome == "inconclusive" else None,
    )


def _doubt(intact: np.ndarray, facts: Facts, within: float) -> Doubt | None:
    """Return why retraining tests nothing here: the networks have another accuracy than the audited model, or none."""
    mean, training = float(intact.mean()), facts.training
    far = not_relearned(mean, facts.data.accuracy, within)
    if far is None and training is not None and training.test_shares:
        chance = max(training.test_shares)
        if not mean > chance + _CHANCE * np.sqrt(chance * (1 - chance) / max(training.test, 1)):
            return Doubt(
                code="not-learned",
                text=f"Networks retrained on intact inputs reach an accuracy of {mean:.3f}, no better than always "
                f"predicting the most frequent class ({chance:.3f}): fix the recipe under `training`.",
            )
    return far


def _reason(trial: Trial, estimate: Estimate, margin: float, outcome: Outcome) -> str:
    value, low, high, limit = decimals([estimate.mean, estimate.low, estimate.high], beside=margin)
    text = f"{trial.words.format(f'{value} [{low}, {high}]')}; at least {limit} is required"
    return text + (
        "; the interval contains the limit, and more seeds or test inputs would narrow it."
        if outcome == "inconclusive"
        else "."
    )


def span(fractions: Sequence[float]) -> str:
    """Return fractions as ``10 %`` or ``10 to 90 %``, for a sentence."""
    ends = [percent(each) for each in (fractions[0], fractions[-1])]
    return ends[0] if len(fractions) == 1 else f"{ends[0].removesuffix(' %')} to {ends[1]}"


def percent(fraction: float) -> str:
    """Return a fraction as ``10 %``: the label of a place on a curve."""
    return f"{100 * fraction:g} %"


def _points(trial: Trial) -> tuple[Point, ...]:
    """Return the curve: ``similarity`` is the mean accuracy, ``null`` the other ranking's, ``excess`` the advantage."""
    points: list[Point] = []
    for place, fraction in enumerate(trial.fractions):
        estimate = interval(trial.advantage[:, place])
        points.append(
            Point(
                label=percent(fraction),
                similarity=float(trial.hits[:, place].mean()),
                null=float(trial.others[:, place].mean()),
                excess=float(estimate.mean),
                interval=(float(estimate.low), float(estimate.high)),
                undefined=0,
                total=len(trial.areas),
            )
        )
    return tuple(points)


def reference(name: str, fractions: Sequence[float], values: np.ndarray) -> Reference:
    """Return the accuracies of hits (J, K, n) as a curve, with their intervals over retrainings and test inputs."""
    estimates = [interval(values[:, place]) for place in range(values.shape[1])]
    points = (
        Point(
            label=percent(fraction),
            similarity=float(each.mean),
            null=None,
            excess=None,
            interval=(float(each.low), float(each.high)),
            undefined=0,
            total=len(values),
        )
        for fraction, each in zip(fractions, estimates, strict=True)
    )
    return Reference(name=name, curve=tuple(points))
