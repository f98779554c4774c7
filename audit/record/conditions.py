"""Conditions: under which parameters and which random key a map is computed."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from audit.record.base import record
from audit.record.vocabulary import Channels, Features, Fill, Mode, Order, Part, Sign, TestedNetwork


@record
class Original:
    """The audited model with its own parameters and the audit's random key."""

    kind: Literal["original"] = "original"


@record
class Null:
    """No model: noise passed through the method's own masking, ``draws`` independent pairs per input."""

    draws: int = 10
    kind: Literal["null"] = "null"


@record
class Rekeyed:
    """The audited model with another random key."""

    seed: int
    kind: Literal["rekeyed"] = "rekeyed"


@record
class Distribution:
    """An initializer declared by the spec, instead of the layers' own.

    Weights have ``mean`` and ``deviation``; ``over_root_fan_in`` divides the deviation by the root of the number of
    inputs of a unit. Truncation is at two deviations, and ``deviation`` is the one before it. Biases are all
    ``biases``, or ``drawn`` like weights of one input: with biases of 0, a ReLU network and its maps are 0 where the
    input is 0. Normalisation layers are reset to gamma 1 and beta 0.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}

    distribution: Literal["truncated_normal", "normal", "uniform"]
    deviation: float
    mean: float = 0.0
    biases: float | Literal["drawn"] = 0.0
    over_root_fan_in: bool = False


Redraw = Literal["permute", "initializer", "normal"] | Distribution
BatchNorm = Literal["keep", "reset", "recalibrate"]
ExplainedClass = Literal["fixed", "rechosen"]


@record
class Randomized:
    """Re-drawn parameters: stages 1 to ``stage`` in ``order`` (cascading) or only stage ``stage`` (independent).

    ``stage`` counts from 1 in ``order``; with 0 nothing is re-drawn. ``target: fixed`` explains the same class as on
    the original model, ``rechosen`` the class that the re-drawn model predicts.
    """

    mode: Mode
    stage: int
    seed: int
    order: Order = "top_down"
    redraw: Redraw = "permute"
    batch_norm: BatchNorm = "keep"
    target: ExplainedClass = "fixed"
    kind: Literal["randomized"] = "randomized"


@record
class Intact:
    """No model above what a stage of re-draws leaves intact: noise there, pulled back to the input, ``draws`` times.

    ``stage``, ``mode`` and ``order`` are those of ``Randomized``; no number depends on how or how often is re-drawn.
    """

    mode: Mode
    stage: int
    order: Order = "top_down"
    draws: int = 3
    kind: Literal["intact"] = "intact"


@record
class Architecture:
    """The network with all ``stages`` re-drawn, ``draws`` times: what its gradients of other inputs have in common."""

    stages: int
    redraw: Redraw = "permute"
    batch_norm: BatchNorm = "keep"
    draws: int = 3
    kind: Literal["architecture"] = "architecture"

    def wholly_redrawn(self) -> tuple[Randomized, ...]:
        """Return the conditions under which nothing is as trained, one for each draw."""
        return tuple(
            Randomized(mode="cascading", stage=self.stages, seed=s, redraw=self.redraw, batch_norm=self.batch_norm)
            for s in range(self.draws)
        )


@record
class Trained:
    """The audited architecture trained from fresh weights by the spec's recipe, on true or permuted labels.

    ``labels: none`` is an untrained network with fresh weights; ``other`` are the labels of another task on the same
    inputs. The seed decides fresh weights, permutation, order and dropout.
    """

    labels: Literal["true", "permuted", "other", "none"]
    seed: int
    kind: Literal["trained"] = "trained"


REFERENCE_RANKINGS = ("bernoulli", "sobel", "blurred_random")
"""Rankings of features that use no method: removal by a method is compared with removal by these."""


@record
class Removed:
    """The accuracy of a network on inputs of which a share of the features was replaced.

    ``by`` ranks the features of each input: a method's id, or one of ``REFERENCE_RANKINGS``. The ``fraction`` that
    ranks highest (``part: top``) or lowest (``bottom``) is replaced by ``fill``. ``network`` is trained on such inputs
    (``retrained``), is the one trained on intact inputs (``intact``), or is trained on the binary masks alone
    (``mask``), which measures how much the masks reveal. ``channels``, ``sign`` and ``square`` define how a method's
    maps become ranks, ``noise`` is that of the ``noisy_linear`` fill; where they have no effect they keep their
    defaults, so that the controls are shared.
    """

    by: str
    fraction: float
    seed: int
    part: Part = "top"
    unit: Features = "pixel"
    fill: Fill = "channel_mean"
    network: TestedNetwork = "retrained"
    channels: Channels = "sum"
    sign: Sign = "absolute"
    square: bool = False
    noise: float = 0.0
    kind: Literal["removed"] = "removed"


@record
class Probed:
    """A probe that belongs to one check: the check's docstring defines each ``name``.

    ``level`` is the size of the probe (a step, a radius, a number of evaluations), ``seed`` its random seed; ``maps``
    is the number of maps per input, for the plan's estimate.
    """

    name: str
    seed: int = 0
    level: float = 0.0
    maps: int = 1
    kind: Literal["probed"] = "probed"


Condition = Original | Null | Rekeyed | Randomized | Intact | Architecture | Trained | Removed | Probed
