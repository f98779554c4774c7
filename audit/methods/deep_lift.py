"""DeepLIFT: the difference of the logit from a reference's, divided among the inputs' differences."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.path_baseline import Baseline, baseline_of
from audit.record import Claim

if TYPE_CHECKING:
    from audit.methods.backward.propagate import Rule
    from audit.network.network import Network, Node, Params


@declared
class DeepLift(MethodDefaults):
    """DeepLIFT multipliers, propagated back from the logit, times the difference of the input from a reference x'.

    Formula: A(x) = m * (x - x'); m obeys the chain rule with derivatives replaced: a linear operation hands it on by
    its weights (linear rule), an activation f multiplies it by (f(z) - f(z')) / (z - z') (rescale), or by one factor
    for what raised z and another for what lowered it, each the mean over both orders (reveal-cancel); f'(z) where the
    difference is rounding. A maximum that rose is the winner's doing, one that fell the former winner's; a product
    ab - a'b' is (a - a')(b + b')/2 + (b - b')(a + a')/2; layer normalisation is taken apart into these.
    Unit: logit. Sign: kept. The sum over all inputs is S_c(x) - S_c(x').
    Needs: recorded operations, each with a rule.
    Known criticisms: depends on how a function is written down (Sundararajan et al. 2017, arXiv:1703.01365), on the
    reference (Kindermans et al. 2017, arXiv:1711.00867), and is multiplied by the input's difference, which shows
    through (Adebayo et al. 2018, arXiv:1810.03292); rescale from zeros is input times gradient in rectifier networks
    without biases (Ancona et al. 2018, arXiv:1711.06104).
    Source: Shrikumar, Greenside and Kundaje 2017, arXiv:1704.02685, section 3.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "graph"
    evaluations: ClassVar[int] = 2
    claims: ClassVar[frozenset[Claim]] = frozenset({"completeness", "sensitivity_a", "sensitivity_b"})
    source: ClassVar[str] = "Shrikumar, Greenside and Kundaje 2017, arXiv:1704.02685"

    activations: Literal["rescale", "reveal_cancel"] = "rescale"
    """The rule for activations, sections 3.5.2 and 3.5.3. ``rescale`` is also the first paper's (arXiv:1605.01713).
    Reveal-cancel acts where an activation follows a linear layer or a sum; elsewhere both are the same."""

    reference: Baseline = "zeros"
    """x', in the model's own input space, after preprocessing: ``zeros``, ``mean`` (each input's own mean over pixels,
    per channel; over features for flat inputs), or one number for every entry. The paper's images start from zeros."""

    def attribute(self, network: "Network") -> Attribute:
        """Return DeepLIFT's contributions as a pure function of the parameters.

        Raises:
            InputError: the model is subclassed, or has operations without a rule; the message names them.
        """
        from keras import ops

        from audit.methods.backward.deep_lift_rules import both, halves, rules_of
        from audit.methods.backward.operations import roles_of
        from audit.methods.backward.propagate import propagate
        from audit.methods.backward.reveal_cancel import revealing
        from audit.network.network import graph_of

        graph, roles = graph_of(network), roles_of(network, "deep_lift")
        rules = {**rules_of(graph, roles), **(revealing(graph, roles) if self.activations == "reveal_cancel" else {})}
        multipliers = propagate(network, {(lambda node: node.name in rules): _by_name(rules)})

        def contributions(params: "Params", x: Array, target: Array, key: Array) -> Array:
            start = baseline_of(self.reference, x, ops, origin=network.origin)
            return (x - start) * halves(multipliers(params, ops.concatenate([x, start]), both(target)))[0]

        return contributions

    def baselines(self, x: np.ndarray, params: "Params") -> np.ndarray:
        """Return the reference of each input of x (n, ...)."""
        return baseline_of(self.reference, x, np)

    @property
    def multiplies_input(self) -> bool:
        """It does: multipliers times the difference from the reference."""
        return True

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise times the difference from the reference: what is left when the network contributes nothing."""
        return generator.standard_normal(x.shape, dtype=np.float32) * (x - self.baselines(x[None], network.params)[0])


def _by_name(rules: "Mapping[str, Rule]") -> "Rule":
    def rule(node: "Node", params: "Params", inputs: tuple[Array, ...], output: Array, relevance: Array) -> Any:
        return rules[node.name](node, params, inputs, output, relevance)

    return rule
