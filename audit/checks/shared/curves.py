"""Scores of one method, arranged by input, seed and place, with the null taken off: what a judgement looks at."""

from collections.abc import Mapping, Sequence

import numpy as np

from audit.errors import UnitError
from audit.record import Architecture, Condition, Evidence, Null, record
from audit.statistics import Estimate, excess, mean_interval, mean_over_inputs, within

UNBOUNDED = (-np.inf, np.inf)
DISTANCE = (0.0, np.inf)


@record
class AboveNull:
    """Which similarity a curve shows, and the null that is taken off it."""

    null: Null
    sign: str  # absolute | signed
    architecture: Architecture | None = None  # what gradients of other inputs share where nothing is intact
    magnitude: bool = False  # signed similarities count by theirs: one sign may turn a whole map
    exact: bool = False  # maps whose ranks agree everywhere need no head-room (deterministic maps under ``at_least``)
    anew: bool = False  # a seed draws anew for each input: inputs share nothing of it


@record
class Curve:
    """What was measured of one method: n inputs, J seeds, K places, and the places' labels."""

    labels: tuple[str, ...]
    similarity: np.ndarray  # (n, J, K), NaN: undefined
    flaws: np.ndarray  # (n, J, K): 0 usable, 1 constant, 2 not finite
    null: np.ndarray  # (n, J, K), or (n, 1, 1) where it is the same everywhere
    excess: np.ndarray  # (n, J, K), NaN: undefined or without head-room
    exact: bool  # no null is taken off: maps that agree exactly, or values that are no similarities
    noise: np.ndarray | None = None  # (n,): the null of the method's masked noise, where it is not the only one
    shuffled: np.ndarray | None = None  # (n, J, K): the null of each pair, of maps with their pixels shuffled
    anew: bool = False  # a seed draws anew for each input: inputs share nothing of it
    bounds: tuple[float, float] = UNBOUNDED  # of a mean excess

    @property
    def usable(self) -> np.ndarray:
        """Inputs (n,) whose excess is defined everywhere."""
        return np.asarray(np.isfinite(self.excess).all(axis=(1, 2)))

    def estimate(self, excess: np.ndarray) -> Estimate:
        """Estimate the mean of excesses (n, J) of this curve."""
        return within(mean_over_inputs(excess) if self.anew else mean_interval(excess), self.bounds)


def curve(
    evidence: Mapping[Condition, Evidence],
    places: Sequence[Sequence[Condition]],
    labels: Sequence[str],
    above: AboveNull,
    scores: Sequence[str] = (),
) -> Curve | str:
    """Arrange scores by input, seed and place, and take the null off.

    Two kinds of agreement need no model: that of the method's masking, which noise pushed through it shows, and that of
    the values alone, which shuffled copies of the very maps show. The null of a pair is the larger of the two. Each is
    reached without the model, so nothing below either counts; but noise has a distribution of values too, so both hold
    some of the same agreement, and their sum would take that off twice. Where shuffling gives 0 for every pair of maps
    (rank and linear correlation), the masked noise alone is the null, its sampling error on both sides of 0 included.
    The larger of two estimates is a little too large where the two nulls are equal: at ten draws of each, the excess of
    independent maps was measured 0.02 to 0.03 too low at 8 by 8 pixels and 0.005 at 28 by 28 (0.03 for oriented
    gradients, 0.02 at 64 by 64). More ``null_draws`` and ``shuffles`` shrink that as one over their root.

    Args:
        evidence: by condition, complete.
        places: for each place of the curve, its conditions by seed.
        labels: of the places.
        above: which similarity, above which null.
        scores: what the names of each place's scores begin with; nothing where absent.

    Returns:
        The curve, or why there is none.

    Raises:
        UnitError: the null does not fit the scores; damaged evidence.
    """
    sign = above.sign
    name, prefixes = f"similarity_{sign}", scores or [""] * len(places)
    first = evidence[places[0][0]].scores
    if sign == "signed" and prefixes[0] + name not in first and f"{prefixes[0]}similarity_absolute" in first:
        return (
            f"No {sign} similarity was measured, because the channel reduction removes the sign: use `channels: sum`."
        )
    similarity = stack(evidence, places, [prefix + name for prefix in prefixes])
    if above.magnitude and sign == "signed":
        similarity = np.abs(similarity)
    unusable = stack(evidence, places, [f"{prefix}undefined" for prefix in prefixes])
    flaws = np.where(np.isfinite(similarity), 0, np.maximum(unusable, 1))
    floor = np.asarray(evidence[above.null].scores[f"null_{sign}"], np.float64)
    if floor.shape != similarity.shape[:1]:
        shape = str(similarity.shape[:1])
        raise UnitError("R803", "the null is not one number per input", expected=shape, received=str(floor.shape))
    if above.architecture is not None:
        floor = np.fmax(floor, evidence[above.architecture].scores[f"architecture_{sign}"])
    shuffled = _shuffled(evidence, places, [f"{prefix}shuffled_{sign}" for prefix in prefixes])
    level = floor[:, None, None] if shuffled is None else np.maximum(floor[:, None, None], shuffled)  # NaN stays NaN
    defined = np.isfinite(similarity)
    exact = above.exact and bool(defined.any() and (similarity[defined] == 1).all())
    return Curve(
        labels=tuple(labels),
        similarity=similarity,
        flaws=flaws,
        null=level,
        excess=similarity if exact else excess(similarity, level),
        exact=exact,
        noise=None if shuffled is None else floor,
        shuffled=shuffled,
        anew=above.anew,
        bounds=(-1.0, 1.0),
    )


def values(
    evidence: Mapping[Condition, Evidence],
    places: Sequence[Sequence[Condition]],
    labels: Sequence[str],
    *,
    score: str | Sequence[str],
    bounds: tuple[float, float] = UNBOUNDED,
) -> Curve:
    """Arrange one score by input, seed and place, with no null: distances, gaps, shares, and what is judged as it is.

    Args:
        evidence: by condition, complete.
        places: for each place of the curve, its conditions by seed.
        labels: of the places.
        score: the name of the score ``(n,)``, or one for each place; NaN where it is undefined.
        bounds: the least and the greatest value that a mean can have.
    """
    found = stack(evidence, places, [score] * len(places) if isinstance(score, str) else score)
    flaws = np.where(np.isfinite(found), 0, 1)
    null = np.full((len(found), 1, 1), np.nan)
    return Curve(
        labels=tuple(labels), similarity=found, flaws=flaws, null=null, excess=found, exact=True, bounds=bounds
    )


def _shuffled(
    evidence: Mapping[Condition, Evidence], places: Sequence[Sequence[Condition]], names: Sequence[str]
) -> np.ndarray | None:
    """Return the null of each pair; None where the similarity has none."""
    return stack(evidence, places, names) if names[0] in evidence[places[0][0]].scores else None


def stack(
    evidence: Mapping[Condition, Evidence], places: Sequence[Sequence[Condition]], names: Sequence[str]
) -> np.ndarray:
    """Return the scores of these names, one for each place, as (n, J, K)."""
    pairs = zip(places, names, strict=True)
    columns = [[np.asarray(evidence[each].scores[name], np.float64) for each in seeds] for seeds, name in pairs]
    return np.asarray(columns).transpose(2, 1, 0)  # (K, J, n) -> (n, J, K)
