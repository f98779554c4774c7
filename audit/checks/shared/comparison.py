"""Measuring, for every check that compares maps with the trained model's maps: the fields, the conditions, the scores.

Both the absolute and the signed similarity are measured and stored, so the choice between them is made when judging.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from audit import declare
from audit.checks.check import Bench, Measurement
from audit.checks.shared.stages import logits_kept
from audit.checks.shared.support import Support, between, flaws_on, support
from audit.errors import UnitError
from audit.maps import SIGNED, USABLE, reduce
from audit.record import Compared, Condition, Null, Original, Randomized, Rekeyed, Sign, Trained, canonical, record

DEFAULT_CHANNELS: Literal["sum"] = "sum"
DEFAULT_SIGN: Sign = "absolute"

PARTNER = "partner_"
"""What stands before the names of the scores of a comparison with a partner."""


def similarity_value(value: Any) -> Any:
    """Return the similarity that a spec names: ``ssim``, ``{ssim: {window: 7}}``, or a similarity itself.

    Raises:
        ValueError: the name is unknown or a field is wrong; all wrong fields are named.
    """
    return declare.named_value("similarities", value, "ssim")


def as_named(similarity: Any) -> Any:
    """Return a similarity as a spec would write it: ``{name: fields}``, every field filled in, or a bare name."""
    written = declare.as_named("similarities", similarity_value(similarity))
    name, fields = next(iter(written.items()))
    return written if fields else name


Similarity = Annotated[
    declare.named_type("similarities", similarity_value, as_named),
    Field(validate_default=True, description="how two maps are compared"),
]
Threshold = Annotated[float, Field(ge=-1, le=1, description="limit on the mean excess similarity")]
Share = Annotated[float, Field(ge=0, le=1)]
Seeds = Annotated[int, Field(ge=2, le=1000, description="number of independent repetitions")]
Draws = Annotated[int, Field(ge=1, le=1000, description="number of pairs of noise maps per input for the null")]


@record
class MapsOf:
    """What makes one method's maps: those under a condition, and by draw those of noise pushed through it."""

    under: Callable[[Condition], np.ndarray]
    noise: Callable[[int], np.ndarray]
    where: Support | None = None  # on which entries they are compared; None: on all


def refuse_signed_magnitudes(channels: Compared | None, sign: Sign | None) -> None:
    """Refuse a signed comparison of maps whose channel reduction drops the sign.

    Raises:
        ValueError: always in that case; a field's fault.
    """
    if sign == "signed" and channels not in (None, *SIGNED):
        raise ValueError(f"`sign: signed` needs `channels: sum` or `keep`; `{channels}` removes the sign")


def measure(
    method: str, condition: Condition, bench: Bench, *, similarity: Any, channels: Compared | None
) -> Measurement:
    """Compare a method's maps under a condition with its maps on the trained model, or estimate the null.

    Scores are those of ``compare``; for ``Null``, ``null_absolute`` and ``null_signed`` ``(n,)``; for ``Randomized``
    also ``changed``, the fraction of the stage's own parameters that differ, ``(1,)``, and ``logits_kept`` (1,) of
    ``shared/stages.py``. Maps of the gallery's inputs are kept for the first seed. Maps are compared on their support.

    Raises:
        UnitError: the maps of the two conditions have different shapes.
    """
    maps = MapsOf(
        under=partial(bench.maps, method),
        noise=partial(bench.noise_maps, method),
        where=support(method, bench, channels or DEFAULT_CHANNELS),
    )
    return measure_maps(maps, condition, bench, similarity=similarity, channels=channels)


def measure_whole(
    method: str, condition: Condition, bench: Bench, *, similarity: Any, channels: Compared | None
) -> Measurement:
    """Compare as ``measure`` does, whole maps."""
    maps = MapsOf(under=partial(bench.maps, method), noise=partial(bench.noise_maps, method))
    return measure_maps(maps, condition, bench, similarity=similarity, channels=channels)


def measure_maps(
    maps: MapsOf, condition: Condition, bench: Bench, *, similarity: Any, channels: Compared | None
) -> Measurement:
    """Compare as ``measure`` does, of maps that are made in another way than the bench makes them."""
    channels = channels or DEFAULT_CHANNELS
    if isinstance(condition, Null):
        return Measurement(scores=_null(condition.draws, maps, similarity, channels))
    other = maps.under(condition)
    keys = pair_keys(bench, condition)
    pair = maps.under(Original()), other
    scores = compare_on(maps.where, pair, similarity=similarity, channels=channels, keys=keys)
    if isinstance(condition, Randomized):
        scores["changed"] = np.array([bench.changed(condition)], np.float64)
        scores |= logits_kept(condition, bench) if condition.stage else {}
    return Measurement(scores=scores, maps=_pictures(other, condition, bench, channels))


def measure_with_partner(
    method: str,
    pair: tuple[Condition, Condition | None],
    bench: Bench,
    *,
    similarity: Any,
    channels: Compared | None,
) -> Measurement:
    """Compare under a condition as ``measure`` does, and with the maps under its partner too where it has one.

    The scores of the second comparison have ``PARTNER`` before their names.
    """
    condition, partner = pair
    own = measure(method, condition, bench, similarity=similarity, channels=channels)
    if partner is None:
        return own
    maps, keys = (bench.maps(method, condition), bench.maps(method, partner)), pair_keys(bench, condition, partner)
    channels = channels or DEFAULT_CHANNELS
    where = support(method, bench, channels)
    found = compare_on(where, maps, similarity=similarity, channels=channels, keys=keys)
    return replace(own, scores={**own.scores, **{f"{PARTNER}{name}": scores for name, scores in found.items()}})


