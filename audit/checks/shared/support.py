"""Where two maps are compared: on the entries that the network looks at and that the method can fill.

A pixel that no weight meets, one at which every unit is silent whatever the weights, and one where the input and so
every map times the input is 0, are ties that any two maps share, whatever the model. Source of the idea: Sundararajan
and Taly 2018 (arXiv:1806.04205).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from audit.checks.check import Bench
from audit.maps import USABLE, Maps, reduce, unusable
from audit.record import Compared, Original
from audit.similarities.similarity import Scores, Similarity

Support = Bool[np.ndarray, "n *map"]

NOWHERE = 3
"""A flaw beside those of ``maps``: hardly an entry is left to compare."""

FEWEST = 8
"""The fewest entries of a larger map: the ranks of fewer agree by chance. Smaller maps are compared whole or not."""

_DRAWS = 2
_COINCIDE = 0.99  # share of the entries at which a map and its input are both zero or both not
_OFTEN = 0.5  # share of the inputs for which they are
_TRAINED = Original()


def support(method: str, bench: Bench, channels: Compared) -> Support:
    """Return where a method's maps are compared, for each explained input (n, ...).

    It follows from the network and from noise in the method's own masking, never from the method's maps: their zeros
    may be the very thing that does not depend on the model. It does not depend on seeds or conditions.
    """
    return bench.kept(("support", method, channels), lambda: _support(method, bench, channels))


def _support(method: str, bench: Bench, channels: Compared) -> Support:
    noise = [reduce(bench.noise_maps(method, draw), channels=channels) != 0 for draw in range(_DRAWS)]
    filled = np.any(noise, axis=0)
    reached = bench.nulls.reach()
    if reached.ndim == 4 and (channels != "keep" or filled.shape[-1] == 1):
        reached = reached.any(axis=-1, keepdims=channels == "keep")
    found = filled & reached
    found[~found.any(axis=tuple(range(1, found.ndim)))] = True
    return found


def masked_unsaid(method: str, bench: Bench) -> bool:
    """Whether code from outside shows maps that are 0 where the input is, and does not say if it multiplies by it."""
    if not bench.nulls.undeclared(method):
        return False
    inputs, maps = (
        reduce(each, channels="absolute_max") == 0 for each in (bench.explained.inputs, bench.maps(method, _TRAINED))
    )
    alike = (inputs == maps).reshape(len(inputs), -1).mean(axis=1)
    some = inputs.reshape(len(inputs), -1).mean(axis=1)
    return bool(np.mean((alike >= _COINCIDE) & (some >= 1 - _COINCIDE)) >= _OFTEN)


def flaws_on(maps: Maps, where: Support) -> np.ndarray:
    """Say of each map (n, ...) whether it can be compared on a support: 0, or why not (1 constant, 2 not finite, 3)."""
    flaws = unusable(maps)
    size = np.prod(maps.shape[1:], dtype=int)
    few = where.reshape(len(maps), size).sum(axis=1) < min(FEWEST, size)
    return np.where((flaws == USABLE) & few, NOWHERE, flaws)


def between(similarity: Similarity, a: Maps, b: Maps, where: Support, keys: Sequence[str] | None) -> list[Scores]:
    """Return the similarity (n,) of usable maps on their supports; with keys also that to shuffled copies, if any.

    Where one of two maps is constant on the support alone, the two are compared as a whole. A similarity that needs
    the neighbours of a pixel sees zeros elsewhere.
    """
    if not len(a) or where.all():
        return _scores(similarity, a, b, keys)
    if similarity.spatial:
        return _scores(similarity, np.where(where, a, 0), np.where(where, b, 0), keys)
    if (where == where[:1]).all() and _varied(a, b, where).all():
        return _scores(similarity, a[:, where[0]], b[:, where[0]], keys)
    whole = ~_varied(a, b, where)
    rows = [np.ones_like(place) if every else place for place, every in zip(where, whole, strict=True)]
    found = [
        _scores(similarity, a[i, row][None], b[i, row][None], None if keys is None else [keys[i]])
        for i, row in enumerate(rows)
    ]
    return [np.concatenate(each) for each in zip(*found, strict=True)]


def _varied(a: Maps, b: Maps, where: Support) -> np.ndarray:
    """Whether both maps (n,) vary on the support; beyond it they take its first value."""
    first = where.reshape(len(where), -1).argmax(axis=1)
    fills = [np.take_along_axis(each.reshape(len(each), -1), first[:, None], 1) for each in (a, b)]
    axes = (1,) * (a.ndim - 1)
    inner = [np.where(where, each, fill.reshape(-1, *axes)) for each, fill in zip((a, b), fills, strict=True)]
    return (unusable(inner[0]) == USABLE) & (unusable(inner[1]) == USABLE)


def _scores(similarity: Similarity, a: Maps, b: Maps, keys: Sequence[str] | None) -> list[Scores]:
    shuffled = None if keys is None else similarity.shuffled(a, b, keys)
    return [similarity.between(a, b), *([] if shuffled is None else [shuffled])]
