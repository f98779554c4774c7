"""Noisy copies of the input: what SmoothGrad, SmoothGrad squared and VarGrad share, so that they see the same noise."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from audit.methods.method import Array, Method, MethodDefaults, Need

if TYPE_CHECKING:
    from audit.network.network import Network, Params

Step = Callable[[Array, Array, tuple[Array, ...]], tuple[Array, ...]]
"""``(number of the copy from 0, the base's map of it (B, ...), what was accumulated) -> accumulated``."""


class OverNoisyCopies(MethodDefaults):
    """The facts of a method that runs a base over noisy copies of the input; the fields are the method's own."""

    base: Method
    samples: int
    noise: float

    @property
    def stochastic(self) -> bool:
        """Unless there is no noise and the base uses none."""
        return self.noise > 0 or self.base.stochastic

    @property
    def needs(self) -> Need:
        """What the base needs."""
        return self.base.needs

    @property
    def evaluations(self) -> int:
        """The base's, once per sample."""
        return self.samples * self.base.evaluations


def accumulate(
    method: OverNoisyCopies, network: "Network", step: Step, count: int
) -> "Callable[[Params, Array, Array, Array], tuple[Array, ...]]":
    """Build the one pass over all copies; ``step`` adds each copy's map to ``count`` sums, which start as zeros."""
    from keras import ops

    from audit.backend.random import fold, normal

    base = method.base.attribute(network)
    # The base may have fewer channels than x; its noise map tells, without computing the base once more.
    blank = np.zeros(network.input_shape, np.float32)
    shape = method.base.noise_map(network, blank, np.random.Generator(np.random.Philox(0))).shape

    def accumulated(params: "Params", x: Array, target: Array, key: Array) -> tuple[Array, ...]:
        axes = tuple(range(1, len(x.shape)))
        sigma = method.noise * (ops.max(x, axis=axes, keepdims=True) - ops.min(x, axis=axes, keepdims=True))

        def add(number: Array, sums: tuple[Array, ...]) -> tuple[Array, ...]:
            own = fold(key, number)
            # Two keys from one: a base that draws from its key must not draw the very noise of its input.
            noisy = x + sigma * normal(fold(own, 0), tuple(x.shape[1:]))
            return step(number, base(params, noisy, target, fold(own, 1)), sums)

        return ops.fori_loop(0, method.samples, add, tuple(ops.zeros((x.shape[0], *shape)) for _ in range(count)))

    return accumulated


def own_noise(x: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Return standard Gaussian noise (count, ...) that belongs to an input x (...).

    The maps that are compared share their noisy copies, and so must the maps of a null.
    """
    return own_generator(x, generator).standard_normal((count, *x.shape), dtype=np.float32)


def own_generator(x: np.ndarray, generator: np.random.Generator) -> np.random.Generator:
    """Return the generator of what belongs to an input x (...) itself, one for all of its noise maps.

    The generators of these have one entropy, which derives from the audit's seed, and differ in their spawn keys alone
    (``NetworkBench.noise_maps``).
    """
    own = crc32(np.ascontiguousarray(x).tobytes())
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([*_entropy(generator), own])))


def repeated(generator: np.random.Generator, count: int) -> list[np.random.Generator]:
    """Return generators, drawn by one and of its entropy, that all give the same numbers."""
    again = np.random.SeedSequence(_entropy(generator), spawn_key=(int(generator.integers(2**32)),))
    return [np.random.Generator(np.random.Philox(again)) for _ in range(count)]


def _entropy(generator: np.random.Generator) -> list[int]:
    seeds = generator.bit_generator.seed_seq
    known = seeds.entropy if isinstance(seeds, np.random.SeedSequence) else None  # none where a key was set outright
    return [known or 0] if known is None or isinstance(known, int) else list(known)


def noise_maps(
    method: OverNoisyCopies, network: "Network", x: np.ndarray, draws: Sequence[np.random.Generator]
) -> np.ndarray:
    """Return the base's noise maps (n, ...) of an input's noisy copies, each with a generator from ``draws`` (n)."""
    copies = x + np.float32(method.noise * (x.max() - x.min())) * own_noise(x, method.samples, draws[0])
    return np.stack([method.base.noise_map(network, *each) for each in zip(copies, draws, strict=True)])
