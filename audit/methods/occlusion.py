"""Occlusion: how far the score drops when a patch of the input is covered."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.perturbation.cells import along, pixel_parts, with_channels
from audit.methods.perturbation.patches import Patches
from audit.methods.perturbation.score import Output, scorer
from audit.methods.shared.path_baseline import Baseline, baseline_of
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class Occlusion(MethodDefaults):
    """The drop of the score when a patch is covered, averaged over all patches that cover a pixel.

    Formula: A(x)_u = mean over the patches w that contain u of S_c(x) - S_c(x with w replaced by the baseline). Patches
    lie ``stride`` apart, and the last of each row and column touches the far border. Flat inputs: a patch is a group of
    ``patch`` features that follow one another.
    Unit: probability, or logit. Sign: kept; positive where covering lowers the score. One channel: (B, H, W, 1).
    One patch at a time, so memory does not grow with their number; a forward pass for each, counted as a gradient. How
    many there are depends on the input: ``evaluations`` counts those on 28 by 28 pixels.
    Needs: the network's function alone, so any model; a patch no larger than the input.
    Known criticisms: a covered input is unlike any data, and what the baseline shows counts as absence; blind to what
    two patches do only together; a probability near 1 hardly drops where much evidence remains.
    Source: Zeiler and Fergus 2013, arXiv:1311.2901, section 4.2.
    """

    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    source: ClassVar[str] = "Zeiler and Fergus 2013, arXiv:1311.2901"

    patch: Annotated[int, Field(ge=1, strict=True)] = 4
    """Side of the patch in pixels; features for flat inputs. The paper gives no number; this project's choice for small
    images."""

    stride: Annotated[int, Field(ge=1, strict=True)] = 2
    """Pixels from one patch to the next, at most ``patch``. This project's choice: every pixel under several."""

    baseline: Baseline = "mean"
    """What covers: ``mean`` (each input's own mean over pixels, per channel; the paper's is grey), ``zeros`` or a
    number, in the model's own input space."""

    output: Output = "probability"
    """The score: ``probability`` of the explained class, as in the paper, or its ``logit``."""

    @property
    def claims(self) -> frozenset[Claim]:
        """Linearity where the score is the logit: differences of logits are linear in them."""
        return frozenset({"linearity"} if self.output == "logit" else ())

    @property
    def unit(self) -> str:
        """The score's."""
        return self.output

    @property
    def evaluations(self) -> int:
        """One for each patch on 28 by 28 pixels, and one for the whole input."""
        return (max(0, -(-(28 - self.patch) // self.stride)) + 1) ** 2 + 1

    def attribute(self, network: "Network") -> Attribute:
        """Return the drops as a pure function of the parameters.

        Raises:
            InputError: the patch is larger than the input, or patches leave gaps.
        """
        from keras import ops

        patches, score = Patches(network, self.patch, self.stride, "occlusion"), scorer(network, self.output)
        depth = patches.depth()

        def occlusion(params: "Params", x: Array, target: Array, key: Array) -> Array:
            cover, whole = baseline_of(self.baseline, x, ops, origin=network.origin), score(params, x, target)

            def add(number: Array, total: Array) -> Array:
                inside = patches.inside(patches.starts(number, ops))
                drop = whole - score(params, ops.where(with_channels(inside, x) > 0, cover, x), target)
                return total + ops.reshape(drop, (-1, *[1] * len(patches.sizes))) * inside

            total = ops.fori_loop(0, patches.total, add, ops.zeros((x.shape[0], *patches.sizes)))
            return with_channels(total / depth, x)

        return occlusion

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the map of a linear score whose weights are noise: covering changes nothing where it hides nothing."""
        patches = Patches(network, self.patch, self.stride, "occlusion")
        way = x - baseline_of(self.baseline, x[None], np)[0]
        parts = pixel_parts(generator.standard_normal(x.shape, dtype=np.float32) * way)
        covers = patches.covers()
        drops = along(parts[None], covers, np)
        spread = along(drops, [each.T for each in covers], np)[0] / patches.depth()
        return with_channels(spread[None], x[None])[0].astype(np.float32)
