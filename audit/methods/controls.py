"""Controls: maps whose verdicts are known beforehand, so that they audit the audit.

The edge detector and the input depend on the input alone: they must fail every sensitivity to parameters. The random
map changes wholly with any parameter and any key: it must pass those and fail repeatability.
"""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.declare import declared
from audit.methods.method import Array, Attribute, Need, gaussian_noise

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class EdgeDetector:
    """How strongly the input changes from pixel to pixel: no explanation, though it looks like one.

    Formula: the Sobel magnitude sqrt(g_h^2 + g_w^2) of each channel, summed over channels; g_h is the difference of the
    neighbours below and above, smoothed by [1, 2, 1]/4 along the width, g_w the same the other way; borders repeated.
    For flat inputs: the absolute difference of the two neighbours. The network is not used.
    Unit: none (twice the input's change per pixel). Sign: never negative.
    Hyper-parameters: none. Needs: nothing of the network.
    Known criticisms: it is one (Adebayo et al. 2018): maps that resemble it look convincing for that reason alone.
    Source: Sobel and Feldman 1968; as a control Adebayo et al. 2018, arXiv:1810.03292.
    """

    unit: ClassVar[str] = "none"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 0
    source: ClassVar[str] = "Sobel and Feldman 1968; Adebayo et al. 2018, arXiv:1810.03292"

    def attribute(self, network: "Network") -> Attribute:
        """Return the edges of x: (B, H, W, 1) for images, (B, F) for flat inputs."""
        from keras import ops

        def edges(params: "Params", x: Array, target: Array, key: Array) -> Array:
            if len(x.shape) != 4:
                return ops.abs(_difference(x, 1))
            down, across = _smooth(_difference(x, 1), 2), _smooth(_difference(x, 2), 1)
            return ops.sum(ops.sqrt(down * down + across * across), axis=-1, keepdims=True)

        return edges

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise with one channel, as the edges have."""
        return generator.standard_normal((*x.shape[:2], 1) if x.ndim == 3 else x.shape, dtype=np.float32)


@declared
class RandomMap:
    """Independent Gaussian noise that any change of any parameter replaces: the most sensitive map there is.

    Formula: standard Gaussian numbers, drawn from the input's key with a digest of all parameters folded in. The same
    parameters and key give the same map; two different values swapped, or one bit changed, give an independent one.
    Unit: none. Sign: kept, meaningless. Hyper-parameters: none. Needs: nothing of the network.
    Known criticisms: it explains nothing, and no parameter randomisation can show it.
    Source: the random control of Adebayo et al. 2018 (arXiv:1810.03292) and of Hooker et al. 2019,
    arXiv:1806.10758.
    """

    unit: ClassVar[str] = "none"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = True
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 0
    source: ClassVar[str] = "Adebayo et al. 2018, arXiv:1810.03292; Hooker et al. 2019, arXiv:1806.10758"

    def attribute(self, network: "Network") -> Attribute:
        """Return noise of x's shape, a function of the parameters and the key alone."""
        from audit.backend.random import fold, normal

        def noise(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return normal(fold(key, _digest(params)), tuple(x.shape[1:]))

        return noise

    noise_map = gaussian_noise


@declared
class Input:
    """The input itself, offered as if it were an explanation.

    Formula: A(x) = x. The network is not used.
    Unit: that of the input. Sign: kept. Hyper-parameters: none. Needs: nothing of the network.
    Known criticisms: it explains nothing; a method that cannot be told from it shows the input, not the network.
    Source: the input-dominance experiment of Adebayo et al. 2018, arXiv:1810.03292.
    """

    unit: ClassVar[str] = "none"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    evaluations: ClassVar[int] = 0
    source: ClassVar[str] = "Adebayo et al. 2018, arXiv:1810.03292"

    def attribute(self, network: "Network") -> Attribute:
        """Return x."""
        from keras import ops

        return lambda params, x, target, key: ops.convert_to_tensor(x)

    noise_map = gaussian_noise


def _shifted(x: Array, axis: int) -> tuple[Array, Array]:
    """Return every entry's neighbours before and after it along an axis; the border is repeated."""
    from keras import ops

    width = [(1, 1) if each == axis else (0, 0) for each in range(len(x.shape))]
    padded = ops.pad(x, width, mode="symmetric")
    before, after = [slice(None)] * len(x.shape), [slice(None)] * len(x.shape)
    before[axis], after[axis] = slice(None, -2), slice(2, None)
    return padded[tuple(before)], padded[tuple(after)]


def _difference(x: Array, axis: int) -> Array:
    before, after = _shifted(x, axis)
    return after - before


def _smooth(x: Array, axis: int) -> Array:
    before, after = _shifted(x, axis)
    return (before + 2.0 * x + after) / 4.0


def _digest(params: "Params") -> Array:
    """Return 32 bits () uint32 that depend on every bit of every parameter and on its place.

    Whole-number arithmetic modulo 2^32 throughout: it is exact in any order, so batch shape, threads and compiler
    cannot change the digest as they can a sum of floats. The sum of a tensor would not do: permuting keeps it.
    """
    from keras import ops

    total = ops.zeros((), dtype="uint32")
    for name in sorted(params):  # JAX hands a mapping over in this order, whatever it was before
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
