"""Layer-wise relevance propagation: the explained logit, divided among the inputs layer by layer."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.record import Claim

if TYPE_CHECKING:
    from audit.methods.backward.layerwise import Rules
    from audit.methods.backward.lrp_rules import LinearRule
    from audit.network.network import Network, Params

Composite = Literal[
    "epsilon",
    "gamma",
    "z_plus",
    "alpha_beta",
    "w_square",
    "flat",
    "epsilon_plus",
    "epsilon_plus_flat",
    "epsilon_alpha2_beta1",
    "epsilon_alpha2_beta1_flat",
    "epsilon_gamma_box",
]

_UNIFORM = ("epsilon", "gamma", "z_plus", "alpha_beta", "w_square", "flat")
_COMPOSITES: dict[str, tuple[str, str, str, str]] = {
    **{rule: (rule, rule, rule, rule) for rule in _UNIFORM},
    "epsilon_plus": ("z_plus", "epsilon", "z_plus", "epsilon"),
    "epsilon_plus_flat": ("flat", "epsilon", "z_plus", "epsilon"),
    "epsilon_alpha2_beta1": ("alpha2_beta1", "epsilon", "alpha2_beta1", "epsilon"),
    "epsilon_alpha2_beta1_flat": ("flat", "epsilon", "alpha2_beta1", "epsilon"),
    "epsilon_gamma_box": ("bounded_box", "bounded_box", "gamma", "epsilon"),
}
"""The rules of convolutions and of dense layers that read the input, of convolutions and of dense layers above them.

