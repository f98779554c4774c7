"""The random map's digest of all parameters, with Python's own whole numbers."""

from collections.abc import Mapping

import numpy as np

_WORD = 2**32


def digest(params: Mapping[str, np.ndarray]) -> int:
    """Return 32 bits that depend on every bit of every parameter, in their order."""
    total = 0
    for name in params:
        words = np.ascontiguousarray(params[name], np.float32).reshape(-1).view(np.uint32).tolist()
        mixed = sum(_mix(word ^ _mix(place * 0x9E3779B9 % _WORD)) for place, word in enumerate(words))
        total = _mix((total + mixed + 1) % _WORD)
    return total


def _mix(word: int) -> int:
    word = (word ^ (word >> 16)) * 0x85EBCA6B % _WORD
    word = (word ^ (word >> 13)) * 0xC2B2AE35 % _WORD
    return word ^ (word >> 16)
