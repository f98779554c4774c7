"""A digest of all parameters, computed by the backend: what random controls fold into their key."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.network.network import Params

Array = Any


def params_digest(params: "Params", names: Iterable[str]) -> Array:
    """Return 32 bits () uint32 that depend on every bit of the named parameters, in their order, and on its place.

    Whole-number arithmetic modulo 2^32 throughout: it is exact in any order, so batch shape, threads and compiler
    cannot change the digest as they can a sum of floats. The sum of a tensor would not do: permuting keeps it.
    """
    from keras import ops

    total = ops.zeros((), dtype="uint32")
    for name in names:
        bits = ops.view(ops.reshape(ops.cast(params[name], "float32"), (-1,)), dtype="uint32")
        places = ops.cast(ops.arange(bits.shape[0], dtype="int32"), "uint32") * ops.cast(0x9E3779B9, "uint32")
        total = _mix(total + ops.sum(_mix(ops.bitwise_xor(bits, _mix(places)))) + 1)
    return total


def _mix(bits: Array) -> Array:
    """Spread every bit over the word: the finaliser of MurmurHash3 (Appleby 2011, public domain)."""
    from keras import ops

    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = ops.bitwise_xor(bits, ops.right_shift(bits, shift)) * ops.cast(factor, "uint32")
    return ops.bitwise_xor(bits, ops.right_shift(bits, 16))
