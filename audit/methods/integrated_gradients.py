"""Integrated gradients: the gradient, averaged along the straight line from a baseline to the input."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from audit.declare import declared
from audit.methods.gradient import Gradient
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.path_baseline import Baseline, baseline_of
from audit.record import CLAIMS, Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class IntegratedGradients(MethodDefaults):
    """The mean gradient along the line from a baseline x' to the input x, times x - x'.

    Formula: A(x) = (x - x') * 1/m sum over s = 0 .. m-1 of dS_c/dx at x' + (s + 1/2)/m (x - x').
    The rule is the midpoint rule: exact where S_c is linear on the line, so exact for rectifier networks without biases
    and a baseline of zeros; each kink on the line costs O(1/m). With ``positions: ends`` the gradient is taken at
    x' + s/(m - 1) (x - x'): both ends count as much as any other point, which costs O(1/m) on smooth functions too.
    Unit: logit, or logit per unit of input without ``multiply_by_input``. Sign: kept. The sum over all inputs
    approaches S_c(x) - S_c(x') (completeness).
    Needs: the network's function alone, so any model.
    Known criticisms: multiplied by the input like input times gradient (Adebayo et al. 2018, arXiv:1810.03292); depends
    on the baseline (Kindermans et al. 2017, arXiv:1711.00867); many steps at points unlike any data.
    Source: Sundararajan, Taly and Yan 2017, arXiv:1703.01365, equations 1 and 3.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    source: ClassVar[str] = "Sundararajan, Taly and Yan 2017, arXiv:1703.01365"

    steps: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 50
    """m, gradients along the line. Section 5 of the paper: 20 to 300; 50 as in the code of Adebayo et al. 2018."""

    baseline: Baseline = "zeros"
    """x', in the model's own input space, after preprocessing: ``zeros`` (the paper's black image, but grey where
    inputs lie in [-1, 1]), ``mean`` (each input's own mean over pixels, per channel; over features for flat inputs), or
    one number for every entry (-1 is black for inputs in [-1, 1]). The paper asks for a neutral x': S_c(x') near 0."""

    positions: Literal["middles", "ends"] = "middles"
    """Where on the line gradients are taken: in the ``middles`` of m equal parts, or at m points that include both
    ``ends``, as in the released code of Adebayo et al. 2018."""

    multiply_by_input: Annotated[bool, Field(strict=True)] = True
    """Whether the mean gradient is multiplied by x - x', as in the paper. Without it: "local" attribution, which the
    input cannot dominate (Kokhlikyan et al. 2021)."""

    @model_validator(mode="after")
    def _ends_are_two(self) -> "IntegratedGradients":
        if self.positions == "ends" and self.steps < 2:
            raise ValueError("`positions: ends` needs `steps: 2` or more")
        return self

    @property
    def claims(self) -> frozenset[Claim]:
        """All axioms, which are its paper's; without ``multiply_by_input`` those of the gradient."""
        return CLAIMS if self.multiply_by_input else Gradient.claims

    @property
    def evaluations(self) -> int:
        """One gradient per step."""
        return self.steps

    def attribute(self, network: "Network") -> Attribute:
        """Return integrated gradients as a pure function of the parameters."""
        from keras import ops

        gradient = Gradient().attribute(network)
        first, parts = (0.5, self.steps) if self.positions == "middles" else (0.0, self.steps - 1)

        def integrated(params: "Params", x: Array, target: Array, key: Array) -> Array:
            start = baseline_of(self.baseline, x, ops, origin=network.origin)
            way = x - start

            def add(step: Array, total: Array) -> Array:
                position = (ops.cast(step, "float32") + first) / parts
                return total + gradient(params, start + position * way, target, key)

            mean = ops.fori_loop(0, self.steps, add, ops.zeros_like(x)) / self.steps
            return mean * way if self.multiply_by_input else mean

        return integrated

    def baselines(self, x: np.ndarray, params: "Params") -> np.ndarray:
        """Return the baseline of each input of x (n, ...)."""
        return baseline_of(self.baseline, x, np)

    @property
    def multiplies_input(self) -> bool:
        """As its field says."""
        return self.multiply_by_input

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise times the way from the baseline: what is left when the network contributes nothing."""
        noise = generator.standard_normal(x.shape, dtype=np.float32)
        return noise * (x - self.baselines(x[None], network.params)[0]) if self.multiply_by_input else noise
