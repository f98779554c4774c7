"""How far methods, inputs and requirements agree with one another: measured from an audit, judged by nobody.

Pure NumPy on what is stored. A low agreement between inputs says that the order of the methods is one input's, not the
model's; between requirements, that they do not measure one property.

Source: Tomsett et al. 2020, Sanity Checks for Saliency Metrics (arXiv:1912.01451), section 4; alpha after
Krippendorff, Content Analysis, 2004, chapter 11.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from audit.record import Audit, Verdict, record
from audit.similarities.spearman import ranks, spearman

FEWEST_METHODS = 2
FEWEST_INPUTS = 3
"""Two points always correlate with 1 or -1."""


@record
class Reliability:
    """Of one requirement: whether inputs order the methods alike, and methods the inputs. None: not defined."""

    requirement: str
    alpha: float | None  # inter-rater: inputs are raters, methods are items, each input ranks the methods
    between_methods: float | None  # inter-method: mean rank correlation over inputs, of all pairs of methods
    methods: int
    inputs: int  # with a score of every method


@record
class Consistency:
    """Of one method: the rank correlation over inputs of its scores under two requirements."""

    method: str
    first: str
    second: str
    correlation: float | None
    inputs: int  # with both scores


@record
class Likeness:
    """Of two methods: the mean rank correlation of their maps over inputs."""

    first: str
    second: str
    correlation: float | None
    inputs: int  # on which both maps are usable


@record
class Agreement:
    """All agreement statistics of an audit."""

    reliability: tuple[Reliability, ...]
    consistency: tuple[Consistency, ...]
    likeness: tuple[Likeness, ...]


def agreement(audit: Audit, maps: Mapping[str, np.ndarray] | None = None) -> Agreement:
    """Measure every agreement that an audit's verdicts allow, controls left out.

    Args:
        audit: its verdicts' ``per_input`` are the scores.
        maps: by method, the maps (g, ...) of the same inputs, reduced to one value per pixel; none where absent.
    """
    scores = {(each.requirement, each.method): _scores(each) for each in audit.verdicts if each.per_input}
    requirements = list(dict.fromkeys(requirement for requirement, _ in scores))
    methods = list(dict.fromkeys(method for _, method in scores))
    return Agreement(
        reliability=tuple(
            _reliability(name, [scores[name, method] for method in methods if (name, method) in scores])
            for name in requirements
        ),
        consistency=tuple(
            _consistency(method, first, second, scores[first, method], scores[second, method])
            for method in methods
            for first, second in combinations(requirements, 2)
            if (first, method) in scores and (second, method) in scores
        ),
        likeness=tuple(_likeness(*pair, maps or {}) for pair in combinations(maps or {}, 2)),
    )


def krippendorff_alpha(values: np.ndarray) -> float:
    """Return Krippendorff's alpha with the interval distance, for raters who all judged all items.

    1 - D_o / D_e: the mean squared difference between raters of one item over that between any two values. 1 is full
    agreement, 0 chance. For rankings without ties it is rbar + (1 - rbar) / (m k), with rbar the mean rank correlation
    of the m raters' pairs and k the number of items.

    Args:
        values: ``(m, k)`` finite, m raters and k items.

    Returns:
        At most 1; NaN for fewer than two raters or items, or where all values are the same.
    """
    raters, items = values.shape
    if raters < 2 or items < 2:
        return float("nan")
    within = 2 * raters * values.var(axis=0, ddof=0).mean() / (raters - 1)
    overall = 2 * values.size * values.var(ddof=0) / (values.size - 1)
    return float(1 - within / overall) if overall > 0 else float("nan")


def table(found: Agreement) -> list[tuple[str, str, str, str]]:
    """Return the statistics as rows: what was compared, by what, the value, and over how many inputs."""
    rows = [
        ("between inputs (Krippendorff's alpha)", each.requirement, each.alpha, each.inputs)
        for each in found.reliability
    ]
    rows += [
        ("between methods, by their scores", each.requirement, each.between_methods, each.inputs)
        for each in found.reliability
    ]
    rows += [
        (f"between requirements, of {each.method}", f"{each.first} and {each.second}", each.correlation, each.inputs)
        for each in found.consistency
    ]
    rows += [
        ("between maps", f"{each.first} and {each.second}", each.correlation, each.inputs) for each in found.likeness
    ]
    return [(what, by, "not defined" if value is None else f"{value:z.2f}", str(n)) for what, by, value, n in rows]


def _scores(verdict: Verdict) -> np.ndarray:
    return np.array([np.nan if each is None else each for each in verdict.per_input], np.float64)


def _reliability(requirement: str, scores: Sequence[np.ndarray]) -> Reliability:
    values = np.stack(scores)  # (methods, n)
    values = values[:, np.isfinite(values).all(axis=0)]
    methods, inputs = values.shape
    # Ranks are centred; an input to which all methods are equal has none, and stands for ranks of 0.
    ranked = np.nan_to_num(ranks(values.T))
    enough = methods >= FEWEST_METHODS and inputs >= FEWEST_INPUTS
    return Reliability(
        requirement=requirement,
        alpha=_known(krippendorff_alpha(ranked)) if enough else None,
        between_methods=_mean_of_pairs(values) if enough else None,
        methods=methods,
        inputs=inputs,
    )


def _mean_of_pairs(values: np.ndarray) -> float | None:
    """Return the mean rank correlation of all pairs of rows; None where none is defined."""
    pairs = np.array(list(combinations(range(len(values)), 2)))
    return _mean(spearman(values[pairs[:, 0]], values[pairs[:, 1]]))


def _consistency(method: str, first: str, second: str, a: np.ndarray, b: np.ndarray) -> Consistency:
    both = np.isfinite(a) & np.isfinite(b)
    defined = both.sum() >= FEWEST_INPUTS
    correlation = _known(float(spearman(a[None, both], b[None, both])[0])) if defined else None
    return Consistency(method=method, first=first, second=second, correlation=correlation, inputs=int(both.sum()))


def _likeness(first: str, second: str, maps: Mapping[str, np.ndarray]) -> Likeness:
    found = spearman(maps[first], maps[second])
    return Likeness(first=first, second=second, correlation=_mean(found), inputs=int(np.isfinite(found).sum()))


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
