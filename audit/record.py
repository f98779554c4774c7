"""What crosses the layers of an audit: plain frozen records, standard library only.

A spec becomes units of work; each unit leaves evidence; verdicts are computed from evidence alone; an audit is all of
it together. Every record can be written as JSON and read back (``store.py``), so judging and rendering need no
framework. Arrays are NumPy, float64 scores and float32 maps; ``n`` inputs, ``J`` seeds.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal, TypeVar, dataclass_transform

T = TypeVar("T")

SCHEMA_VERSION = 1
"""Of ``Audit``, and so of results.json. A field that is added, with a default, keeps it: readers pass over keys that
they do not know. A field that is removed or renamed, or that means something else, raises it, and a reader refuses
what is newer than itself."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Make a frozen, keyword-only dataclass."""
    return dataclass(cls, frozen=True, kw_only=True)


Outcome = Literal["pass", "fail", "inconclusive", "error", "skipped"]
Ending = Outcome | Literal["invalid", "nothing"]
"""How a whole audit ends."""
Severity = Literal["error", "warning"]


# --- Conditions: under which parameters and which random key a map is computed -------------------------------------


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
    and which stands for that before truncation, at two deviations. Biases are all ``biases``; normalisations start anew
    with gamma 1 and beta 0.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}

    distribution: Literal["truncated_normal", "normal", "uniform"]
    deviation: float
    mean: float = 0.0
    biases: float = 0.0
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

    mode: Literal["cascading", "independent"]
    stage: int
    seed: int
    order: Literal["top_down", "bottom_up"] = "top_down"
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


@record
class Removed:
    """The accuracy of a network on inputs of which a share of the features was replaced.

    ``by`` ranks the features of each input: a method's id, or ``bernoulli``, ``sobel`` or ``blurred_random``. The
    ``fraction`` that ranks highest (``part: top``) or lowest (``bottom``) is replaced by ``fill``. ``network`` is
    trained on such inputs (``retrained``), is the one trained on intact inputs (``intact``), or is trained on the
    binary masks alone (``mask``), which measures what the masks give away. ``channels``, ``sign`` and ``square`` say
    how a method's maps become ranks, ``noise`` is that of the ``noisy_linear`` fill; where they have no say they keep
    their defaults, so that the controls are shared.
    """

    by: str
    fraction: float
    seed: int
    part: Literal["top", "bottom"] = "top"
    unit: Literal["pixel", "scalar"] = "pixel"
    fill: Literal["channel_mean", "zero", "blur", "noisy_linear"] = "channel_mean"
    network: Literal["retrained", "intact", "mask"] = "retrained"
    channels: Literal["sum", "absolute_sum", "absolute_max"] = "sum"
    sign: Literal["absolute", "signed"] = "absolute"
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


# --- Units and evidence ---------------------------------------------------------------------------------------------


@record
class Unit:
    """One piece of work: one check's measurement of one method under one condition.

    ``settings`` holds the fields of the check that change what is measured, never thresholds; ``method`` is the
    method's name and fields; ``world`` is the digest of everything else that matters (weights, data, targets, seed,
    code version, numeric environment).
    """

    check: str
    settings: Mapping[str, Any]
    method: Mapping[str, Any]
    condition: Condition
    world: str

    @property
    def key(self) -> str:
        """The SHA-256 of the unit's canonical JSON: the name of its evidence."""
        return digest(asdict(self))


@record
class Measurement:
    """What measuring one unit gave: scores by name, (n,) float64; maps of the gallery; a training's parameters."""

    scores: Mapping[str, Any]
    maps: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None  # why there is nothing to measure here


@record
class Evidence:
    """What one unit left behind. A failed unit has an ``error`` and no scores."""

    unit: Unit
    status: Literal["done", "failed"]
    scores: Mapping[str, Any] = field(default_factory=dict)  # name -> (n,) float64; NaN: undefined
    maps: Mapping[str, Any] = field(default_factory=dict)  # name -> (g, H, W) or (g, F) float32, gallery inputs
    params: Mapping[str, Any] = field(default_factory=dict)  # of a training: variable -> array
    seconds: float = 0.0
    error: str | None = None
    note: str | None = None  # why nothing could be measured here, which is no error


