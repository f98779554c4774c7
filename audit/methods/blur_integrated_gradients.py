"""Blur integrated gradients: the gradient, averaged while the input comes into focus."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.gradient import Gradient
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.blur import blur
from audit.methods.shared.images import check_images
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class BlurIntegratedGradients(MethodDefaults):
    """Integrated gradients along the path from the blurred input to the input.

    Formula: A(x) = sum over s = 0 .. m-1 of (L(t_s+1) - L(t_s)) * dS_c/dx at L((t_s + t_s+1) / 2), with L(t) the input
    under a Gaussian of standard deviation t and t_s = (1 - s/m) max_sigma. The path's own steps are exact, so a linear
    function is complete for every m; each kink of another costs O(1/m). (The authors' code takes the gradient at the
    sharp end of each step and the step by a difference quotient.) The blur mirrors the image at its border, so that the
    start has the input's mean colour; the authors' fades to black.
    Unit: logit, or logit per unit of input without ``multiply_by_input``. Sign: kept. The sum over all inputs
    approaches S_c(x) - S_c(L(max_sigma)) (completeness).
    Needs: image inputs; of the network its function alone.
    Known criticisms: explains the change from the blurred input, so what survives the blur gets nothing; blurred images
    of small objects look like other objects, whose evidence enters the map; depends on the blur's border.
    Source: Xu, Venugopalan and Sundararajan 2020, arXiv:2004.03383, equations 3 and 5.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    source: ClassVar[str] = "Xu, Venugopalan and Sundararajan 2020, arXiv:2004.03383"

    steps: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 100
    """m, gradients along the path. 100 in the authors' code."""

    max_sigma: Annotated[float, Field(gt=0.0, strict=True)] = 0.22
    """The blur that the path starts from, as a share of the image's shorter side. The authors' code: 50 pixels, for
    images of 224 to 299 pixels."""

    multiply_by_input: Annotated[bool, Field(strict=True)] = True
    """Whether each gradient is multiplied by the change of the image, as in the paper. Without it: the mean gradient
    along the path."""

    @property
    def claims(self) -> frozenset[Claim]:
        """All axioms but symmetry, as blurred pixels depend on neighbours; fewer without ``multiply_by_input``."""
        path: frozenset[Claim] = frozenset({"completeness", "sensitivity_a", "sensitivity_b", "linearity"})
        return path if self.multiply_by_input else path & Gradient.claims

    @property
    def evaluations(self) -> int:
        """One gradient per step."""
        return self.steps

    def attribute(self, network: "Network") -> Attribute:
        """Return blur integrated gradients as a pure function of the parameters.

        Raises:
            InputError: the inputs are not images.
        """
        from keras import ops

        check_images(network, "blur_integrated_gradients")
        gradient = Gradient().attribute(network)

        def integrated(params: "Params", x: Array, target: Array, key: Array) -> Array:
            def blurred(step: Array) -> Array:
                return blur(x, self._sigma(x) * (1.0 - step / self.steps), ops)

            def add(number: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
                total, before = state
                step = ops.cast(number, "float32")
                after, slope = blurred(step + 1.0), gradient(params, blurred(step + 0.5), target, key)
                return total + (slope * (after - before) if self.multiply_by_input else slope / self.steps), after

            return ops.fori_loop(0, self.steps, add, (ops.zeros_like(x), blurred(0.0)))[0]

        return integrated

    def baselines(self, x: np.ndarray, params: "Params") -> np.ndarray:
        """Return the blurred start of each input of x (n, H, W, C)."""
        return blur(x, self._sigma(x), np)

    @property
    def multiplies_input(self) -> bool:
        """As its field says."""
        return self.multiply_by_input

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise times the way from the blurred input: what is left when the network contributes nothing."""
        noise = generator.standard_normal(x.shape, dtype=np.float32)
        return noise * (x - self.baselines(x[None], network.params)[0]) if self.multiply_by_input else noise

    def _sigma(self, x: Array) -> float:
        """Return the largest blur of images (B, H, W, C) in pixels."""
        return self.max_sigma * min(x.shape[1:3])
