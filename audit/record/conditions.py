"""Conditions: under which parameters and which random key a map is computed."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from audit.record.base import record
from audit.record.vocabulary import Channels, Features, Fill, Mode, Order, Part, Sign, TestedNetwork


@record
class Original:
    """The audited model, its own parameters, the audit's own random key."""

    kind: Literal["original"] = "original"


@record
class Null:
    """No model at all: noise pushed through the method's own masking, ``draws`` independent pairs per input."""

    draws: int = 10
    kind: Literal["null"] = "null"


@record
class Rekeyed:
    """The audited model with another random key."""

    seed: int
    kind: Literal["rekeyed"] = "rekeyed"


@record
class Distribution:
    """An initializer that the spec declares, in place of the layers' own.

    Weights have ``mean`` and ``deviation``, which ``over_root_fan_in`` divides by the root of a unit's number of inputs
    and which stands for that before truncation, at two deviations. Biases are all ``biases``, or ``drawn`` as weights
    of one input are: with biases of 0 a rectifier network is silent where the input is 0, and so is every map.
    Normalisations start anew with gamma 1 and beta 0.
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
    """Parameters re-drawn: stages 1 to ``stage`` in ``order`` (cascading) or only stage ``stage`` (independent).

    ``stage`` counts from 1 in ``order``; 0 means that nothing is re-drawn. ``target: fixed`` explains the same class
    as on the original model, ``rechosen`` the class that the re-drawn model itself predicts.
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
class Trained:
    """The audited architecture with weights of its own, trained by the spec's recipe on true or permuted labels.

    ``labels: none`` is a fresh, untrained network, ``other`` are those of another task on the same inputs. The seed
    decides fresh weights, permutation, order and dropout.
    """

    labels: Literal["true", "permuted", "other", "none"]
    seed: int
    kind: Literal["trained"] = "trained"


REFERENCE_RANKINGS = ("bernoulli", "sobel", "blurred_random")
"""Rankings of features that no method made: what removal by a method is compared with."""


@record
class Removed:
    """The accuracy of a network on inputs of which a share of the features was replaced.

    ``by`` ranks the features of each input: a method's id, or one of ``REFERENCE_RANKINGS``. The
    ``fraction`` that ranks highest (``part: top``) or lowest (``bottom``) is replaced by ``fill``. ``network`` is
    trained on such inputs (``retrained``), is the one trained on intact inputs (``intact``), or is trained on the
    binary masks alone (``mask``), which measures what the masks give away. ``channels``, ``sign`` and ``square`` say
    how a method's maps become ranks, ``noise`` is that of the ``noisy_linear`` fill; where they have no say they keep
    their defaults, so that the controls are shared.
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
    """A probe of a check's own: the check's docstring says what each ``name`` means.

    ``level`` is the size of what is done (a step, a radius, a number of evaluations), ``seed`` its draw; ``maps`` is
    how many maps of each input it costs, for the plan's estimate.
    """

    name: str
    seed: int = 0
    level: float = 0.0
    maps: int = 1
    kind: Literal["probed"] = "probed"


Condition = Original | Null | Rekeyed | Randomized | Trained | Removed | Probed
