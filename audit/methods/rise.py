"""RISE: random masks, weighted by the score that the input keeps under each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.perturbation.cells import along, cells_of, hats, sizes_of, with_channels
from audit.methods.perturbation.score import Output, scorer
from audit.methods.shared.images import check_images
from audit.methods.shared.noisy_copies import own_generator
from audit.methods.shared.path_baseline import Baseline, baseline_of
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params

_CHUNK = 100  # masks at a time in ``noise_map``


@declared
class Rise(MethodDefaults):
    """The mean of random masks, each weighted by the score of the masked input.

    Formula: A(x) = 1 / (p n) sum over s = 1 .. n of S_c(x * M_s) M_s. A mask is drawn on a coarse grid, each cell 1
    with probability p, else 0; the grid is resized bilinearly to one cell more than the image along each axis and
    cropped at a random place. p n is the expected sum of the masks at a pixel; the masks that are drawn differ from it,
    so the mean score times that difference remains as noise, which ``normalise: drawn`` divides out.
    Unit: probability, or logit. Sign: never negative for probabilities, kept for logits. One channel: (B, H, W, 1).
    Each mask folds its number into the input's random key and is made when it is used, one at a time, so memory does
    not grow with their number, and results depend on neither batch size nor order. A forward pass for each, counted as
    a gradient.
    Needs: image inputs; of the network its function alone, so any model.
    Known criticisms: random, and far from converged with few masks, so repeatability must be checked; a background far
    from zero everywhere, whose height says how well the class survives any masking; a masked input is unlike any data.
    Source: Petsiuk, Das and Saenko 2018, arXiv:1806.07421, equations 5 and 6 and section 3.2.
    """

    stochastic: ClassVar[bool] = True
    needs: ClassVar[Need] = "apply"
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Petsiuk, Das and Saenko 2018, arXiv:1806.07421"

    samples: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 500
    """n, masks per input. The paper: 4,000 to 8,000 on 224 by 224 pixels; fewer here so that an audit of small images
    stays affordable."""

    grid: Annotated[int, Field(ge=1, strict=True)] = 7
    """Cells along each side, at most one per pixel. The paper: 7."""

    probability: Annotated[float, Field(gt=0.0, lt=1.0, strict=True)] = 0.5
    """p, that a cell is kept. The paper: 0.5."""

    baseline: Baseline = "zeros"
    """What is seen where the mask is 0: ``zeros``, as in the paper, ``mean`` or a number."""

    output: Output = "probability"
    """The score: ``probability`` of the explained class, as in the paper, or its ``logit``."""

    normalise: Literal["expected", "drawn"] = "expected"
    """What the sum is divided by: the masks' ``expected`` sum p n, as in the paper, or at each pixel the sum of the
    masks that were ``drawn`` (0 where none shows it)."""

    @property
    def unit(self) -> str:
        """The score's."""
        return self.output

    @property
    def signed(self) -> bool:
        """Logits may be negative."""
        return self.output == "logit"

    @property
    def evaluations(self) -> int:
        """One per mask."""
        return self.samples

    def attribute(self, network: "Network") -> Attribute:
        """Return the weighted masks as a pure function of the parameters.

        Raises:
            InputError: the inputs are not images.
        """
        from keras import ops

        from audit.backend.random import fold, uniform

        check_images(network, "rise")
        sizes, score = sizes_of(network), scorer(network, self.output)
        cells = cells_of(sizes, self.grid)

        def rise(params: "Params", x: Array, target: Array, key: Array) -> Array:
            hidden = baseline_of(self.baseline, x, ops, origin=network.origin)

            def add(number: Array, sums: tuple[Array, Array]) -> tuple[Array, Array]:
                own = fold(key, number)
                kept = ops.cast(uniform(fold(own, 0), cells) <= self.probability, "float32")
                mask = cropped(kept, uniform(fold(own, 1), (len(sizes),)), sizes, ops)
                kept_score = score(params, hidden + with_channels(mask, x) * (x - hidden), target)
                return sums[0] + kept_score[:, None, None] * mask, sums[1] + mask

            zero = ops.zeros((x.shape[0], *sizes))
            total, shown = ops.fori_loop(0, self.samples, add, (zero, zero))
            return with_channels(self._normalised(total, shown, ops), x)

        return rise

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the map of a linear logit whose weights are noise, under masks that belong to the input.

        The maps that are compared share their masks, and so must the maps of a null. The whole input's logit has
        variance 1; its sigmoid stands for the probability.
        """
        sizes, masks = sizes_of(network), own_generator(x, generator)
        way = x - baseline_of(self.baseline, x[None], np)[0]
        noise = generator.standard_normal(x.shape, dtype=np.float32)
        parts = (noise * way).sum(axis=-1) / max(float(np.linalg.norm(way)), 1e-12)
        total, shown = np.zeros(sizes, np.float32), np.zeros(sizes, np.float32)
        for first in range(0, self.samples, _CHUNK):
            count = min(_CHUNK, self.samples - first)
            kept = masks.random((count, *cells_of(sizes, self.grid)), dtype=np.float32) <= self.probability
            shifts = 1 - masks.random((count, len(sizes)), dtype=np.float32)
            seen = cropped(kept.astype(np.float32), shifts, sizes, np)
            logits = seen.reshape(count, -1) @ parts.ravel()
            scores = logits if self.output == "logit" else 1 / (1 + np.exp(-logits))
            total += np.tensordot(scores, seen, axes=1)
            shown += seen.sum(axis=0)
        return self._normalised(total, shown, np)[..., None].astype(np.float32)

    def _normalised(self, total: Array, shown: Array, numbers: Any) -> Array:
        if self.normalise == "expected":
            return total / np.float32(self.samples * self.probability)
        return numbers.where(shown > 0, total / numbers.where(shown > 0, shown, 1.0), 0.0)


def cropped(kept: Array, shifts: Array, sizes: Sequence[int], numbers: Any) -> Array:
    """Return grids (B, g1, g2), resized bilinearly to one cell more than the image and cropped: (B, *sizes).

    ``shifts`` (B, 2) in (0, 1] says by which share of a cell the crop begins after the first pixel.
    """
    matrices = []
    for axis, (size, cells) in enumerate(zip(sizes, kept.shape[1:], strict=True)):
        cell = -(-size // cells)  # pixels
        first = numbers.ceil(shifts[:, axis] * cell) - 1.0  # each of 0 .. cell - 1 is as likely
        places = (first[:, None] + np.arange(size, dtype=np.float32) + 0.5) * (cells / ((cells + 1) * cell)) - 0.5
        matrices.append(hats(places, cells, numbers))
    return along(kept, matrices, numbers)
