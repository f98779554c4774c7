"""From scores to a decision: the excess over a null, a mean with its interval, a comparison, a correction.

The interval was chosen by measurement (``tests/test_calibration.py``). With the true value exactly at the threshold,
the plain two-way interval with Satterthwaite's degrees of freedom decides wrongly, in one direction, in up to 7 % of
audits with two seeds (its estimate of their spread has one degree of freedom) and in up to 10 % with 10 inputs of
exponential skew. Two outward corrections bring both under 6 %: one degree of freedom for two seeds, and a shift of the
end towards which the inputs are skewed. What no interval repairs: with 10 inputs, a property that one input in ten
has is not seen at all in a third of the audits. Hence the default of 100 inputs.

The seeds' own effects are taken to be symmetric. Where they are as skewed as an exponential and outweigh the inputs in
the mean, three to ten seeds decide wrongly in 9 to 14 % of audits, in one direction. The same shift for seeds would
leave 5 to 8 %, and make the interval of three normal ones 1.9 times as wide: so few do not tell how they are skewed.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from jaxtyping import Float, Float64

from audit.errors import UnitError
from audit.record import Outcome, Relation, record

ALPHA = 0.025  # how often each end of a 95 % interval lies on the wrong side of the true value
LEVEL = 1 - 2 * ALPHA
NO_HEAD_ROOM = 0.95  # above this null the excess multiplies noise by more than 20: it counts as undefined
SKEW_SHARE = 1.5  # the skewness of 10 to 20 values underestimates the population's


@record
class Estimate:
    """A mean with its interval, of 95 % if not said otherwise. Fields are floats, or arrays over leading axes.

    ``error`` is the standard error, ``freedom`` its degrees of freedom; ``shift_low <= 0 <= shift_high`` move the ends
    outward where the inputs are skewed.
    """

    mean: Any
    low: Any
    high: Any
    error: Any
    freedom: Any
    shift_low: Any
    shift_high: Any


def excess(similarity: Float[np.ndarray, "*shape"], null: Float[np.ndarray, "..."]) -> Float64[np.ndarray, "*shape"]:
    """Return the similarity above its null, ``(s - null) / (1 - null)``, at least -1.

    1 means that the maps are the same, 0 that they agree as much as noise does. The floor keeps a single input whose
    null is 0.9 and similarity 0 from outweighing nine inputs that keep everything.

    Args:
        similarity: in [-1, 1], any shape.
        null: in [-1, 1], broadcastable.

    Returns:
        float64 in [-1, 1]; NaN where either is not finite or the null leaves no head-room (above 0.95).
    """
    similarity, null = np.broadcast_arrays(np.asarray(similarity, np.float64), np.asarray(null, np.float64))
    defined = np.isfinite(similarity) & np.isfinite(null) & ~(null > NO_HEAD_ROOM)
    room = np.where(defined, 1.0 - null, 1.0)
    return np.where(defined, np.maximum((similarity - null) / room, -1.0), np.nan)


def mean_interval(values: Float[np.ndarray, "*leading n seeds"], alpha: float = ALPHA) -> Estimate:
    """Estimate the mean over a population of inputs and seeds.

    Two-way random effects without replication: inputs and seeds are both samples. The variance of the mean is
    ``(MSA + MSB - MSE) / (n J)`` with neither effect's variance below zero, its degrees of freedom Satterthwaite's.
    One seed: the one-way t-interval over inputs. No spread at all gives an interval of zero width.

    Args:
        values: ``(..., n, J)`` of n >= 2 inputs and J >= 1 seeds, finite.
        alpha: one-sided, in (0, 0.5); 0.025 gives the 95 % interval.

    Raises:
        UnitError: fewer than two inputs, or a number that is not finite.

    Source: Searle, Casella and McCulloch, Variance Components, 1992, chapter 4; Satterthwaite 1946; the shift is the
    first Cornish-Fisher term of the Studentized mean (Johnson 1978), outward only and taken 1.5 times.
    """
    inputs, seeds = values.shape[-2:]
    if inputs < 2 or seeds < 1 or not np.isfinite(values).all():
        raise UnitError(
            "R801",
            "cannot compute an interval from these values",
            expected="at least two inputs, all finite",
            received=f"shape {values.shape}",
        )
    origin = values[..., :1, :1]  # equal values then have a spread of exactly zero and a mean without rounding
    centred = np.asarray(values - origin, np.float64)
    variance, freedom = _variance_of_mean(centred)
    shift_low, shift_high = _shifts(centred.mean(axis=-1), alpha)
    mean, error = centred.mean(axis=(-2, -1)) + origin[..., 0, 0], np.sqrt(variance)
    half = _t().ppf(1 - alpha, freedom) * error
    return Estimate(
        mean=mean,
        low=mean - half + shift_low,
        high=mean + half + shift_high,
        error=error,
        freedom=freedom,
        shift_low=shift_low,
        shift_high=shift_high,
    )


def mean_over_inputs(values: Float[np.ndarray, "*leading n repetitions"], alpha: float = ALPHA) -> Estimate:
    """Estimate the mean over a population of inputs whose repetitions are drawn anew for each input.

    A repetition then has no effect that inputs share: the one-way t-interval over each input's mean, with the same
    shift. The two-way interval would take the few repetitions for a sample of their own and pay for it in width.

    Args:
        values: ``(..., n, J)`` of n >= 2 inputs and J >= 1 repetitions, finite.
        alpha: one-sided, in (0, 0.5); 0.025 gives the 95 % interval.

    Raises:
        UnitError: fewer than two inputs, or a number that is not finite.

    Source: Searle, Casella and McCulloch, Variance Components, 1992, chapter 3.
    """
    first = values[..., :1]  # equal repetitions then have a mean without rounding
    return mean_interval(first + np.asarray(values - first, np.float64).mean(axis=-1, keepdims=True), alpha)


def within(estimate: Estimate, bounds: tuple[float, float]) -> Estimate:
    """Return an estimate that ends where the quantity does: no similarity is above 1, no distance below 0."""
    mean, low, high = np.clip([estimate.mean, estimate.low, estimate.high], *bounds)
    return replace(estimate, mean=mean, low=low, high=high)


def _variance_of_mean(values: Float64[np.ndarray, "*leading n seeds"]) -> tuple[np.ndarray, np.ndarray]:
    """Return the variance of the mean and its degrees of freedom."""
    n, seeds = values.shape[-2:]
    by_input = seeds * values.mean(axis=-1).var(axis=-1, ddof=1)  # MSA
    if seeds == 1:
        return by_input / n, np.full(np.shape(by_input), n - 1.0)
    by_seed = n * values.mean(axis=-2).var(axis=-1, ddof=1)  # MSB
    residual = _residual(values)  # MSE
    by_input, by_seed = np.maximum(by_input, residual), np.maximum(by_seed, residual)
    total = by_input + by_seed - residual
    terms = by_input**2 / (n - 1) + by_seed**2 / (seeds - 1) + residual**2 / ((n - 1) * (seeds - 1))
    freedom = np.divide(total**2, terms, out=np.ones_like(total), where=terms > 0)
    return total / (n * seeds), np.ones_like(freedom) if seeds == 2 else freedom


def _residual(values: Float64[np.ndarray, "*leading n seeds"]) -> np.ndarray:
    n, seeds = values.shape[-2:]
    by_input, by_seed = values.mean(axis=-1, keepdims=True), values.mean(axis=-2, keepdims=True)
    rest = values - by_input - by_seed + values.mean(axis=(-2, -1), keepdims=True)
    return (rest**2).sum(axis=(-2, -1)) / ((n - 1) * (seeds - 1))


def _shifts(means: Float64[np.ndarray, "*leading n"], alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the low and the high end move outward for the skewness of the inputs' means (..., n)."""
    n = means.shape[-1]
    if n < 3:
        return np.zeros(means.shape[:-1]), np.zeros(means.shape[:-1])
    off = means - means.mean(axis=-1, keepdims=True)
    second, third = (off**2).mean(axis=-1), (off**3).mean(axis=-1)
    skewness = np.divide(third, second**1.5, out=np.zeros_like(third), where=second**1.5 > 0)
    skewness = skewness * np.sqrt(n * (n - 1)) / (n - 2)
    quantile = _t().ppf(1 - alpha, n - 1)
    shift = SKEW_SHARE * skewness * (2 * quantile**2 + 1) / (6 * n) * means.std(axis=-1, ddof=1)
    return np.minimum(shift, 0.0), np.maximum(shift, 0.0)