# --- Facts: what planning, judging and reporting know of the world --------------------------------------------------


@record
class StageFacts:
    """A group of parameters that are re-drawn together."""

    name: str
    variables: tuple[str, ...]
    parameters: int
    layers: tuple[str, ...] = ()  # whose parameters they are


@record
class NetworkFacts:
    """The audited model. ``stages`` run from output to input."""

    name: str
    digest: str
    input_shape: tuple[int, ...]
    classes: int
    parameters: int
    stages: tuple[StageFacts, ...]
    head: str  # what was done to the output, in words
    graph: bool  # whether its operations could be recorded


@record
class DataFacts:
    """The explained inputs."""

    source: str
    digest: str
    ids: tuple[str, ...]
    labels: tuple[int, ...]
    targets: tuple[int, ...]
    class_names: tuple[str, ...]
    value_range: tuple[float, float]
    accuracy: float | None  # of the audited model on the whole data set, None for unlabelled data
    selection: str  # how the inputs were chosen, in words


@record
class MethodFacts:
    """A method as it stands in the report. ``id`` is unique within the audit."""

    id: str
    name: str
    settings: Mapping[str, Any]
    control: bool
    signed: bool
    stochastic: bool
    unit: str
    source: str
    summary: str
    evaluations: int  # gradient evaluations per input
    inapplicable: str | None = None  # why it does not apply to this network, in one sentence


@record
class RequirementFacts:
    """A requirement as declared; ``doc`` holds the five parts of the check's docstring."""

    id: str
    check: str
    title: str
    settings: Mapping[str, Any]
    severity: Severity
    doc: Mapping[str, str]
    quantity: str = "similarity"  # what the numbers of its curves are, for axes and tables


@record
class TrainingFacts:
    """What the checks that retrain train on, and how. ``digest`` covers the data and the recipe."""

    recipe: Mapping[str, Any]
    train: int
    test: int
    train_shares: tuple[float, ...]  # of each class among the training labels
    test_shares: tuple[float, ...]
    digest: str


@record
class Facts:
    """Everything measured about the world before the first unit runs."""

    network: NetworkFacts
    data: DataFacts
    methods: tuple[MethodFacts, ...]
    world: str
    batch: int
    training: TrainingFacts | None = None


# --- Verdicts -------------------------------------------------------------------------------------------------------


@record
class Point:
    """One place on a curve: mean similarity, its null and the excess with its 95 % interval, over inputs and seeds."""

    label: str
    similarity: float | None
    null: float | None
    excess: float | None
    interval: tuple[float, float] | None
    undefined: int  # maps pairs without a similarity (constant or non-finite map)
    total: int
    noise: float | None = None  # where the null is the larger of two for each pair: that of masked noise
    shuffled: float | None = None  # and that of maps with their pixels shuffled


@record
class Reference:
    """A curve that is shown beside a verdict and not judged.

    ``quantity: accuracy``: a point's ``similarity`` holds its accuracy; ``similarity``: points as on the judged curve.
    """

    name: str
    curve: tuple[Point, ...]
    quantity: Literal["accuracy", "similarity"] = "accuracy"


@record
class Criterion:
    """One comparison with a declared threshold."""

    name: str  # mean | last | value
    relation: Literal["at_most", "at_least"]
    threshold: float
    statistic: float | None
    interval: tuple[float, float] | None
    outcome: Outcome
    p_value: float | None = None  # one-sided, of the threshold being met by chance
    p_adjusted: float | None = None  # Holm, over the methods of the requirement


@record
class Verdict:
    """What one requirement says of one method. ``reason`` is one sentence for people."""

    requirement: str
    check: str
    method: str
    severity: Severity
    outcome: Outcome
    reason: str
    criteria: tuple[Criterion, ...] = ()
    curve: tuple[Point, ...] = ()
    inputs: int = 0
    seeds: int = 0
    undefined: int = 0
    total: int = 0
    per_input: tuple[float | None, ...] = ()  # excess of each input at the last place of the curve, mean over seeds
    references: tuple[Reference, ...] = ()
    waived: str | None = None


