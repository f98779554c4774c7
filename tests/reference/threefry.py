"""Threefry-2x32-20 and Box-Muller, one number at a time, with Python integers and doubles."""

import math

import numpy as np

_MASK = 0xFFFFFFFF


def threefry(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """Encrypt one counter under one key, as in the definition by Salmon et al. 2011."""
    schedule = [key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDA]
    x0, x1 = (counter[0] + schedule[0]) & _MASK, (counter[1] + schedule[1]) & _MASK
    for turn in range(5):
        for distance in [(13, 15, 26, 6), (17, 29, 16, 24)][turn % 2]:
            x0 = (x0 + x1) & _MASK
            x1 = ((x1 << distance) | (x1 >> (32 - distance))) & _MASK
            x1 ^= x0
        x0 = (x0 + schedule[(turn + 1) % 3]) & _MASK
        x1 = (x1 + schedule[(turn + 2) % 3] + turn + 1) & _MASK
    return x0, x1


def threefry_arrays(
    key: tuple[np.ndarray, np.ndarray], counter: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, ...]:
    """Encrypt counters under keys, both arrays of uint32 that broadcast: the sums of uint32 wrap around."""
    schedule = [key[0], key[1], key[0] ^ key[1] ^ np.uint32(0x1BD11BDA)]
    x0, x1 = counter[0] + schedule[0], counter[1] + schedule[1]
    for turn in range(5):
        for distance in [(13, 15, 26, 6), (17, 29, 16, 24)][turn % 2]:
            x0 = x0 + x1
            x1 = ((x1 << np.uint32(distance)) | (x1 >> np.uint32(32 - distance))) ^ x0
        x0 = x0 + schedule[(turn + 1) % 3]
        x1 = x1 + schedule[(turn + 2) % 3] + np.uint32(turn + 1)
    return x0, x1


def fold(key: tuple[int, int], number: int) -> tuple[int, int]:
    """Return the key of a sub-stream."""
    return threefry(key, (number, 1))


def uniform(key: tuple[int, int], count: int) -> np.ndarray:
    """Return numbers in (0, 1]: all first words, then all second words."""
    pairs = [threefry(key, (place, 0)) for place in range((count + 1) // 2)]
    words = [first for first, _ in pairs] + [second for _, second in pairs]
    return np.array([((word >> 8) + 1) / 2**24 for word in words[:count]])


def normal(key: tuple[int, int], count: int) -> np.ndarray:
    """Return standard normal numbers: all cosines, then all sines."""
    half = (count + 1) // 2
    unit = uniform(key, 2 * half)
    radii = [math.sqrt(-2 * math.log(value)) for value in unit[:half]]
    angles = [2 * math.pi * value for value in unit[half:]]
    cosines = [radius * math.cos(angle) for radius, angle in zip(radii, angles, strict=True)]
    sines = [radius * math.sin(angle) for radius, angle in zip(radii, angles, strict=True)]
    return np.array((cosines + sines)[:count])
