"""Deep Taylor decomposition: layer by layer, the first-order term of an expansion at a root of each rectifier."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from audit.declare import declared
from audit.methods.lrp import room_in_box
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class DeepTaylor(MethodDefaults):
    """Relevance from a Taylor expansion of each ReLU at the nearest root in a direction allowed for its inputs.

    Formula: R = max(S_c(x), 0) at the explained logit; R_i = sum over j of x_i w+_ij / (sum of x_i w+_ij over i) R_j
    where inputs are rectified (the z+ rule: the direction is x w+); in the layers that read the input, w_ij^2 in place
    of x_i w+_ij for inputs without bounds, and x_i w_ij - low w+_ij - high w-_ij for inputs between bounds. Biases take
    no share. All else is as in ``lrp``.
    Unit: logit. Sign: never negative; the sum over all inputs is max(S_c(x), 0), where every rectifier that receives
    relevance has contributions.
    Needs: recorded operations, each with a rule; the expansion supposes rectifiers; others pass relevance on.
    Known criticisms: converges to one map whatever the class and the upper layers, as do all rules that hand on
    non-negative shares (Sixt, Granz and Landgraf 2020, arXiv:1912.09818); the roots need not lie where the function is
    linear, and where they depend on the input any map can be had (Sixt and Landgraf 2022, arXiv:2211.08425); the map of
    a class with a logit below 0 is zero.
    Source: Montavon, Lapuschkin, Binder, Samek and Mueller 2017, arXiv:1512.02479, sections 4 and 5.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "graph"
    evaluations: ClassVar[int] = 3
    claims: ClassVar[frozenset[Claim]] = frozenset({"sensitivity_b"})
    source: ClassVar[str] = "Montavon, Lapuschkin, Binder, Samek and Mueller 2017, arXiv:1512.02479"

    input: Literal["real", "bounded"] = "real"
    """What values an input may have: any (the w^2 rule), or those between ``low`` and ``high`` (the zB rule).
    Pixels are bounded; ``real`` is the default because bounds cannot be guessed."""

    low: Annotated[float, Field(strict=True)] | None = None
    """The smallest value of a bounded input entry, in the model's own input space."""

    high: Annotated[float, Field(strict=True)] | None = None
    """The largest value of a bounded input entry, in the model's own input space."""

    @model_validator(mode="after")
    def _bounds_are_known(self) -> Self:
        if self.input == "bounded" and self._bounds is None:
            raise ValueError("`input: bounded` needs `low` and a larger `high`")
        return self

    @property
    def _bounds(self) -> tuple[float, float] | None:
        return (
            (self.low, self.high) if self.low is not None and self.high is not None and self.low < self.high else None
        )

    def attribute(self, network: "Network") -> Attribute:
        """Return the decomposition as a pure function of the parameters.

        Raises:
            InputError: the model is subclassed, or has operations without a rule; the message names them.
        """
        from keras import ops

        from audit.methods.backward.layerwise import Rules, layerwise
        from audit.methods.backward.lrp_rules import alpha_beta, bounded, w_square

        above = alpha_beta(1.0)
        first = bounded if self.input == "bounded" else w_square
        rules = Rules(
            input_convolution=first, input_dense=first, convolution=above, dense=above, bounds=self._bounds, bias=False
        )
        relevance = layerwise(network, "deep_taylor", rules, start=lambda logits: ops.maximum(logits, 0.0))

        def decomposed(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return relevance(params, x, target)

        return decomposed

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise of one sign, masked by the bounds where the rule that reads the input has them."""
        noise = np.abs(generator.standard_normal(x.shape, dtype=np.float32))
        return noise if self.input == "real" else noise * room_in_box(x, *(self._bounds or (0.0, 1.0)), generator)
