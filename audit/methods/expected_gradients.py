"""Expected gradients: integrated gradients, averaged over baselines drawn at random."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.methods.fitted import learned
from audit.methods.gradient import Gradient
from audit.methods.method import Array, Attribute, Learn, MethodDefaults, Need
from audit.methods.shared.noisy_copies import own_generator, own_noise
from audit.methods.shared.path_baseline import Baseline, baseline_of, pixels
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


BASELINES = 64
"""How many baselines of each input stand for all: their mean logit is known to an eighth of its spread."""

MOST = 200
"""References at most: as many as samples by default. More would cost memory that large images do not leave."""

REFERENCES = "references of expected_gradients"
"""The name of the references among the params."""


@declared
class ExpectedGradients(MethodDefaults):
    """The mean gradient at random points between random baselines x' and the input x, times x - x'.

    Formula: A(x) = 1/n sum over s = 1 .. n of (x - x'_s) dS_c/dx at x'_s + a_s (x - x'_s), with a_s uniform over
    (0, 1] and x'_s a baseline drawn for each sample. Known as GradientSHAP.
    By default x'_s are the data's training inputs (at most 200, drawn by the seed), or the explained inputs where there
    are none; the report says which. Other parameters keep the same ones.
    Unit: logit, or logit per unit of input without ``multiply_by_input``. Sign: kept. In expectation the sum over all
    inputs is S_c(x) minus the mean of S_c(x'_s); the standard error falls as 1 / sqrt(n).
    Each sample folds its number into the input's random key, so results depend on neither batch size nor order.
    Needs: the network's function alone, so any model.
    Known criticisms: random, so repeatability must be checked; the baselines' distribution decides what counts as
    absence (Sturmfels, Lundberg and Lee 2020), and noise is unlike any data; multiplied by the input like integrated
    gradients.
    Source: Erion, Janizek, Sturmfels, Lundberg and Lee 2019, arXiv:1906.10670, section 2; GradientSHAP: Lundberg and
    Lee 2017, arXiv:1705.07874, in the library of its authors.
    """

    unit: ClassVar[str] = "logit"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = True
    needs: ClassVar[Need] = "apply"
    source: ClassVar[str] = "Erion, Janizek, Sturmfels, Lundberg and Lee 2019, arXiv:1906.10670"

    samples: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 200
    """n, baselines and gradients per input. 200 in the library of the authors of GradientSHAP."""

    baseline: Literal["data", "uniform", "gaussian"] | Baseline = "data"
    """Distribution of x'_s, in the model's own input space: ``data``, as in the paper, ``uniform`` (each entry
    between the input's own least and greatest), ``gaussian`` (each entry with the mean and standard deviation of the
    input's own pixels, per channel; of its features for flat inputs), or one and the same for all samples as in
    ``integrated_gradients``: ``zeros``, ``mean`` or a number."""

    multiply_by_input: Annotated[bool, Field(strict=True)] = True
    """Whether each gradient is multiplied by x - x'_s, as in the paper."""

    @property
    def claims(self) -> frozenset[Claim]:
        """All axioms, in expectation, but symmetry: drawn baselines need not be alike where the input is."""
        path: frozenset[Claim] = frozenset({"completeness", "sensitivity_a", "sensitivity_b", "linearity"})
        return path if self.multiply_by_input else path & Gradient.claims

    @property
    def evaluations(self) -> int:
        """One gradient per sample."""
        return self.samples

    def attribute(self, network: "Network") -> Attribute:
        """Return expected gradients as a pure function of the parameters."""
        from keras import ops

        from audit.backend.random import fold, uniform

        gradient = Gradient().attribute(network)

        def expected(params: "Params", x: Array, target: Array, key: Array) -> Array:
            def add(number: Array, total: Array) -> Array:
                own = fold(key, number)
                start = self._drawn(params, x, fold(own, 0), network.origin)
                way = x - start
                position = uniform(fold(own, 1), (1,) * (len(x.shape) - 1))
                slope = gradient(params, start + position * way, target, key)
                return total + (slope * way if self.multiply_by_input else slope)

            return ops.fori_loop(0, self.samples, add, ops.zeros_like(x)) / self.samples

        return expected

    def fit(self, network: "Network") -> Learn | None:
        """Return what picks the references out of the data; None where none are drawn from it."""
        return (lambda params, inputs: {REFERENCES: inputs[:MOST]}) if self.baseline == "data" else None

    def _drawn(self, params: "Params", x: Array, key: Array, origin: Array) -> Array:
        """Return one baseline for each input of x (B, ...)."""
        from keras import ops

        from audit.backend.random import normal, uniform

        shape, entries = tuple(x.shape[1:]), tuple(range(1, len(x.shape)))
        if self.baseline == "data":
            references = learned(params, REFERENCES)
            chosen = ops.ceil(uniform(key, ()) * references.shape[0]) - 1.0  # each of 0 .. m - 1 is as likely
            return ops.take(references, ops.cast(chosen, "int32"), axis=0)
        if self.baseline == "uniform":
            least, greatest = (each(x, axis=entries, keepdims=True) for each in (ops.min, ops.max))
            return least + (greatest - least) * uniform(key, shape)
        if self.baseline == "gaussian":
            centre, spread = (each(x, axis=pixels(x), keepdims=True) for each in (ops.mean, ops.std))
            return centre + spread * normal(key, shape)
        return baseline_of(self.baseline, x, ops, origin=origin)

    def baselines(self, x: np.ndarray, params: "Params") -> np.ndarray:
        """Return points that stand for the baselines of each input of x (n, ...): (d, n, ...).

        They are fixed as the nodes of a quadrature are, and no draw of an audit: what a map is held against must be one
        number, whatever the seed.
        """
        if self.baseline == "data":
            references = np.asarray(learned(params, REFERENCES))[:, None]
            return np.broadcast_to(references, (len(references), *x.shape))
        if self.baseline not in ("uniform", "gaussian"):
            return baseline_of(self.baseline, x, np)
        generator, entries, own = np.random.default_rng(0), tuple(range(1, x.ndim)), pixels(x)
        if self.baseline == "uniform":
            least, greatest = (each(x, axis=entries, keepdims=True) for each in (np.min, np.max))
            return least + (greatest - least) * generator.random((BASELINES, *x.shape))
        centre, spread = (each(x, axis=own, keepdims=True) for each in (np.mean, np.std))
        return centre + spread * generator.standard_normal((BASELINES, *x.shape))

    @property
    def multiplies_input(self) -> bool:
        """As its field says."""
        return self.multiply_by_input

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise times the mean way from the baselines, which belong to the input as its key's draws do."""
        noise = generator.standard_normal(x.shape, dtype=np.float32)
        return noise * (x - self._mean_baseline(network, x, generator)) if self.multiply_by_input else noise

    def _mean_baseline(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the mean of n baselines of one input x (...), with the spread that is left in it."""
        if self.baseline == "data":
            references = network.params.get(REFERENCES, x[None])  # without any only the map's shape is asked for
            drawn = own_generator(x, generator).integers(len(references), size=self.samples)
            return references[drawn].mean(axis=0)
        if self.baseline == "uniform":
            centre, spread = (x.min() + x.max()) / 2, (x.max() - x.min()) / np.sqrt(12)
        elif self.baseline == "gaussian":
            own = tuple(each - 1 for each in pixels(x[None]))
            centre, spread = x.mean(axis=own, keepdims=True), x.std(axis=own, keepdims=True)
        else:
            return baseline_of(self.baseline, x[None], np)[0]
        return (centre + spread / np.sqrt(self.samples) * own_noise(x, 1, generator)[0]).astype(np.float32)
