"""Prediction difference: what is lost when a patch is not known, but guessed from what surrounds it."""

from itertools import product
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.perturbation.cells import along, with_channels
from audit.methods.perturbation.patches import Patches
from audit.methods.perturbation.score import scorer
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class PredictionDifference(MethodDefaults):
    """How much a patch raises the class score, compared with patches sampled from the surrounding pixels.

    Formula: A(x)_u = mean over the patches w that contain u of D(p(c|x), p(c|x without w)), with p(c|x without w) the
    mean of p(c|x) over draws of w given the window around it, and D(p, q) = log2 odds(p) - log2 odds(q), after
    Laplace's correction p <- (p N + 1) / (N + K) for K classes, or p - q.
    The draws: each channel of the input is taken for a Gaussian field with the channel's own mean m and standard
    deviation s, pixels apart by (i, j) correlated as ``correlation``^(|i| + |j|); w is drawn from that field, given the
    pixels of the window, and clipped to the input's own range. So what is drawn continues the surroundings smoothly
    and knows nothing else: it is not the Gaussian over whole windows that the paper fits to its data, whose means and
    covariances hold what such images look like, since a map is a function of the parameters, the input and the key
    alone. ``correlation`` 0 ignores the surroundings (marginal sampling).
    Unit: bit for the weight of evidence, or probability. Sign: kept; positive where the patch speaks for the class. One
    channel: (B, H, W, 1).
    One draw at a time, so memory does not grow with their number; each folds its number into the input's random key. A
    forward pass for each, counted as a gradient: ``evaluations`` counts those on 28 by 28 pixels.
    Needs: the network's function alone, so any model; a patch no larger than the input.
    Known criticisms: only as good as the model of the patch; random, with few draws, so repeatability must be checked;
    blind to what is shown twice, and to what two patches do only together.
    Source: Zintgraf, Cohen, Adel and Welling 2017, arXiv:1702.04595, section 3; Robnik-Sikonja and Kononenko 2008.
    """

    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = True
    needs: ClassVar[Need] = "apply"
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Zintgraf, Cohen, Adel and Welling 2017, arXiv:1702.04595"

    patch: Annotated[int, Field(ge=1, strict=True)] = 4
    """k, side of the patch in pixels; features for flat inputs. The paper: 10 of 224; this project's choice for small
    images."""

    stride: Annotated[int, Field(ge=1, strict=True)] = 2
    """Pixels from one patch to the next, at most ``patch``. The paper: 1; 2 costs a quarter."""

    margin: Annotated[int, Field(ge=0, strict=True)] = 2
    """Pixels of the window on each side of the patch. At the border the window moves inwards. The paper: windows of 14
    for patches of 10."""

    samples: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 10
    """Draws of each patch. The paper: 10."""

    correlation: Annotated[float, Field(ge=0.0, lt=1.0, strict=True)] = 0.9
    """Of neighbouring pixels. This project's choice: near that of photographs."""

    evidence: Literal["weight_of_evidence", "probability"] = "weight_of_evidence"
    """D: the difference of log odds, as in the paper, or of probabilities."""

    examples: Annotated[int, Field(ge=1, strict=True)] = 1000
    """N of Laplace's correction: it bounds the log odds where a probability is 0 or 1. The paper: the number of
    training images (100,000 in the authors' code), which a map does not know; this project's choice."""

    @property
    def unit(self) -> str:
        """Bits, or probability."""
        return "bit" if self.evidence == "weight_of_evidence" else "probability"

    @property
    def evaluations(self) -> int:
        """One for each draw of each patch on 28 by 28 pixels, and one for the whole input."""
        return (max(0, -(-(28 - self.patch) // self.stride)) + 1) ** 2 * self.samples + 1

    def attribute(self, network: "Network") -> Attribute:
        """Return the differences as a pure function of the parameters.

        Raises:
            InputError: the patch is larger than the input, or patches leave gaps.
        """
        from keras import ops

        from audit.backend.random import fold, normal

        patches, score = self._patches(network), scorer(network, "probability")
        field, depth = _GaussianField(patches, self.margin, self.correlation), patches.depth()
        drawn = (self.patch ** len(patches.sizes), 1 if len(network.input_shape) == 1 else network.input_shape[-1])

        def difference(params: "Params", x: Array, target: Array, key: Array) -> Array:
            whole, image = score(params, x, target), ops.reshape(x, (x.shape[0], *patches.sizes, drawn[1]))

            def add(number: Array, total: Array) -> Array:
                own, starts = fold(key, number), patches.starts(number, ops)
                inside = patches.inside(starts)

                def ask(sample: Array, found: Array) -> Array:
                    guess = field.draw(image, starts, normal(fold(own, sample), drawn))
                    return found + score(params, ops.reshape(guess, x.shape), target)

                unknown = ops.fori_loop(0, self.samples, ask, ops.zeros_like(whole)) / self.samples
                gain = self._gain(whole, network.classes) - self._gain(unknown, network.classes)
                return total + ops.reshape(gain, (-1, *[1] * len(patches.sizes))) * inside

            total = ops.fori_loop(0, patches.total, add, ops.zeros((x.shape[0], *patches.sizes)))
            return with_channels(total / depth, x)

        return difference

    def _patches(self, network: "Network") -> Patches:
        return Patches(network, self.patch, self.stride, "prediction_difference")

    def _gain(self, probability: Array, classes: int) -> Array:
        """Return the log odds (base 2) of a corrected probability, or the probability itself."""
        from keras import ops

        if self.evidence == "probability":
            return probability
        corrected = (probability * self.examples + 1) / (self.examples + max(classes, 2))
        return (ops.log(corrected) - ops.log(1 - corrected)) / float(np.log(2))

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the map of a linear score whose weights are noise, each patch against its mean given the window."""
        patches = self._patches(network)
        field, image = _GaussianField(patches, self.margin, self.correlation), x.reshape(*patches.sizes, -1)
        noise, total = generator.standard_normal(image.shape, dtype=np.float32), np.zeros(patches.sizes, np.float32)
        for number in range(patches.total):
            starts = [int(each) for each in patches.starts(np.int64(number), np)]
            where = tuple(slice(start, start + self.patch) for start in starts)
            total[where] += np.sum(noise[where] * (image[where] - field.mean(image, starts)))
        return with_channels((total / patches.depth())[None], x[None])[0].astype(np.float32)


class _GaussianField:
    """A stationary Gaussian field around each patch: what the pixels of a window say of the patch in it."""

    def __init__(self, patches: Patches, margin: int, correlation: float) -> None:
        self.patches = patches
        self.window = tuple(min(size, patches.patch + 2 * margin) for size in patches.sizes)
        places = [range(length - patches.patch + 1) for length in self.window]
        pairs = [_given(self.window, offsets, patches.patch, correlation) for offsets in product(*places)]
        self.weights = np.stack([weights for weights, _ in pairs])  # (places in the window, patch, window)
        self.factors = np.stack([factor for _, factor in pairs])  # (places in the window, patch, patch)

    def draw(self, image: Array, starts: list[Array], noise: Array) -> Array:
        """Return images (B, *sizes, C) whose patch is drawn from Gaussian noise (B, patch, C), given its window."""
        from keras import ops

        axes, sizes, patch = tuple(range(1, len(image.shape) - 1)), self.patches.sizes, self.patches.patch
        centre, spread = (each(image, axis=axes, keepdims=True) for each in (ops.mean, ops.std))
        firsts, place = self._window(starts, ops)
        spans = zip(firsts, self.window, sizes, strict=True)
        window = along(image - centre, [self.patches.rows(*each) for each in spans], ops)
        flat = ops.reshape(window, (window.shape[0], prod(self.window), -1))
        weights, factor = (ops.take(table, place, axis=0) for table in (self.weights, self.factors))
        scale = ops.reshape(spread, (spread.shape[0], 1, -1))
        guess = ops.reshape(
            ops.matmul(weights, flat) + scale * ops.matmul(factor, noise),
            (window.shape[0], *[patch] * len(sizes), window.shape[-1]),
        )
        rows = [ops.transpose(self.patches.rows(start, patch, size)) for start, size in zip(starts, sizes, strict=True)]
        inside = self.patches.inside(starts)[..., None] > 0
        least, greatest = (each(image, axis=(*axes, len(axes) + 1), keepdims=True) for each in (ops.min, ops.max))
        return ops.where(inside, ops.clip(along(guess, rows, ops) + centre, least, greatest), image)

    def mean(self, image: np.ndarray, starts: list[int]) -> np.ndarray:
        """Return the mean of one image's patch (*patch, C), given its window."""
        centre = image.mean(axis=tuple(range(image.ndim - 1)))
        firsts, place = self._window(starts, np)
        where = tuple(slice(int(first), int(first) + length) for first, length in zip(firsts, self.window, strict=True))
        flat = (image[where] - centre).reshape(prod(self.window), -1)
        return centre + (self.weights[int(place)] @ flat).reshape(*[self.patches.patch] * len(starts), -1)

    def _window(self, starts: list[Array], numbers: Any) -> tuple[list[Array], Array]:
        """Return where the window begins along each axis, and the number of the patch's place in it."""
        firsts, place = [], 0
        for start, length, size in zip(starts, self.window, self.patches.sizes, strict=True):
            room = length - self.patches.patch
            first = numbers.minimum(numbers.maximum(start - room // 2, 0), size - length)
            firsts.append(first)
            place = place * (room + 1) + (start - first)
        return firsts, place


def _given(
    window: tuple[int, ...], offsets: tuple[int, ...], patch: int, correlation: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights (patch, window) of a patch's mean given its window, and a root of its covariance."""
    grid = np.stack(np.meshgrid(*[np.arange(length) for length in window], indexing="ij"), axis=-1).reshape(
        -1, len(window)
    )
    inside = ((grid >= offsets) & (grid < np.add(offsets, patch))).all(axis=1)
    covariance = float(correlation) ** np.abs(grid[:, None] - grid[None]).sum(axis=-1)
    of_patch, between = covariance[np.ix_(inside, inside)], covariance[np.ix_(inside, ~inside)]
    known = np.linalg.solve(covariance[np.ix_(~inside, ~inside)], between.T).T
    weights = np.zeros((int(inside.sum()), len(grid)))
    weights[:, ~inside] = known
    return weights.astype(np.float32), np.linalg.cholesky(of_patch - known @ between.T).astype(np.float32)
