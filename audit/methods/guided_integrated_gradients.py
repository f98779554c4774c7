"""Guided integrated gradients: the path goes first where the gradient is smallest, and so around noise."""

from math import ceil
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.gradient import Gradient
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.path_baseline import Baseline, baseline_of
from audit.record import CLAIMS, Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class GuidedIntegratedGradients(MethodDefaults):
    """Integrated gradients along a path that first moves the entries with the smallest gradients.

    Formula: the path starts at x' and each of m steps shortens the remaining distance sum |x - x_s| by 1/m of the
    whole: the share ``fraction`` of the entries with the smallest |dS_c/dx| moves towards x, then, if that is not
    enough, the next share, and so on. No entry strays by more than ``corridor`` of its own way from the straight line.
    A(x) = sum over s of (x_s+1 - x_s) * dS_c/dx at x_s. Entries with equal gradients move together.
    Unit: logit, or logit per unit of input without ``multiply_by_input``. Sign: kept. The sum over all inputs is
    S_c(x) - S_c(x') (completeness) for linear functions; for others the gap does not vanish as m grows, since an entry
    moves in jumps of up to twice the corridor on the gradient before the jump, and small gradients are moved on first.
    Needs: the network's function alone, so any model.
    Known criticisms: the path depends on the network, so the attribution is not linear in the function and two causes
    of the same size need not get the same; small gradients are taken for noise, also where they are saturation; the
    rest is integrated gradients'. Ill-conditioned: which entries move next is a comparison of gradients, so a
    change of rounding can turn the path, and the authors' own code moves its map by 0.6 of the peak when its points
    move by a millionth. The map is the same each time on one machine; on another device or with another batch size it
    may differ.
    Source: Kapishnikov, Venugopalan, Avci, Wedin, Terry and Bolukbasi 2021, arXiv:2106.09788, algorithm 1.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "apply"
    source: ClassVar[str] = "Kapishnikov, Venugopalan, Avci, Wedin, Terry and Bolukbasi 2021, arXiv:2106.09788"

    steps: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 200
    """m, gradients along the path. 200 in the authors' code."""

    fraction: Annotated[float, Field(gt=0.0, le=1.0, strict=True)] = 0.25
    """The share of the entries that moves at a time. 0.25 in the authors' code; 1 gives the straight line."""

    corridor: Annotated[float, Field(ge=0.0, le=1.0, strict=True)] = 0.02
    """How far an entry may be ahead of the straight line or behind it, as a share of its own way. 0.02 in the authors'
    code; 1 leaves the path free, as in the paper's first form."""

    baseline: Baseline = "zeros"
    """x', as in ``integrated_gradients``: ``zeros``, ``mean`` or a number."""

    multiply_by_input: Annotated[bool, Field(strict=True)] = True
    """Whether each gradient is multiplied by the step, as in the paper. Without it: the mean gradient along the path,
    each weighted by the share of its own way that an entry moves."""

    @property
    def claims(self) -> frozenset[Claim]:
        """All axioms but linearity, as the path depends on the network; fewer without ``multiply_by_input``."""
        path: frozenset[Claim] = CLAIMS - {"linearity"}
        return path if self.multiply_by_input else path & Gradient.claims

    @property
    def evaluations(self) -> int:
        """One gradient per step."""
        return self.steps

    def attribute(self, network: "Network") -> Attribute:
        """Return guided integrated gradients as a pure function of the parameters."""
        from keras import ops

        gradient = Gradient().attribute(network)

        def integrated(params: "Params", x: Array, target: Array, key: Array) -> Array:
            start = baseline_of(self.baseline, x, ops, origin=network.origin)
            way = x - start
            distance = ops.reshape(ops.abs(way), (x.shape[0], -1))

            def add(step: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
                total, moved = state  # the share of its way that each entry has moved, (B, F)
                slope = gradient(params, start + ops.reshape(moved, x.shape) * way, target, key)
                size = ops.reshape(ops.abs(slope), moved.shape)
                after = self._advance(moved, size, distance, (ops.cast(step, "float32") + 1.0) / self.steps)
                return total + slope * ops.reshape(after - moved, x.shape), after

            total, _ = ops.fori_loop(0, self.steps, add, (ops.zeros_like(x), ops.zeros_like(distance)))
            return total * way if self.multiply_by_input else total

        return integrated

    def _advance(self, moved: Array, size: Array, distance: Array, goal: Array) -> Array:
        """Return the shares (B, F) after a step, at whose end the share ``goal`` of the whole distance is behind."""
        from keras import ops

        ahead = ops.minimum(goal + self.corridor, 1.0)
        moved = ops.maximum(moved, goal - self.corridor)
        group = int(self.fraction * (moved.shape[1] - 1)) + 1  # how many move at a time

        def move(_: Array, moved: Array) -> Array:
            missing = ops.sum((goal - moved) * distance, axis=1, keepdims=True)
            open_ = ops.logical_and(moved < ahead, distance > 0)
            waiting = ops.where(open_, size, np.inf)
            chosen = ops.logical_and(open_, waiting <= ops.sort(waiting, axis=1)[:, group - 1 : group])
            reach = ops.sum(ops.where(chosen, (ahead - moved) * distance, 0.0), axis=1, keepdims=True)
            part = ops.clip(missing / ops.where(reach > 0, reach, 1.0), 0.0, 1.0)
            # Exactly there, not to within rounding: who has arrived must not be chosen again.
            there = ops.where(part >= 1.0, ahead, moved + part * (ahead - moved))
            return ops.where(chosen, there, moved)

        return ops.fori_loop(0, ceil(moved.shape[1] / group), move, moved)

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
