"""KernelSHAP: Shapley values of the input's units, by a weighted least-squares fit."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.errors import InputError
from audit.methods.method import Attribute, MethodDefaults, Need
from audit.methods.perturbation.coalitions import coalitions
from audit.methods.shared.on_host import Game, on_units, over_units, unit_noise
from audit.methods.shared.path_baseline import Baseline, baseline_of
from audit.methods.shared.segments import Segments, Units, unit_count
from audit.record import CLAIMS, Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class KernelShap(MethodDefaults):
    """The Shapley value of each unit: its mean contribution to the logit over all orders of adding units.

    Formula: A at unit i = phi_i / (its number of pixels), with phi the least of sum over coalitions z of
    pi(z) (v(z) - v(0) - phi.z)^2 under phi_1 + ... + phi_M = v(1) - v(0); v(z) = S_c of the input with the baseline in
    place of the units that z leaves out; pi(z) = (M - 1) / (binomial(M, |z|) |z| (M - |z|)). With all coalitions phi
    are the Shapley values of v exactly; that is done where 2^M is at most ``samples``. Otherwise sizes are taken from
    both ends: whole as long as the samples allow, the other sizes by drawn pairs of a coalition and its complement.
    Unit: logit. Sign: kept; the sum over the map is S_c(x) - S_c(x'). One channel for images: (B, H, W, 1).
    Needs: the network's function alone, which is evaluated many times between NumPy: no base of another method.
    Known criticisms: depends on the baseline and the units; absent units are unlike any data, which a network can
    exploit (Slack et al. 2020, arXiv:1911.02508); Shapley values answer no question about one class against others
    and need not be what people take them for (Kumar et al. 2020, arXiv:2002.11097); sampled, another key gives another
    map.
    Source: Lundberg and Lee 2017, arXiv:1705.07874, theorem 2.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = True
    needs: ClassVar[Need] = "apply"
    compiled: ClassVar[bool] = False
    source: ClassVar[str] = "Lundberg and Lee 2017, arXiv:1705.07874"

    units: Units = "auto"
    """The players of the game, as in ``lime``: ``slic`` or ``quickshift`` superpixels, a ``grid``, or ``features``."""

    segments: Segments = 9
    """About how many superpixels or cells. 9 have 512 coalitions: exact by default."""

    samples: Annotated[int, Field(ge=4, le=1_000_000, strict=True)] = 512
    """The most coalitions that are evaluated, at least one per unit. shap's default is 2048 + 2 M."""

    baseline: Baseline = "zeros"
    """x', what absent units show, as in ``integrated_gradients``: ``zeros``, ``mean``, or a number."""

    @property
    def claims(self) -> frozenset[Claim]:
        """All axioms under ``units: features``; otherwise not sensitivity (b) and symmetry: units hold many pixels."""
        return CLAIMS if self.units == "features" else CLAIMS - {"sensitivity_b", "symmetry"}

    @property
    def evaluations(self) -> int:
        """One forward pass per coalition."""
        return self.samples

    def attribute(self, network: "Network") -> Attribute:
        """Return KernelSHAP, run on the host.

        Raises:
            InputError: the inputs have no such units, or more than there are samples.
        """
        count = unit_count(network, self.units, self.segments)
        if count > self.samples:
            raise InputError(
                "T172",
                "`kernel_shap` has fewer coalitions than units, so the Shapley values are undetermined",
                where=network.name,
                expected=f"samples: at least {count}, preferably several times as many",
                received=f"samples: {self.samples}",
                fix="raise `samples`, or use fewer units",
            )
        return over_units(self, network, "kernel_shap")

    def worth(self, game: Game, labels: np.ndarray, target: int, generator: np.random.Generator) -> np.ndarray:
        """Return the share of each unit's pixels in its Shapley value (M,)."""
        sizes = np.bincount(labels.ravel())
        ends = game(np.stack([np.zeros(len(sizes), bool), np.ones(len(sizes), bool)]))[:, target]
        if len(sizes) == 1:
            return (ends[1:] - ends[:1]) / sizes
        kept, weights = coalitions(len(sizes), self.samples - 2, generator)
        return shares(kept, weights, game(kept)[:, target] - ends[0], float(ends[1] - ends[0])) / sizes

    def baselines(self, x: np.ndarray, params: "Params") -> np.ndarray:
        """Return what absent units show, for each input of x (n, ...)."""
        return baseline_of(self.baseline, x, np)

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the noise that is left where units differ from the baseline, shared out among each unit's pixels."""
        noise, labels = unit_noise(self, x, generator)
        return on_units(noise / np.bincount(labels.ravel()), labels, x.shape)


def shares(kept: np.ndarray, weights: np.ndarray, gains: np.ndarray, total: float) -> np.ndarray:
    """Return phi (M,) that fits gains (n,) of coalitions (n, M) best, among those whose sum is ``total``.

    The constraint leaves M - 1 unknowns: phi_M = total - the others.
    """
    z, root = kept.astype(np.float64), np.sqrt(weights)
    rest = (z[:, :-1] - z[:, -1:]) * root[:, None]
    first = np.linalg.lstsq(rest, (gains - z[:, -1] * total) * root, rcond=None)[0]
    return np.append(first, total - first.sum())
