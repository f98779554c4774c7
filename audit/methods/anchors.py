"""Anchors: the few units that decide, whatever happens to all the others."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.method import Attribute, MethodDefaults, Need
from audit.methods.perturbation.anchor_search import Search, shortest_rule
from audit.methods.shared.on_host import Game, on_units, over_units, unit_noise
from audit.methods.shared.path_baseline import Baseline, baseline_of
from audit.methods.shared.segments import Segments, Units
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class Anchors(MethodDefaults):
    """The shortest rule "keep these units" that preserves the decision about the class, found by beam search.

    Formula: A at the units of the rule R = its precision, the estimated chance that the decision is that of the input
    when the units of R are kept and each other unit is replaced by the baseline with chance 1/2; 0 elsewhere. The
    decision: whether the explained class has the greatest logit (for a single logit, whether it is positive). R is the
    first rule, by length, whose precision is at least ``precision`` with enough certainty: from the empty rule upward,
    each rule of the beam is extended by each unit, KL-LUCB keeps the best ``beam`` extensions, and those that reach
    ``precision`` are tossed on until their lower bound is above ``precision - tolerance``. The longer of two rules is
    the rarer, so the first found has the greatest coverage, 2^-|R| of all replacements.
    An empty rule (the decision stays anyway) is a map of zeros, reported as constant. If ``samples`` are spent before a
    rule is certain, the best estimate so far is shown.
    Unit: none (a share). Sign: never negative. One channel for images: (B, H, W, 1).
    Needs: the network's function alone, which is evaluated many times between NumPy: no base of another method.
    Known criticisms: a set of units, no ranking within it, so most pixels tie; another key can give another rule of
    like precision; depends on units and baseline, and replaced units are unlike any data.
    Source: Ribeiro, Singh and Guestrin 2018, "Anchors: High-precision model-agnostic explanations", AAAI, algorithms 1
    and 2. Own code: the library alibi needs NumPy 1 and is under a licence that is not open.
    """

    unit: ClassVar[str] = "none"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = True
    needs: ClassVar[Need] = "apply"
    compiled: ClassVar[bool] = False
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Ribeiro, Singh and Guestrin 2018, AAAI Conference on Artificial Intelligence"

    units: Units = "auto"
    """Units that are kept or replaced together, as in ``lime``. The paper for images: superpixels."""

    segments: Segments = 9
    """About how many superpixels or cells. This project's choice for images of few pixels."""

    precision: Annotated[float, Field(gt=0.0, lt=1.0, strict=True)] = 0.95
    """The share of replacements under which the decision must stay. 0.95 in the paper and the authors' code."""

    tolerance: Annotated[float, Field(gt=0.0, lt=1.0, strict=True)] = 0.1
    """By how much the precision that is certain may stay below, and by how much a rule left out may be the better. This
    project's choice of one number for both: 0.05 and 0.15 in the authors' code."""

    risk: Annotated[float, Field(gt=0.0, lt=1.0, strict=True)] = 0.1
    """delta, the chance that a bound does not hold. 0.1 in the authors' code for images."""

    beam: Annotated[int, Field(ge=1, le=100, strict=True)] = 2
    """Rules that are extended. This project's choice; 1, the paper's greedy search, in the authors' code for images."""

    samples: Annotated[int, Field(ge=100, le=1_000_000, strict=True)] = 2000
    """The most replacements that are tried for one input. This project's choice: it bounds the cost."""

    baseline: Baseline = "zeros"
    """What replaced units show, as in ``integrated_gradients``. The paper: another image; the authors' code: another
    image, or each segment's own mean colour."""

    @property
    def evaluations(self) -> int:
        """One forward pass per replacement, at most."""
        return self.samples

    def attribute(self, network: "Network") -> Attribute:
        """Return the anchors, found on the host.

        Raises:
            InputError: the inputs have no such units.
        """
        return over_units(self, network, "anchors")

    def worth(self, game: Game, labels: np.ndarray, target: int, generator: np.random.Generator) -> np.ndarray:
        """Return the rule's precision at its units, 0 at the others (M,)."""
        units = int(labels.max()) + 1
        own = bool(decided(game(np.ones((1, units), bool)), target)[0])

        def stays(rules: np.ndarray) -> np.ndarray:
            kept = rules | (generator.random(rules.shape) < 0.5)
            return decided(game(kept), target) == own

        search = Search(
            precision=self.precision, tolerance=self.tolerance, risk=self.risk, beam=self.beam, samples=self.samples
        )
        rule = shortest_rule(stays, units, search)
        return np.where(np.isin(np.arange(units), rule.units), rule.precision, 0.0)

    def baselines(self, x: np.ndarray, params: "Params") -> np.ndarray:
        """Return what replaced units show, for each input of x (n, ...)."""
        return baseline_of(self.baseline, x, np)

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return a precision at units drawn at random among those that differ from the baseline, 0 at the others."""
        noise, labels = unit_noise(self, x, generator)
        least = generator.choice(np.abs(noise))  # so the rule is as long as it happens to be
        drawn = (np.abs(noise) >= least) & (noise != 0)
        return on_units(drawn * generator.uniform(self.precision, 1.0), labels, x.shape)


def decided(logits: np.ndarray, target: int) -> np.ndarray:
    """Return whether a class is the one that logits (n, K) decide for; a single logit decides by its sign."""
    return logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(axis=1) == target