@record
class Control:
    """A control's verdict beside what it must be: a control that misbehaves makes the audit invalid."""

    requirement: str
    method: str
    expected: Outcome
    verdict: Verdict
    behaves: bool


@record
class History:
    """How one training went: means of each epoch as it ran, and the accuracies at its end; None: not defined."""

    labels: Literal["true", "permuted", "other"]
    seed: int
    loss: tuple[float | None, ...] = ()
    accuracy: tuple[float | None, ...] = ()
    train_accuracy: float | None = None
    test_accuracy: float | None = None
    error: str | None = None


@record
class Provenance:
    """Where the numbers come from. Times and paths are kept out: they would change the audit's identity."""

    versions: Mapping[str, str]
    backend: str
    device: str
    numerics: Mapping[str, str]
    seed: int
    spec_digest: str
    platform: str


# --- Comparison with another audit, and history --------------------------------------------------------------------


@record
class Side:
    """One of two audits that are compared. ``digest`` is that of its results.json, None for the one that holds this."""

    id: str
    digest: str | None
    model: str  # the digest of its parameters
    outcome: Ending
    valid: bool
    exit_code: int


@record
class Shift:
    """A criterion whose statistic or threshold is another than before."""

    before: Criterion
    after: Criterion


@record
class Change:
    """What became of one verdict. ``before`` and ``after`` are its outcome in words, None where it is absent.

    ``regression``: worse than before; ``fix``: passes again; ``changed``: another outcome that is neither, or a waiver
    or a severity of another kind; ``numbers``: the same outcome from other numbers or thresholds.
    """

    requirement: str
    method: str
    kind: Literal["regression", "fix", "new", "gone", "changed", "numbers"]
    before: str | None
    after: str | None
    reason: str  # of the verdict after, or of the one that is gone
    shifts: tuple[Shift, ...] = ()


@record
class Comparison:
    """One audit beside another. ``notes`` say what else differs: the model, the data, what was required."""

    before: Side
    after: Side
    notes: tuple[str, ...]
    changes: tuple[Change, ...]
    same: int  # verdicts that are as they were


@record
class Past:
    """One line of history.jsonl: how an audit ended, and when."""

    date: str  # UTC, as 2026-01-31T12:00:00+00:00
    audit: str
    digest: str  # of results.json
    model: str
    outcome: Ending
    exit_code: int
    counts: Mapping[str, int]


@record
class Context:
    """What a report shows beside results.json: two machines may differ in it although their results are the same."""

    file: str = ""  # the spec, as the command line named it
    lines: Mapping[str, int] = field(default_factory=dict)  # requirement -> line of the spec, where it is written there
    earlier: tuple[Past, ...] = ()  # of the same audit, the oldest first


@record
class Audit:
    """A whole audit: what was asked, what was seen, what it means. ``results.json`` is this record."""

    schema_version: int
    spec: Mapping[str, Any]
    facts: Facts
    requirements: tuple[RequirementFacts, ...]
    verdicts: tuple[Verdict, ...]
    controls: tuple[Control, ...]
    provenance: Provenance
    valid: bool
    outcome: Ending
    exit_code: int
    sentence: str
    trainings: tuple[History, ...] = ()
    comparison: Comparison | None = None


@record
class Panel:
    """One picture of a gallery strip: a map, or the input itself."""

    label: str
    image: Any  # (H, W) float32 map, (H, W, C) input, or (F,) for flat inputs
    similarity: float | None = None


@record
class Strip:
    """One input explained by one method: the map at each place of a curve."""

    input_id: str
    method: str
    requirement: str
    panels: tuple[Panel, ...]


@record
class Gallery:
    """The pictures of a report. ``inputs`` maps an input's id to its image."""

    inputs: Mapping[str, Any]
    strips: tuple[Strip, ...]
    selection: str  # the rule by which the inputs were chosen, in words


def canonical(value: Any) -> str:
    """Return JSON that is the same for the same value: sorted keys, no spaces, no NaN, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON-compatible value."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
