"""How the model answers the data as the spec feeds them, and whether another feed would do better."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.datasets.dataset import Dataset, choose
from audit.performance import auc, balanced, paired_auc_test, paired_test, right, score, two_classes
from audit.record import OtherFeed, record
from audit.running.columns import fitted
from audit.running.other_feeds import Alternative, Change, alternatives
from audit.statistics import holm

if TYPE_CHECKING:
    from audit.network.network import Network
    from audit.spec.spec import Spec

Answers = Callable[[np.ndarray], np.ndarray]
"""``inputs (m, ...) -> logits (m, K)`` of the audited model."""

MOST = 2000
"""Labelled inputs on which feeds are compared: enough to see a difference of two in a hundred."""

_FIRST = 250  # a feed that is clearly worse on these is not tried on the rest: most are, of a model that is fed rightly
_CLEARLY = 0.001
_LEVELS = {"McNemar": 0.01, "DeLong": 0.001}  # the latter's distribution is an approximation, of few positives
_FEWER = 0.9  # of the errors at most: a shift too small to be a mistake can be as sure as a large one
_LESS = 0.75  # of what the area lacks of 1: a model trained too little may rank somewhat better at another scale


@record
class Declared:
    """The declared feed on rows (m,) of the data set, in an order of which each prefix is stratified."""

    rows: np.ndarray
    labels: np.ndarray
    logits: np.ndarray

    def first(self, count: int) -> "Declared":
        """Return the first rows."""
        return Declared(rows=self.rows[:count], labels=self.labels[:count], logits=self.logits[:count])

    @property
    def hits(self) -> np.ndarray:
        """Which of the rows are answered rightly, (m,) bool."""
        return right(self.logits, self.labels)


@record
class _Tried:
    """Another feed on the first rows (k,): all of them, or few where it was clearly worse; with its own labels."""

    alternative: Alternative
    logits: np.ndarray
    labels: np.ndarray

    @property
    def hits(self) -> np.ndarray:
        return right(self.logits, self.labels)


@record
class _Test:
    """Whether another feed does better than the declared one, and how sure that is."""

    name: Literal["McNemar", "DeLong"]
    p: float
    better: bool


def other_feeds(
    spec: "Spec", network: "Network", data: Dataset, logits: np.ndarray, answers: Answers
) -> tuple[OtherFeed, ...]:
    """Return every other feed with how it does beside the declared one; none without labels.

    Args:
        spec: names the data source and its preprocessing, and the seed that chooses the inputs where they are many.
        network: the audited model.
        data: the whole data set as the model is given it.
        logits: (N, K) of the declared feed.
        answers: the model's, for other inputs.
    """
    if data.y is None:
        return ()
    rows = choose(data, min(len(data.x), MOST), spec.seed)
    declared = Declared(rows=rows, labels=data.y[rows], logits=logits[rows])
    stored = fitted(spec.dataset.source.load(spec.source_folder), network) if spec.dataset.preprocess else None
    tried = [_tried(each, declared, answers) for each in alternatives(spec.dataset, data, stored, network.classes)]
    return _compared([each for each in tried if each is not None], declared)


def _tried(alternative: Alternative, declared: Declared, answers: Answers) -> _Tried | None:
    """Return how a feed is answered; None where the model cannot take its inputs (an embedding's, say)."""
    if alternative.labels is not None:
        labels = alternative.labels(declared.labels)
        return _Tried(alternative=alternative, logits=declared.logits, labels=labels)
    try:
        logits = _logits(alternative.inputs, declared, answers)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # whatever a backend raises: a feed that the model refuses is no better one
        return None
    return _Tried(alternative=alternative, logits=logits, labels=declared.labels[: len(logits)])


def _logits(inputs: Change, declared: Declared, answers: Answers) -> np.ndarray:
    first = answers(inputs(declared.rows[:_FIRST]))
    if len(declared.rows) <= _FIRST or _is_worse(first, declared.first(_FIRST)):
        return first
    return np.concatenate([first, answers(inputs(declared.rows[_FIRST:]))])


def _is_worse(logits: np.ndarray, declared: Declared) -> bool:
    hits, labels = right(logits, declared.labels), declared.labels
    lower = balanced(hits, labels) < balanced(declared.hits, labels)
    return lower and paired_test(hits, declared.hits, labels) < _CLEARLY


def _compared(tried: Sequence[_Tried], declared: Declared) -> tuple[OtherFeed, ...]:
    tests = [_clearest(each, declared.first(len(each.logits))) for each in tried]
    adjusted = holm([test.p for test in tests])
    return tuple(_feed(each, declared, test, p) for each, test, p in zip(tried, tests, adjusted, strict=True))


def _clearest(tried: _Tried, declared: Declared) -> _Test:
    """Return the clearer of the tests that apply, each counted once for every one of them (Bonferroni)."""
    tests = [_of_answers(tried, declared)]
    if two_classes(declared.logits, declared.labels) and np.isfinite(tried.logits).all():
        tests.append(_of_scores(tried, declared))
    best = min(tests, key=lambda test: (not test.better, test.p))
    return replace(best, p=min(1.0, best.p * len(tests)))


def _of_answers(tried: _Tried, declared: Declared) -> _Test:
    hits, feed, labels = tried.hits, declared.hits, declared.labels
    # A shift of the threshold between two classes helps one at the cost of the other, so a better feed must not lose by
    # either measure: a model is fed rightly if it was trained for the one or the other.
    better = hits.mean() >= feed.mean() and 1 - balanced(hits, labels) <= _FEWER * (1 - balanced(feed, labels))
    return _Test(name="McNemar", p=paired_test(hits, feed, labels), better=bool(better))


def _of_scores(tried: _Tried, declared: Declared) -> _Test:
    """Compare the areas under the ROC curve: the threshold decides nothing there, as it does for rare positives."""
    other, feed = score(tried.logits), score(declared.logits)
    if not np.array_equal(tried.labels, declared.labels):
        other = -other  # the labels of two classes exchanged: the same scores speak for the other class
    positive = declared.labels == 1
    better = 1 - auc(other, positive)[0] <= _LESS * (1 - auc(feed, positive)[0])
    return _Test(name="DeLong", p=paired_auc_test(other, feed, positive), better=better)


def _feed(tried: _Tried, declared: Declared, test: _Test, p: float) -> OtherFeed:
    hits, feed = tried.hits, declared.first(len(tried.logits)).hits
    return OtherFeed(
        name=tried.alternative.name,
        fix=tried.alternative.fix,
        inputs=len(hits),
        accuracy=float(hits.mean()),
        declared_accuracy=float(feed.mean()),
        better=int((hits & ~feed).sum()),
        worse=int((feed & ~hits).sum()),
        p_adjusted=p,
        test=test.name,
        wins=test.better and p < _LEVELS[test.name],
    )