def p_value(estimate: Estimate, threshold: float, relation: Relation) -> float:
    """Return the one-sided p-value of a true value that misses the threshold, from the same t as the interval.

    At most the interval's one-sided alpha exactly when the interval lies wholly on the required side.
    """
    room = threshold - estimate.mean - estimate.shift_high
    if relation == "at_least":
        room = estimate.mean + estimate.shift_low - threshold
    if estimate.error == 0:
        return 0.0 if room >= 0 else 1.0
    return float(_t().sf(room / estimate.error, estimate.freedom))


def decide(interval: tuple[float, float], threshold: float, relation: Relation) -> Outcome:
    """Compare an interval with a threshold: the only place where an outcome is decided.

    ``at_most``: pass if the upper end is at most the threshold, fail if the lower end is above it, else inconclusive;
    ``at_least`` the other way round.

    Raises:
        UnitError: a number is not finite (NaN < t is False, and would fail or pass by accident), or the ends are
            swapped.
    """
    low, high = interval
    if not np.isfinite([low, high, threshold]).all() or low > high:
        raise UnitError(
            "R802",
            "cannot compare an interval that is not finite",
            expected="low <= high, finite",
            received=f"[{low}, {high}] against {threshold}",
        )
    if relation == "at_least":
        low, high, threshold = -high, -low, -threshold
    if high <= threshold:
        return "pass"
    return "fail" if low > threshold else "inconclusive"


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return Holm's step-down adjusted p-values, in the given order. Source: Holm 1979."""
    count, running = len(p_values), 0.0
    adjusted = [0.0] * count
    for place, index in enumerate(sorted(range(count), key=lambda i: p_values[i])):
        running = max(running, min(1.0, (count - place) * p_values[index]))
        adjusted[index] = running
    return tuple(adjusted)


def _t() -> Any:
    import scipy.stats  # pyright: ignore[reportMissingTypeStubs]  # imported late: it takes a quarter of a second

    return cast(Any, scipy.stats).t