def compare(
    a: np.ndarray, b: np.ndarray, *, similarity: Any, channels: Compared, keys: Sequence[str] | None
) -> dict[str, np.ndarray]:
    """Compare whole raw maps (n, ...) pairwise: ``compare_on`` everywhere."""
    return compare_on(None, (a, b), similarity=similarity, channels=channels, keys=keys)


def compare_on(
    where: Support | None,
    maps: tuple[np.ndarray, np.ndarray],
    *,
    similarity: Any,
    channels: Compared,
    keys: Sequence[str] | None,
) -> dict[str, np.ndarray]:
    """Compare raw maps (n, ...) pairwise, on the entries ``where`` (n, ...) of the reduced maps if given.

    Returns:
        Scores, each ``(n,)`` float64 with NaN where a similarity is undefined: ``similarity_absolute`` and
        ``similarity_signed`` (only where ``channels`` leaves the sign); ``undefined`` (0 both maps usable, 1 a map is
        constant, 2 a map is not finite, 3 there is hardly an entry to compare); with ``keys``, which name the pairs,
        also ``shuffled_absolute`` and ``shuffled_signed``: the mean similarity of the first map to shuffled copies of
        the second, unless that is 0 for every pair.

    Raises:
        UnitError: the two have different shapes.
        InputError: the similarity cannot compare maps of this shape.
    """
    a, b = maps
    if a.shape != b.shape:
        what = "a method's maps changed their shape"
        raise UnitError("T803", what, expected=str(a.shape), received=str(b.shape))
    scores: dict[str, np.ndarray] = {}
    undefined = np.zeros(len(a), np.int8)
    left, right = views(a, channels), views(b, channels)
    for sign in left:
        similarity.refuse(left[sign].shape[1:])
        on = np.broadcast_to(True if where is None else where, left[sign].shape)
        flaw = np.maximum(flaws_on(left[sign], on), flaws_on(right[sign], on))
        found = _scores((left[sign], right[sign], on), flaw == USABLE, similarity, keys)
        scores |= {f"{name}_{sign}": each for name, each in found.items()}
        undefined = np.maximum(undefined, flaw)
    return {**scores, "undefined": undefined.astype(np.float64)}


def pair_keys(bench: Bench, *conditions: Condition) -> tuple[str, ...]:
    """Return a name for each pair of maps that is compared: the input's id, and under which conditions."""
    under = " ".join(canonical(asdict(each)) for each in conditions)
    return tuple(f"{each} {under}" for each in bench.explained.ids)


def views(maps: np.ndarray, channels: Compared) -> dict[str, np.ndarray]:
    """Return the maps in each sign that is compared; the channels are joined once for both."""
    if channels not in SIGNED:
        return {"absolute": reduce(maps, channels=channels)}
    signed = reduce(maps, channels=channels, sign="signed")
    return {"absolute": np.abs(signed), "signed": signed}


def _scores(
    maps: tuple[np.ndarray, np.ndarray, Support], usable: np.ndarray, similarity: Any, keys: Sequence[str] | None
) -> dict[str, np.ndarray]:
    if not usable.all():  # as nearly never: no copies otherwise
        maps = maps[0][usable], maps[1][usable], maps[2][usable]
        keys = None if keys is None else [key for key, each in zip(keys, usable, strict=True) if each]
    names = ("similarity", "shuffled")  # the second only where the similarity has such a null
    return {
        name: _spread(scores, usable) for name, scores in zip(names, between(similarity, *maps, keys), strict=False)
    }


def _spread(scores: np.ndarray, usable: np.ndarray) -> np.ndarray:
    result = np.full(len(usable), np.nan)
    result[usable] = scores
    return result


def _null(draws: int, maps: MapsOf, similarity: Any, channels: Compared) -> dict[str, np.ndarray]:
    """Mean over draws of the similarity of two independent noise maps; draws that show a constant map are left out.

    Of signed maps that of its magnitude: it is held against that of a similarity that may be turned by one sign.
    """
    pairs = ((maps.noise(2 * draw), maps.noise(2 * draw + 1)) for draw in range(draws))
    options: dict[str, Any] = {"similarity": similarity, "channels": channels, "keys": None}
    scores = [compare_on(maps.where, pair, **options) for pair in pairs]
    absolute = {"null_absolute": mean_of_defined([each["similarity_absolute"] for each in scores])}
    if "similarity_signed" not in scores[0]:
        return absolute
    return {**absolute, "null_signed": mean_of_defined([np.abs(each["similarity_signed"]) for each in scores])}


def mean_of_defined(draws: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean (n,) over draws of what is finite; NaN where nothing is."""
    values = np.stack(draws)  # (draws, n)
    count = np.isfinite(values).sum(axis=0)
    return np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)


def _pictures(maps: np.ndarray, condition: Condition, bench: Bench, channels: Compared) -> dict[str, np.ndarray]:
    first = isinstance(condition, Original) or (isinstance(condition, Randomized | Trained) and condition.seed == 0)
    if not first and not (isinstance(condition, Rekeyed) and condition.seed == 1):
        return {}
    return pictures(maps[list(bench.gallery)], channels)


def pictures(maps: np.ndarray, channels: Compared) -> dict[str, np.ndarray]:
    """Return the maps in each sign as they are shown: one value per pixel, the sum where channels are kept apart."""
    return views(maps, DEFAULT_CHANNELS if channels == "keep" else channels)


def measured_fields(check: Any) -> dict[str, Any]:
    """Return the settings of a unit: the fields that change its scores and are not in its condition already.

    Seeds, order and re-draw are in the conditions, so asking for more seeds re-uses what is there; the sign is chosen
    when judging.
    """
    return {"similarity": as_named(check.similarity), "channels": check.channels or DEFAULT_CHANNELS}