A dense layer that reads the input is never flat in a composite: each input would receive the same."""

_OF_ONE_SIGN = ("z_plus", "w_square", "flat", "bounded_box")
"""Rules whose shares are never negative."""


@declared
class Lrp(MethodDefaults):
    """Layer-wise relevance propagation: the logit is distributed backwards, layer by layer, by contribution.

    Formula: R_i = sum over j of c_ij / (sum of c_ij over i) R_j, from R = S_c(x) at the explained logit to the inputs;
    the rule says what contributes to the output z_j = sum_i x_i w_ij + b_j of a linear layer:

    - epsilon: x_i w_ij, and z_j + epsilon sign(z_j) below the line. The bias keeps its share.
    - gamma: x_i (w_ij + gamma w+_ij); in general, contributions of z_j's sign count (1 + gamma) times.
    - z_plus: the positive contributions alone (alpha 1, beta 0).
    - alpha_beta: alpha times the positive ones less beta = alpha - 1 times the negative ones, each over its own sum.
      Where all contributions have one sign they receive the relevance once, not alpha times, so that it is kept.
    - w_square: w_ij^2. flat: 1. Both know neither the input nor, for flat, the weights; a bias receives nothing.
    - bounded_box: x_i w_ij - low w+_ij - high w-_ij.

    Composites name one rule for all layers, or one for convolutions and one for dense layers: epsilon_plus (z_plus,
    epsilon), epsilon_plus_flat (the same, flat in convolutions that read the input), epsilon_alpha2_beta1 and
    epsilon_alpha2_beta1_flat (likewise with alpha 2, beta 1 for convolutions), epsilon_gamma_box (gamma, epsilon, and
    bounded_box in every layer that reads the input).
    Batch normalisation above a linear layer is folded into it; elsewhere it, sums and pooling by the
    mean are linear layers with fixed weights, under the rule of the layer that they follow. Activations, dropout and
    changes of the input's units hand relevance on as it is, maximum pooling to the winner, products of inputs in equal
    parts (Achtibat et al. 2024, arXiv:2402.05602), layer normalisation by epsilon with its deviation held fixed (Ali et
    al. 2022, arXiv:2202.07304). An output that nothing contributes to hands nothing on.
    Unit: logit. Sign: kept; for a logit below 0 relevance begins negative. The sum over all inputs is S_c(x) less the
    biases' share (and epsilon's).
    Needs: recorded operations, each with a rule.
    Known criticisms: rules that hand on non-negative shares (z_plus, alpha 1) converge to one map whatever the class
    and the upper layers (Sixt, Granz and Landgraf 2020, arXiv:1912.09818); epsilon is input times gradient in rectifier
    networks without biases (Ancona et al. 2018, arXiv:1711.06104); depends on how a function is written down
    (Sundararajan et al. 2017, arXiv:1703.01365) and on where the input's zero lies (Kindermans et al. 2017,
    arXiv:1711.00867).
    Source: Bach et al. 2015, doi:10.1371/journal.pone.0130140; rules and composites: Montavon et al. 2019,
    doi:10.1007/978-3-030-28954-6_10, and Kohlbrenner et al. 2020, arXiv:1910.09840.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "graph"
    evaluations: ClassVar[int] = 3
    source: ClassVar[str] = (
        "Bach, Binder, Montavon, Klauschen, Mueller and Samek 2015, doi:10.1371/journal.pone.0130140"
    )

    composite: Composite = "epsilon_plus"
    """Which rule where. Default: Kohlbrenner et al. 2020, section 4, without flat, whose map the input layer's weights
    and values do not reach."""

    epsilon: Annotated[float, Field(gt=0, strict=True)] = 1e-6
    """Added to |z_j| under ``epsilon`` and ``gamma``, in units of z. Only large enough to bound the quotient: float32
    sums of order 1 are exact to 1e-7; larger values absorb relevance (Bach et al. 2015, equation 58, set none)."""

    gamma: Annotated[float, Field(ge=0, strict=True)] = 0.25
    """How much more contributions of the output's sign count. Montavon et al. 2019, section 10.3: 0.25."""

    alpha: Annotated[float, Field(ge=1, strict=True)] = 2.0
    """Of the composite ``alpha_beta``; beta is alpha - 1. Bach et al. 2015 and Kohlbrenner et al. 2020: 2."""

    bias: Literal["share", "none"] = "share"
    """Whether biases take their ``share`` of relevance (Bach et al. 2015, equation 56), or ``none``: then the inputs'
    contributions alone make up the sums, all relevance reaches the inputs, and small sums can magnify it."""

    low: Annotated[float, Field(strict=True)] | None = None
    """The smallest value an input entry may have, in the model's own input space; for ``epsilon_gamma_box``."""

    high: Annotated[float, Field(strict=True)] | None = None
    """The largest value an input entry may have, in the model's own input space; for ``epsilon_gamma_box``."""

    @model_validator(mode="after")
    def _bounds_are_known(self) -> Self:
        if self._bounded and (self.low is None or self.high is None or self.low >= self.high):
            raise ValueError(f"`{self.composite}` needs the inputs' bounds: `low` and a larger `high`")
        return self

    @property
    def claims(self) -> frozenset[Claim]:
        """Completeness and sensitivity (b) under ``epsilon``; sensitivity (b) under every other rule but ``flat``.

        Other rules keep the logit itself, whose biases are no part of its change from a baseline.
        """
        if self.composite == "epsilon":
            return frozenset({"completeness", "sensitivity_b"})
        return frozenset() if "flat" in _COMPOSITES[self.composite] else frozenset({"sensitivity_b"})

    @property
    def _bounded(self) -> bool:
        return "bounded_box" in _COMPOSITES[self.composite]

    def attribute(self, network: "Network") -> Attribute:
        """Return layer-wise relevance as a pure function of the parameters.

        Raises:
            InputError: the model is subclassed, or has operations without a rule; the message names them.
        """
        from audit.methods.backward.layerwise import layerwise

        relevance = layerwise(network, "lrp", self._rules(), start=lambda logits: logits)

        def explained(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return relevance(params, x, target)

        return explained

    @property
    def multiplies_input(self) -> bool:
        """Unless the rule that reads the input has no masking, or one that does not vanish with the input."""
        return not {*_COMPOSITES[self.composite][:2]} & {"w_square", "flat", "bounded_box"}

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise under the masking of the rule that reads the input: relevance is x_i times what comes back.

        z_plus hands on |x_i| times it; flat and w_square have no masking; the box hands on x_i - low where weights are
        positive, high - x_i where they are negative. Where no rule can turn a sign, noise has one sign too.
        """
        from audit.methods.backward.layerwise import convolves_input

        noise = generator.standard_normal(x.shape, dtype=np.float32)
        input_convolution, input_dense, *above = _COMPOSITES[self.composite]
        first = input_convolution if convolves_input(network) else input_dense
        size = noise if any(rule not in _OF_ONE_SIGN for rule in above) else np.abs(noise)
        if first in ("w_square", "flat"):
            return size
        if self.low is not None and self.high is not None and first == "bounded_box":
            return size * room_in_box(x, self.low, self.high, generator)
        return size * (np.abs(x) if first == "z_plus" else x)

    def _rules(self) -> "Rules":
        from audit.methods.backward.layerwise import Rules

        input_convolution, input_dense, convolution, dense = map(self._rule, _COMPOSITES[self.composite])
        bounds = (self.low, self.high) if self.low is not None and self.high is not None else None
        return Rules(
            input_convolution=input_convolution,
            input_dense=input_dense,
            convolution=convolution,
            dense=dense,
            bounds=bounds,
            stabiliser=self.epsilon,
            bias=self.bias == "share",
        )

    def _rule(self, name: str) -> "LinearRule":
        from audit.methods.backward import lrp_rules

        return {
            "epsilon": lrp_rules.epsilon(self.epsilon),
            "gamma": lrp_rules.gamma(self.gamma, self.epsilon),
            "z_plus": lrp_rules.alpha_beta(1.0),
            "alpha_beta": lrp_rules.alpha_beta(self.alpha),
            "alpha2_beta1": lrp_rules.alpha_beta(2.0),
            "w_square": lrp_rules.w_square,
            "flat": lrp_rules.flat,
            "bounded_box": lrp_rules.bounded,
        }[name]


def room_in_box(x: np.ndarray, low: float, high: float, generator: np.random.Generator) -> np.ndarray:
    """Return what the bounded box puts before relevance: noise |w| times the way to the bound that w chooses."""
    weight = generator.standard_normal(x.shape, dtype=np.float32)
    room = np.where(weight > 0, np.maximum(x - low, 0), np.maximum(high - x, 0))
    return np.abs(weight) * room.astype(np.float32)
