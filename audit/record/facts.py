"""Facts about the model, data, methods and requirements, for planning, judging and reporting."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from audit.record.base import record
from audit.record.evidence import Code
from audit.record.vocabulary import CLAIMS, Claim, RequiredOf

Severity = Literal["error", "warning"]

Category = Literal["dependence", "robustness", "faithfulness", "axiom", "localisation"]
"""The property of a method that a check speaks of: what its maps depend on, where they stay the same, whether what they
mark matters to the model, a rule that they keep, whether they mark what is known to matter."""

FigureKind = Literal["curves", "stages", "inputs", "steps", "removed", "kept", "pairs", "learning"]
"""A kind of figure: a curve for each method, or its one number (``curves``); every stage by every method (``stages``);
the spread over inputs at the last place (``inputs``); the gap by the number of steps (``steps``); accuracy by the share
of the features that is ``removed`` or ``kept``; ``pairs`` of networks; accuracy while ``learning``."""

FOLLOWS = "Do not explain this model with it where the requirement matters, or take another method."
"""What follows from a failure of which a check says nothing more."""


@record
class StageFacts:
    """A group of parameters that are re-drawn together."""

    name: str
    variables: tuple[str, ...]
    parameters: int
    layers: tuple[str, ...] = ()  # whose parameters they are
    matrices: int = 1  # how many of the variables are weights between units: they make up the depth


NOTICED = 1e-5
"""The smallest difference between logits, as a share of the largest, that is more than another order of the same sums
where the operations are the same ones."""

ROUNDING = 1e-3
"""Likewise where a batch has another size, so that the machine may choose other operations."""


@record
class Randomness:
    """What a model's logits depend on beside its parameters and the one input, measured before the run.

    Each number is the largest difference between logits of the same input, as a share of the largest logit. The layers
    are those found responsible; none where none could be named.
    """

    draws: float = 0.0  # between the states of its random generators
    drawing: tuple[str, ...] = ()
    calls: float = 0.0  # when called again with its random generators in the same state
    changing: tuple[str, ...] = ()
    company: float = 0.0  # among copies of the input and among other inputs, in batches of one size
    alone: float = 0.0  # alone and in a batch
    mixing: tuple[str, ...] = ()
    averaged: int = 0  # over how many draws answers and maps are averaged; 0: not at all

    @property
    def random(self) -> bool:
        """Whether the model draws random numbers when it answers."""
        return self.draws > NOTICED

    @property
    def changes(self) -> bool:
        """Whether the model's answer changes from call to call, its random generators apart."""
        return self.calls > NOTICED

    @property
    def mixes(self) -> bool:
        """Whether the answer to an input depends on what else is in its batch, or on the place in it."""
        return self.company > NOTICED or self.alone > ROUNDING

    @property
    def words(self) -> str:
        """What was found, in words."""
        if self.averaged:
            drawing = f" (random: {', '.join(self.drawing)})" if self.drawing else ""
            return f"answers and maps are means over {self.averaged} draws of the model{drawing}"
        kinds = {"from draw to draw": self.random, "from call to call": self.changes, "with the batch": self.mixes}
        found = [how for how, seen in kinds.items() if seen]
        return f"its answers change {' and '.join(found)}" if found else "none: equal inputs get equal answers"


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
    randomness: Randomness | None = None  # None in results of an earlier version

    @property
    def draws(self) -> int:
        """How often an answer or a map is computed: once, or as often as the model's own randomness is averaged."""
        return self.randomness.averaged or 1 if self.randomness else 1


@record
class Performance:
    """How well the audited model answers all labelled inputs. Shares are in [0, 1], intervals have 95 %.

    ``balanced`` is the mean over the ``classes`` that have labels; 1 / classes is reached without looking at the input.
    """

    inputs: int
    classes: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    balanced: float
    balanced_interval: tuple[float, float]
    most_frequent: float  # the accuracy of naming the most frequent class always
    skill_interval: tuple[float, float]  # by how much its probabilities' Brier score is lower than the frequencies'
    auc: float | None = None  # of two classes, otherwise None
    auc_interval: tuple[float, float] | None = None
    copies: tuple[float, ...] = ()  # balanced accuracies of copies with re-drawn parameters, where it looks untrained
    own: float | None = None  # and its own on the same inputs


@record
class OtherFeed:
    """Another way of feeding the model, held against the declared one on the same labelled inputs.

    ``better`` counts the inputs that this feed alone answers rightly, ``worse`` those that the declared one alone does.
    """

    name: str  # in words, after "with"
    fix: str  # what makes it the declared feed, in a sentence
    inputs: int
    accuracy: float
    declared_accuracy: float  # of the declared feed on these inputs
    better: int
    worse: int
    p_adjusted: float  # after Holm's correction over all feeds
    test: Literal["McNemar", "DeLong"]  # which was the clearer: of the answers, or of the area under the ROC curve
    wins: bool  # it does better, and not by chance


@record
class DataFacts:
    """The explained inputs, and how the model answers the whole data set that they are taken from."""

    source: str
    digest: str
    ids: tuple[str, ...]
    labels: tuple[int, ...]
    targets: tuple[int, ...]
    class_names: tuple[str, ...]
    value_range: tuple[float, float]
    accuracy: float | None  # of the audited model on the whole data set, None for unlabelled data
    selection: str  # how the inputs were chosen, in words
    all_values: tuple[float, float] | None = None  # the range of the whole data set, as the model is given it
    performance: Performance | None = None  # None for unlabelled data
    other_feeds: tuple[OtherFeed, ...] = ()


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
    claims: tuple[Claim, ...] = tuple(sorted(CLAIMS))  # the axioms that it claims to keep
    code: Mapping[str, Code] = field(default_factory=dict[str, Code])  # from outside the audit, by its place


@record
class Columns:
    """The words of a table of a curve's points: its caption, and what the three numbers of a point are."""

    caption: str
    similarity: str
    null: str
    excess: str


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
    category: Category | None = None  # None in results of an earlier version
    follows: str = FOLLOWS  # from a failure, for the reader of a finding
    figures: tuple[FigureKind, ...] = ("curves",)
    axis: str = "condition"  # what the places along a curve are
    columns: Columns | None = None  # None: by the quantity
    claim: Claim | None = None  # the axiom that it tests, if it is one that methods may claim
    required_of: RequiredOf = "claiming"


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
    code: Mapping[str, Code] = field(default_factory=dict[str, Code])
    check_code: Mapping[str, Code] = field(default_factory=dict[str, Code])
