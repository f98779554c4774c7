"""Facts about the model, data, methods and requirements, for planning, judging and reporting."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from audit.record.base import record
from audit.record.evidence import Code

Severity = Literal["error", "warning"]


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
    """A method as the report shows it. ``id`` is unique within the audit."""

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
    code: Mapping[str, Code] = field(default_factory=dict)  # from outside the audit, by its place


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
    """Data and recipe of the checks that retrain. ``digest`` covers both."""

    recipe: Mapping[str, Any]
    train: int
    test: int
    train_shares: tuple[float, ...]  # of each class among the training labels
    test_shares: tuple[float, ...]
    digest: str


@record
class Facts:
    """Everything measured before the first unit runs.

    ``code`` is the code behind all units: the audit's own, and that of a data source or a model from outside.
    ``check_code`` is the code of checks from outside, and of what they hold. Both are keyed by ``module:Class``.
    """

    network: NetworkFacts
    data: DataFacts
    methods: tuple[MethodFacts, ...]
    world: str
    batch: int
    training: TrainingFacts | None = None
    code: Mapping[str, Code] = field(default_factory=dict)
    check_code: Mapping[str, Code] = field(default_factory=dict)
