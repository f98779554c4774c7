"""PatternNet: the signal that the explained logit responds to, projected back along fitted patterns."""

from typing import TYPE_CHECKING, ClassVar, Literal

from audit.declare import declared
from audit.methods.method import Array, Attribute, Learn, MethodDefaults, Need, gaussian_noise
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class PatternNet(MethodDefaults):
    """The gradient with each layer's weights replaced by patterns, the directions in which the data move its outputs.

    Formula: starts as S_c(x) at the explained logit; s_i = sum over j of a_ij s_j in each dense layer and convolution,
    and the gradient's rule everywhere else, so that closed rectifiers stop it. Weights also cancel distractors and need
    not point where the signal is: for y = w^T x the signal is the part of x that moves with y, along a pattern a with
    w^T a = 1. Of an output y that a rectifier follows, a = (E+[x y] - E+[x] E[y]) / (w^T of the same), E+ being the
    mean where y > 0 (two components: only the one that gets through is used); of others, a = cov[x, y] / var[y]. A
    convolution's pattern is fitted on all its patches, zero padding among them; batch normalisation above a layer is
    folded into it. An output that never varies, or never exceeds 0, has the pattern 0.
    Patterns are fitted on the data's training inputs (at most 2,000, drawn by the seed), or on the explained inputs
    where there are none; the report says on which.
    Unit: relevance (of one linear layer, in units of the input: the signal itself). Sign: kept.
    Needs: recorded operations, each with a rule, whose layers with weights are dense or convolutions, not transposed.
    Known criticisms: each pattern is a combination of the layer's inputs, so maps look like data under any parameters;
    convergence to one map, found for the rules that come of it (Sixt, Granz and Landgraf 2020, arXiv:1912.09818);
    invariant to a shift of the input where patterns stay (Kindermans et al. 2017, arXiv:1711.00867), but fitted anew
    those of two components move with E+[y] - E[y] times the shift; ``linear`` ones do not.
    Source: Kindermans, Schuett, Alber, Mueller, Erhan, Kim and Daehne 2017, arXiv:1705.05598, sections 3 and 4.
    """

    unit: ClassVar[str] = "relevance"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "graph"
    evaluations: ClassVar[int] = 2
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Kindermans, Schuett, Alber, Mueller, Erhan, Kim and Daehne 2017, arXiv:1705.05598"

    estimator: Literal["auto", "linear", "two_component"] = "auto"
    """Which patterns: ``two_component`` for outputs that a rectifier follows and ``linear`` for others (``auto``, as in
    the paper), or one of both for all."""

    patterns: Literal["refitted", "trained"] = "refitted"
    """Whether patterns are fitted anew for parameters that were re-drawn or trained, since they are part of what
    explains them, or stay those of the ``trained`` network. This project's choice: with ``trained`` ones a map keeps
    what it learned of the audited network, and a randomisation test asks about the rest alone."""

    def attribute(self, network: "Network") -> Attribute:
        """Return PatternNet as a pure function of the parameters and the patterns among them.

        Raises:
            InputError: the model is subclassed, or has operations without a rule or without patterns.
        """
        from audit.methods.backward.pattern_walk import project

        projected = project(network, "pattern_net", lambda kernel, pattern: pattern)

        def signal(params: "Params", x: Array, target: Array, key: Array) -> Array:
            return projected(params, x, target)

        return signal

    def fit(self, network: "Network") -> Learn:
        """Return what fits the patterns.

        Raises:
            InputError: as ``attribute``.
        """
        from audit.methods.backward.patterns import fitting

        return fitting(network, "pattern_net", self.estimator, trained=self.patterns == "trained")

    noise_map = gaussian_noise
