"""Measuring, for every check that compares maps with the trained model's maps: the fields, the conditions, the scores.

Both the absolute and the signed similarity are measured and stored, so the choice between them is made when judging.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from audit.checks.check import Bench, Measurement
from audit.errors import UnitError
from audit.maps import Channels, Sign, reduce, unusable
from audit.record import Condition, Null, Original, Randomized, Rekeyed, Trained
from audit.registry import find, places

DEFAULT_CHANNELS: Channels = "sum"
DEFAULT_SIGN: Sign = "absolute"


def _known(name: str) -> str:
    if name not in places("similarities"):
        raise ValueError(f"unknown similarity `{name}`; known are {', '.join(sorted(places('similarities')))}")
    return name


Similarity = Annotated[str, AfterValidator(_known), Field(description="the measure of agreement between two maps")]
Threshold = Annotated[float, Field(ge=-1, le=1, description="limit on the mean excess similarity")]
Share = Annotated[float, Field(ge=0, le=1)]
Seeds = Annotated[int, Field(ge=2, le=1000, description="how many independent repetitions")]
Draws = Annotated[int, Field(ge=1, le=1000, description="pairs of noise maps per input that estimate the null")]


def refuse_signed_magnitudes(channels: Channels | None, sign: Sign | None) -> None:
    """Refuse a signed comparison of maps whose channel reduction drops the sign.

    Raises:
        ValueError: always in that case; a field's fault.
    """
    if sign == "signed" and channels not in (None, "sum"):
        raise ValueError(f"`sign: signed` needs `channels: sum`; `{channels}` drops the sign")


def measure(
    method: str, condition: Condition, bench: Bench, *, similarity: str, channels: Channels | None
) -> Measurement:
    """Compare a method's maps under a condition with its maps on the trained model, or estimate the null.

    Scores, each ``(n,)`` float64 with NaN where a similarity is undefined: ``similarity_absolute`` and
    ``similarity_signed`` (only for ``channels: sum``), ``undefined`` (0 both maps usable, 1 a map is constant, 2 a map
    is not finite); for ``Null``, ``null_absolute`` and ``null_signed``; for ``Randomized`` also ``changed``, the
    fraction of the stage's own parameters that differ, ``(1,)``. Maps of the gallery's inputs are kept for the first
    seed.

    Raises:
        UnitError: the maps of the two conditions have different shapes.
    """
    channels = channels or DEFAULT_CHANNELS
    if isinstance(condition, Null):
        return Measurement(scores=_null(method, condition.draws, bench, similarity, channels), maps={})
    other = bench.maps(method, condition)
    scores = compare(bench.maps(method, Original()), other, similarity=similarity, channels=channels)
    if isinstance(condition, Randomized):
        scores["changed"] = np.array([bench.changed(condition)], np.float64)
    return Measurement(scores=scores, maps=_pictures(other, condition, bench, channels))


def compare(a: np.ndarray, b: np.ndarray, *, similarity: str, channels: Channels) -> dict[str, np.ndarray]:
    """Compare raw maps (n, ...) pairwise: ``similarity_absolute``, ``similarity_signed`` and ``undefined``, each (n,).

    Raises:
        UnitError: the two have different shapes.
    """
    if a.shape != b.shape:
        what = "a method's maps changed their shape"
        raise UnitError("T803", what, expected=str(a.shape), received=str(b.shape))
    scores: dict[str, np.ndarray] = {}
    undefined = np.zeros(len(a), np.int8)
    left, right = _views(a, channels), _views(b, channels)
    for sign in left:
        flaw = np.maximum(unusable(left[sign]), unusable(right[sign]))
        scores[f"similarity_{sign}"] = _similarities(left[sign], right[sign], flaw, similarity)
        undefined = np.maximum(undefined, flaw)
    return {**scores, "undefined": undefined.astype(np.float64)}


def _views(maps: np.ndarray, channels: Channels) -> dict[str, np.ndarray]:
    """Return the maps in each sign that is compared; the channels are joined once for both."""
    if channels != "sum":
        return {"absolute": reduce(maps, channels=channels)}
    signed = reduce(maps, channels=channels, sign="signed")
    return {"absolute": np.abs(signed), "signed": signed}


def _similarities(a: np.ndarray, b: np.ndarray, flaw: np.ndarray, similarity: str) -> np.ndarray:
    usable = flaw == 0
    if usable.all():  # as nearly always: no copies
        return find("similarities", similarity)(a, b)
    result = np.full(len(a), np.nan)
    if usable.any():
        result[usable] = find("similarities", similarity)(a[usable], b[usable])
    return result


def _null(method: str, draws: int, bench: Bench, similarity: str, channels: Channels) -> dict[str, np.ndarray]:
    """Mean over draws of the similarity of two independent noise maps; draws that show a constant map are left out."""
    pairs = ((bench.noise_maps(method, 2 * draw), bench.noise_maps(method, 2 * draw + 1)) for draw in range(draws))
    scores = [compare(*pair, similarity=similarity, channels=channels) for pair in pairs]
    names = [name for name in scores[0] if name.startswith("similarity")]
    return {name.replace("similarity", "null"): _mean_of_defined([each[name] for each in scores]) for name in names}


def _mean_of_defined(draws: Sequence[np.ndarray]) -> np.ndarray:
    values = np.stack(draws)  # (draws, n)
    count = np.isfinite(values).sum(axis=0)
    return np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)


def _pictures(maps: np.ndarray, condition: Condition, bench: Bench, channels: Channels) -> dict[str, np.ndarray]:
    first = isinstance(condition, Original) or (isinstance(condition, Randomized | Trained) and condition.seed == 0)
    if not first and not (isinstance(condition, Rekeyed) and condition.seed == 1):
        return {}
    return _views(maps[list(bench.gallery)], channels)


def measured_fields(check: Any) -> dict[str, Any]:
    """Return the settings of a unit: the fields that change its scores and are not in its condition already.

    Seeds, order and re-draw are in the conditions, so asking for more seeds re-uses what is there; the sign is chosen
    when judging.
    """
    return {"similarity": check.similarity, "channels": check.channels or DEFAULT_CHANNELS}
