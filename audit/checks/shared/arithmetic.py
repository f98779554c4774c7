"""What rounding does to maps that should be equal: it is kept out where the network can be computed in float64.

Two networks of one function, or one input in two batches, add the same numbers in another order. In float32 a rectifier
that stands within rounding of its kink then opens or shuts: gradients of a deep network of 224 by 224 pixels were
measured to differ by 0.003 on average and by 0.02 at most, and not at all once computed in float64 and rounded, on
networks whose new parameters are float64 too. Where the network or the method cannot be put into float64, rounding is
measured on the same method and network: parameters move to a neighbouring float32 at random, inputs by half a rounding.
"""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import TypeVar

import numpy as np

from audit.checks.check import Bench
from audit.checks.shared.perturbation import generators
from audit.record import Original, record

FACTOR = 3.0
"""Differences count where they exceed this many times what rounding alone does."""

HIDDEN_AT_MOST = 5e-3
"""Of the size of the maps: where rounding may hide more, nothing passes."""

_LARGEST = 0.05  # a map that one rounding changes by more is not rounded but chaotic

SAME = "same"
"""The variant that is the audited network itself."""

Result = TypeVar("Result")


@record
class Floor:
    """What rounding alone does to each input's map, (n,) relative, and in what the maps were computed."""

    precision: str
    difference: np.ndarray


def in_float64(compute: Callable[[str], Result]) -> Result:
    """Return what is computed in float64, or in float32 where the network or the method cannot be put into it.

    Raises:
        InputError: the network or the method refuses in float32 too; likewise any other error.
    """
    try:
        return compute("float64")
    except Exception:  # methods of others fail in many ways in a precision that they were not written for
        return compute("float32")


def own_maps(method: str, bench: Bench, precision: str) -> np.ndarray:
    """Return a method's maps (n, ...) on the audited network, computed in a precision."""
    if precision == "float32":
        return bench.maps(method, Original())
    wide = bench.variant(SAME, precision=precision).network
    return bench.kept(("maps", precision, method), lambda: bench.explain(method, bench.explained, network=wide))


def floor(
    method: str, bench: Bench, precision: str, difference: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Floor:
    """Return what rounding alone does to a method's maps; in float64 nothing that counts."""
    if precision == "float64":
        return Floor(precision=precision, difference=np.zeros(len(bench.explained.ids)))
    measured = bench.kept(
        ("rounding", method), lambda: difference(bench.maps(method, Original()), rounded_otherwise(method, bench))
    )
    return Floor(precision=precision, difference=np.minimum(np.nan_to_num(measured), _LARGEST))


def rounded_otherwise(method: str, bench: Bench) -> np.ndarray:
    """Return a method's maps (n, ...) where all that is float32 was rounded otherwise.

    How follows from the values and from the inputs' ids, which hold the audit's seed; neither names nor order decide.
    """
    own, trained = bench.explained, bench.params(Original())
    digests = [sha256(np.ascontiguousarray(value).tobytes()).hexdigest() for value in trained.values()]
    contents = [f"{min(own.ids)} {each}" for each in digests]
    drawn = zip(trained.items(), generators("rounded parameters", 0, contents), strict=True)
    params = {name: _neighbour(np.asarray(value), generator) for (name, value), generator in drawn}
    step = np.finfo(np.float32).epsneg * np.abs(own.inputs).max()
    shifts = [each.uniform(-1, 1, own.inputs.shape[1:]) for each in generators("rounded inputs", 0, own.ids)]
    moved = own.inputs + step * np.stack(shifts)
    return bench.explain(method, replace(own, inputs=moved.astype(np.float32)), params=params)


def _neighbour(value: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return each number, or the float32 above or below it; zeros stay."""
    towards = np.asarray(generator.choice([-np.inf, np.inf], value.shape), value.dtype)
    moves = (generator.random(value.shape) < 2 / 3) & (value != 0)
    return np.where(moves, np.nextafter(value, towards), value)
