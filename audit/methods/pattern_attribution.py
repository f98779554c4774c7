"""PatternAttribution: how much each part of the signal contributes to the explained logit."""

from typing import TYPE_CHECKING, ClassVar, Literal

from audit.declare import declared
from audit.methods.method import Array, Attribute, Learn, MethodDefaults, Need, gaussian_noise
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class PatternAttribution(MethodDefaults):
    """The gradient with each layer's weights replaced by weight times pattern: what the signal adds to each output.

    Formula: starts as S_c(x) at the explained logit; R_i = sum over j of w_ij a_ij R_j in each dense layer and
    convolution, and the gradient's rule everywhere else, so that closed rectifiers stop it. The patterns a are those of
    ``pattern_net``. It is a Taylor expansion of each rectifier at the input less its signal, x - a y, a root that is
    estimated from data. As w^T a = 1, the parts of each output add up to it: layers hand on all that they receive, but
    rectifiers drop what reaches closed units, so the sum over all inputs is not S_c(x) in deep networks.
    Unit: relevance (of one linear layer, logit). Sign: kept.
    Needs: recorded operations, each with a rule, whose layers with weights are dense or convolutions, not transposed.
    Known criticisms: most w_ij a_ij are positive, so products of them converge to one map whatever the class and the
    upper layers (Sixt, Granz and Landgraf 2020, arXiv:1912.09818); maps look like data under any parameters, as the
    patterns do; invariant to a shift of the input where patterns stay (Kindermans et al. 2017, arXiv:1711.00867), but
    fitted anew those of two components move with E+[y] - E[y] times the shift; ``linear`` ones do not.
    Source: Kindermans, Schuett, Alber, Mueller, Erhan, Kim and Daehne 2017, arXiv:1705.05598, section 4.
    """

    unit: ClassVar[str] = "relevance"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "graph"
    evaluations: ClassVar[int] = 2
    claims: ClassVar[frozenset[Claim]] = frozenset({"sensitivity_b"})
    source: ClassVar[str] = "Kindermans, Schuett, Alber, Mueller, Erhan, Kim and Daehne 2017, arXiv:1705.05598"

    estimator: Literal["auto", "linear", "two_component"] = "auto"
    """Which patterns: ``two_component`` for outputs that a rectifier follows and ``linear`` for others (``auto``, as in
    the paper), or one of both for all."""

    patterns: Literal["refitted", "trained"] = "refitted"
    """Whether patterns are fitted anew for parameters that were re-drawn or trained, since they are part of what
    explains them, or stay those of the ``trained`` network. This project's choice: with ``trained`` ones a map keeps
    what it learned of the audited network, and a randomisation test asks about the rest alone."""

    def attribute(self, network: "Network") -> Attribute:
        """Return PatternAttribution as a pure function of the parameters and the patterns among them.

        Raises:
            InputError: the model is subclassed, or has operations without a rule or without patterns.
        """
        from audit.methods.backward.pattern_walk import project

        projected = project(network, "pattern_attribution", lambda kernel, pattern: kernel * pattern)

        def attributed(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return projected(params, x, target)

        return attributed

    def fit(self, network: "Network") -> Learn:
        """Return what fits the patterns.

        Raises:
            InputError: as ``attribute``.
        """
        from audit.methods.backward.patterns import fitting

        return fitting(network, "pattern_attribution", self.estimator, trained=self.patterns == "trained")

    noise_map = gaussian_noise
