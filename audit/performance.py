"""How well a model answers: its accuracy beside what is reached without looking, and whether another feed does better.

Labels are whole numbers that name one class of each input. An interval has 95 % and covers the inputs, a sample.
"""

from typing import Any, cast

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer

from audit.record import Performance
from audit.statistics import LEVEL

_LARGEST_WEIGHT = 1000


def performance_of(logits: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, "n"]) -> Performance:
    """Return how well finite logits (n, K) answer labels (n,): K > 1 by the largest, one logit by its sign.

    Balanced accuracy is the mean, over the classes that have labels, of the share of their inputs answered rightly. An
    answer that does not look at the input reaches 1 / classes, however the labels are distributed.
    """
    hits = right(logits, labels)
    classes = np.unique(labels)
    area, area_interval = auc(score(logits), labels == 1) if two_classes(logits, labels) else (None, None)
    return Performance(
        inputs=len(labels),
        classes=len(classes),
        accuracy=float(hits.mean()),
        accuracy_interval=_wilson(int(hits.sum()), len(hits)),
        balanced=balanced(hits, labels),
        balanced_interval=_balanced_interval(hits, labels),
        most_frequent=most_frequent(labels),
        skill_interval=_skill_interval(logits, labels),
        auc=area,
        auc_interval=area_interval,
    )


def right(logits: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
    """Return which inputs are answered rightly; logits that are not finite are wrong answers."""
    named = logits.argmax(axis=1) if logits.shape[1] > 1 else (logits[:, 0] > 0).astype(int)
    return (named == labels) & np.isfinite(logits).all(axis=1)


def most_frequent(labels: Integer[np.ndarray, "n"]) -> float:
    """Return the share of the class that has the most labels."""
    return float(np.unique(labels, return_counts=True)[1].max() / len(labels))


def balanced(hits: Bool[np.ndarray, "n"], labels: Integer[np.ndarray, "n"]) -> float:
    """Return the balanced accuracy: the mean over classes of the share answered rightly."""
    return float(np.mean([hits[labels == each].mean() for each in np.unique(labels)]))


def above_chance(hits: Bool[np.ndarray, "n"], labels: Integer[np.ndarray, "n"]) -> bool:
    """Return whether the interval of the balanced accuracy lies above what is reached without looking at the input."""
    return _balanced_interval(hits, labels)[0] > 1 / len(np.unique(labels))


def two_classes(logits: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, "n"]) -> bool:
    """Return whether a model of two classes is given inputs of both, so that it has an area under the ROC curve."""
    return logits.shape[1] <= 2 and len(np.unique(labels)) == 2


def matching(
    logits: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, "n"]
) -> Integer[np.ndarray, "classes"]:
    """Return the class (K,) that each label is to be called so that most answers are right; one that has none stays.

    Source: the assignment problem, Kuhn 1955.
    """
    import scipy.optimize  # pyright: ignore[reportMissingTypeStubs]

    counts = 0.5 * np.eye(logits.shape[1])
    np.add.at(counts, (labels, logits.argmax(axis=1)), 1)
    return np.asarray(cast(Any, scipy.optimize).linear_sum_assignment(counts, maximize=True)[1])


def auc(scores: Float[np.ndarray, "n"], positive: Bool[np.ndarray, "n"]) -> tuple[float, tuple[float, float]]:
    """Return the area under the ROC curve and its interval; there must be inputs of both kinds.

    Source: DeLong, DeLong and Clarke-Pearson 1988.
    """
    above, below = _placements(scores, positive)
    area = float(above.mean())
    return area, _around(area, _variance_of_mean(above) + _variance_of_mean(below))


def paired_auc_test(
    other: Float[np.ndarray, "n"], feed: Float[np.ndarray, "n"], positive: Bool[np.ndarray, "n"]
) -> float:
    """Return the two-sided p-value of two feeds' scores (n,) having the same area under the ROC curve.

    Student's t with the degrees of freedom of the rarer class: the normal distribution is too sure of a few.
    Source: DeLong, DeLong and Clarke-Pearson 1988, for correlated curves.
    """
    pairs = zip(_placements(other, positive), _placements(feed, positive), strict=True)
    differences = [one - two for one, two in pairs]
    least = min(map(len, differences))
    if least < 2 or not any(each.any() for each in differences):
        return 1.0
    error = np.sqrt(sum(each.var(ddof=1) / len(each) for each in differences))
    difference = abs(float(differences[0].mean()))
    return float(2 * _stats().t.sf(difference / error, least - 1)) if error > 0 else float(difference == 0)


