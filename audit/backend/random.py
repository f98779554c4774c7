"""Random numbers as a pure function of a key: the same on every backend, for every batch size and order.

Threefry-2x32 with 20 rounds, counter-based: a key and a counter give two 32-bit words. Source: Salmon et al. 2011,
"Parallel random numbers: as easy as 1, 2, 3", figure 2 and table 2 (the constants).
"""

import hashlib
from collections.abc import Iterable
from math import pi, prod
from typing import Any

import numpy as np
from jaxtyping import Float32, Integer, UInt32

Keys = UInt32[Any, "n 2"]
"""The random keys of n inputs, as an array or as a tensor of the active backend."""

Word = UInt32[Any, "..."]
"""Words of 32 bits."""

_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA
_DRAW, _FOLD = 0, 1  # the second word of the counter keeps draws and folded keys apart


def input_keys(seed: int, ids: Iterable[str]) -> UInt32[np.ndarray, "n 2"]:
    """Return one key per input, (n, 2) uint32, from the audit's seed and each input's own id."""
    digests = [hashlib.sha256(f"{seed}\0{identity}".encode()).digest()[:8] for identity in ids]
    return np.frombuffer(b"".join(digests), dtype="<u4").astype(np.uint32).reshape(-1, 2)


def threefry(key: tuple[Word, Word], counter: tuple[Word, Word]) -> tuple[Word, Word]:
    """Encrypt a counter (two uint32 tensors) under a key (two uint32 tensors that broadcast with it)."""
    from keras import ops

    first, second = (ops.convert_to_tensor(word, dtype="uint32") for word in key)
    words = (first, second, ops.bitwise_xor(ops.bitwise_xor(first, second), _word(_PARITY)))
    # The operator and not ``ops.add``: that takes (B, 1) for a bias of (1, B) and adds along the wrong axis.
    a, b = (ops.convert_to_tensor(word, dtype="uint32") + words[place] for place, word in enumerate(counter))
    for step in range(20):
        a = a + b
        b = ops.bitwise_xor(_rotate(b, _ROTATIONS[step % 8]), a)
        if step % 4 == 3:
            turn = step // 4 + 1
            a = a + words[turn % 3]
            b = b + words[(turn + 1) % 3] + _word(turn)
    return a, b


def _rotate(word: UInt32[Any, "*words"], by: int) -> UInt32[Any, "*words"]:
    from keras import ops

    return ops.bitwise_or(ops.bitwise_left_shift(word, _word(by)), ops.bitwise_right_shift(word, _word(32 - by)))


def _word(value: int) -> UInt32[Any, ""]:
    from keras import ops

    return ops.convert_to_tensor(np.uint32(value), dtype="uint32")


def fold(key: Keys, number: int | Integer[Any, ""]) -> Keys:
    """Return the keys (B, 2) of sub-stream ``number`` (an integer below 2^31, traced or not) of keys (B, 2)."""
    from keras import ops

    first = ops.cast(ops.convert_to_tensor(number), "uint32")
    words = threefry((key[:, 0], key[:, 1]), (first, _word(_FOLD)))
    return ops.stack(words, axis=-1)


def bits(key: Keys, count: int) -> UInt32[Any, "n {count}"]:
    """Return ``count`` random 32-bit words per key: (B, 2) -> (B, count) uint32."""
    from keras import ops

    counter = ops.convert_to_tensor(np.arange((count + 1) // 2, dtype=np.uint32)[None], dtype="uint32")
    pairs = threefry((key[:, :1], key[:, 1:]), (counter, _word(_DRAW)))
    return ops.concatenate(pairs, axis=-1)[:, :count]


def uniform(key: Keys, shape: tuple[int, ...]) -> Float32[Any, "n ..."]:
    """Return uniform numbers in (0, 1], a multiple of 2^-24 each: (B, 2) -> (B, *shape) float32."""
    from keras import ops

    return ops.reshape(_unit(bits(key, prod(shape))), (-1, *shape))


def normal(key: Keys, shape: tuple[int, ...]) -> Float32[Any, "n ..."]:
    """Return standard normal numbers, by Box and Muller (1958): (B, 2) -> (B, *shape) float32."""
    from keras import ops

    half = (prod(shape) + 1) // 2
    unit = _unit(bits(key, 2 * half))
    radius, angle = ops.sqrt(-2.0 * ops.log(unit[:, :half])), 2.0 * pi * unit[:, half:]
    pairs = ops.concatenate([radius * ops.cos(angle), radius * ops.sin(angle)], axis=-1)
    return ops.reshape(pairs[:, : prod(shape)], (-1, *shape))


def _unit(words: UInt32[Any, "*words"]) -> Float32[Any, "*words"]:
    """Words (uint32) to float32 in (0, 1]: the upper 24 bits, which float32 holds exactly, plus one."""
    from keras import ops

    upper = ops.cast(ops.bitwise_right_shift(words, _word(8)), "float32")
    return (upper + 1.0) * 2.0**-24
