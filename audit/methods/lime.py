"""LIME: a linear model of what the network says when parts of the input are switched off."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.method import Attribute, MethodDefaults, Need
from audit.methods.shared.on_host import Game, on_units, over_units, unit_noise
from audit.methods.shared.path_baseline import Baseline, baseline_of
from audit.methods.shared.segments import Segments, Units
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class Lime(MethodDefaults):
    """The coefficients of a ridge regression of the logit on which units are kept, fitted near the input.

    Formula: A at unit i = w_i, with (w, c) the least of sum over samples z of pi(z) (S_c(x_z) - w.z - c)^2 + ridge
    |w|^2; z in {0, 1}^M keeps each unit with chance 1/2 (the first sample keeps all), x_z has the baseline in place of
    the others, and pi(z) = exp(-(1 - cos(z, 1))^2 / kernel_width^2). Each pixel shows its unit's coefficient.
    Unit: logit. Sign: kept. One channel for images: (B, H, W, 1).
    All coefficients are shown: the paper's choice of the few best (K-LASSO) is for people's reading, and sets ties.
    Segments depend on the input alone; the regression is scikit-learn's Ridge, in float64.
    Needs: the network's function alone, which is evaluated many times between NumPy: no base of another method.
    Known criticisms: another key gives another map, the more so the fewer samples (Zhang et al. 2019,
    arXiv:1904.12991); depends on segments, kernel and baseline, all arbitrary; switched-off units are unlike any data,
    which a network can exploit to hide what it does (Slack et al. 2020, arXiv:1911.02508).
    Source: Ribeiro, Singh and Guestrin 2016, arXiv:1602.04938, equations 1 and 2.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = True
    needs: ClassVar[Need] = "apply"
    compiled: ClassVar[bool] = False
    claims: ClassVar[frozenset[Claim]] = frozenset({"linearity"})
    source: ClassVar[str] = "Ribeiro, Singh and Guestrin 2016, arXiv:1602.04938"

    units: Units = "auto"
    """Units that are switched off: ``slic`` or ``quickshift`` superpixels, a ``grid``, or ``features`` (single pixels,
    or the features of flat inputs). ``auto``: slic for images, features for all else. The paper: superpixels."""

    segments: Segments = 16
    """About how many superpixels or cells. This project's choice for images of few pixels."""

    samples: Annotated[int, Field(ge=2, le=100_000, strict=True)] = 500
    """Perturbed copies of each input. 1000 in the authors' code for images, with more segments."""

    kernel_width: Annotated[float, Field(gt=0.0, strict=True)] = 0.25
    """sigma of the kernel, in cosine distance. 0.25 in the authors' code for images (whose kernel is the root of the
    paper's)."""

    ridge: Annotated[float, Field(gt=0.0, strict=True)] = 1.0
    """Strength of the penalty. 1 in the authors' code."""

    baseline: Baseline = "zeros"
    """What switched-off units show, as in ``integrated_gradients``: ``zeros``, ``mean``, or a number. The authors' code
    fills images with each segment's own mean colour, or one colour."""

    @property
    def evaluations(self) -> int:
        """One forward pass per sample."""
        return self.samples

    def attribute(self, network: "Network") -> Attribute:
        """Return LIME, run on the host.

        Raises:
            InputError: the inputs have no such units.
        """
        return over_units(self, network, "lime")

    def worth(self, game: Game, labels: np.ndarray, target: int, generator: np.random.Generator) -> np.ndarray:
        """Return the coefficient of each unit (M,)."""
        kept = generator.random((self.samples, int(labels.max()) + 1)) < 0.5
        kept[0] = True
        return self._fitted(kept, game(kept)[:, target])

    def _fitted(self, kept: np.ndarray, scores: np.ndarray) -> np.ndarray:
        from sklearn.linear_model import Ridge

        distance = 1.0 - np.sqrt(kept.mean(axis=1))  # the cosine of z and all ones is the root of the share of ones
        weights = np.exp(-((distance / self.kernel_width) ** 2))
        return Ridge(alpha=self.ridge).fit(kept.astype(np.float64), scores, sample_weight=weights).coef_

    def baselines(self, x: np.ndarray, params: "Params") -> np.ndarray:
        """Return what switched-off units show, for each input of x (n, ...)."""
        return baseline_of(self.baseline, x, np)

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the noise that is left where units differ from the baseline, constant on each unit."""
        noise, labels = unit_noise(self, x, generator)
        return on_units(noise, labels, x.shape)