def _placements(scores: Float[np.ndarray, "n"], positive: Bool[np.ndarray, "n"]) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of negative ones below each positive one, and of positive ones above each negative one."""
    rank = _stats().rankdata
    high, low, ranks = scores[positive], scores[~positive], rank(scores)
    above = (ranks[positive] - rank(high)) / len(low)
    below = 1 - (ranks[~positive] - rank(low)) / len(high)
    return above, below


def paired_test(other: Bool[np.ndarray, "n"], feed: Bool[np.ndarray, "n"], labels: Integer[np.ndarray, "n"]) -> float:
    """Return the two-sided p-value of two feeds that answer equally well, each class counted alike.

    McNemar's exact test: of the inputs that one feed alone answers rightly, either is as likely to be the one. An input
    weighs the less the more its class has, so that the answer to a rare class is not outvoted; classes of equal size
    make it McNemar's own.

    Args:
        other: which inputs (n,) the other feed answers rightly.
        feed: which the feed as declared answers rightly, in the same order.
        labels: (n,) the classes.
    """
    weights = _weights(labels)
    differ = other != feed
    observed = abs(int(np.sum(weights[differ] * np.where(other[differ], 1, -1))))
    sums = _distribution(weights[differ])  # of the rows' signed weights, from the smallest to the largest
    reach = np.arange(len(sums)) * 2 - (len(sums) - 1)
    return float(min(1.0, sums[np.abs(reach) >= observed].sum()))


def _weights(labels: Integer[np.ndarray, "n"]) -> Integer[np.ndarray, "n"]:
    """Return a whole number for each row, inverse to the size of its class: rounding keeps the test exact."""
    _, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    largest = 1 if len(set(counts.tolist())) == 1 else _LARGEST_WEIGHT
    return np.maximum(np.rint(largest * counts.min() / counts).astype(np.int64), 1)[places]


def _distribution(weights: Integer[np.ndarray, "m"]) -> Float64[np.ndarray, "sums"]:
    """Return the probability of each value of a sum of +-weights with even signs, in steps of 2 from its least."""
    found = np.ones(1)
    for weight, count in zip(*np.unique(weights, return_counts=True), strict=True):
        steps = np.zeros(weight * count + 1)
        steps[::weight] = _stats().binom.pmf(np.arange(count + 1), count, 0.5)
        found = _convolved(found, steps)
    return found


def _convolved(one: Float64[np.ndarray, "a"], two: Float64[np.ndarray, "b"]) -> Float64[np.ndarray, "c"]:
    import scipy.signal  # pyright: ignore[reportMissingTypeStubs]

    # Choosing the way by size; a Fourier transform's rounding may fall below zero.
    return np.maximum(cast(Any, scipy.signal).convolve(one, two), 0.0)


def score(logits: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, "n"]:
    """Return how much two-class logits (n, 1) or (n, 2) speak for class 1."""
    return logits[:, -1] - (logits[:, 0] if logits.shape[1] == 2 else 0)


def _skill_interval(logits: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, "n"]) -> tuple[float, float]:
    """Return the interval of the mean by which the model's probabilities have a lower Brier score than the frequencies.

    Rare positives are often never the likelier answer of a good model: its probabilities are right all the same.
    Source: Brier 1950; Murphy 1973 for the reference.
    """
    full = np.concatenate([np.zeros_like(logits), logits], axis=1) if logits.shape[1] == 1 else logits
    guessed = _softmax(full)
    truth = np.eye(full.shape[1])[labels]
    gained = ((truth.mean(axis=0) - truth) ** 2 - (guessed - truth) ** 2).sum(axis=1)
    half = float(_stats().norm.ppf((1 + LEVEL) / 2) * gained.std() / np.sqrt(len(gained)))
    return float(gained.mean()) - half, float(gained.mean()) + half


def _wilson(hits: int, count: int) -> tuple[float, float]:
    found = _stats().binomtest(hits, count).proportion_ci(LEVEL, method="wilson")
    return float(found.low), float(found.high)


def _balanced_interval(hits: Bool[np.ndarray, "n"], labels: Integer[np.ndarray, "n"]) -> tuple[float, float]:
    """Return a normal interval, wider by half of what the answer to one input of the rarest class is worth."""
    classes, counts = np.unique(labels, return_counts=True)
    variance = sum(_variance_of_mean(hits[labels == each]) for each in classes) / len(classes) ** 2
    return _around(balanced(hits, labels), variance, step=1 / (2 * len(classes) * int(counts.min())))


def _variance_of_mean(values: Float[np.ndarray, "n"] | Bool[np.ndarray, "n"]) -> float:
    """Return the variance of the mean of values in [0, 1] with a 0 and a 1 added: a few equal ones are not sure.

    The mean itself is not moved: with one input for each of many classes, that would make an accuracy of chance alone.
    Source: Agresti and Coull 1998 for the two.
    """
    return float(np.var(np.append(values, [0.0, 1.0])) / (len(values) + 2))


def _around(mean: float, variance: float, step: float = 0.0) -> tuple[float, float]:
    half = float(_stats().norm.ppf((1 + LEVEL) / 2) * np.sqrt(variance)) + step
    return max(mean - half, 0.0), min(mean + half, 1.0)


def _softmax(logits: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, "n classes"]:
    from scipy.special import softmax  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    return cast(Any, softmax)(logits, axis=1)


def _stats() -> Any:
    import scipy.stats  # pyright: ignore[reportMissingTypeStubs]  # imported late: it takes a quarter of a second

    return cast(Any, scipy.stats)
