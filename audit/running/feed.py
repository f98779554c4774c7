"""How the model answers the data as the spec feeds them, and whether another feed would do better."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.datasets.dataset import Dataset, choose
from audit.performance import (
    auc,
    balanced,
    matching,
    most_frequent,
    paired_auc_test,
    paired_test,
    right,
    score,
    two_classes,
)
from audit.record import OtherFeed, record
from audit.running.columns import fitted
from audit.running.inputs import Answers
from audit.running.other_feeds import Alternative, Change, alternatives
from audit.statistics import holm

if TYPE_CHECKING:
    from audit.network.network import Network
    from audit.spec.spec import Spec

MOST = 2000
"""Labelled inputs on which feeds are compared: enough to see a difference of two in a hundred."""

_FIRST = 250  # a feed that is clearly worse on these is not tried on the rest: most are, of a model that is fed rightly
_CLEARLY = 0.001
_LONGEST = 300  # characters of an order of labels
_LEVELS = {"McNemar": 0.01, "DeLong": 0.001}  # the latter's distribution is an approximation, of few positives
_FEWER = 0.9  # of the errors at most: a shift too small to be a mistake can be as sure as a large one
_LOPSIDED = 0.75  # share of one of two classes: where the threshold lies is then a choice of the training's weights
_LESS = 0.75  # of what the area lacks of 1: a model trained too little may rank somewhat better at another scale


@record
class Declared:
    """The declared feed on rows (m,) of the data set, in an order of which each prefix is stratified."""

    rows: np.ndarray
    labels: np.ndarray
    logits: np.ndarray

    def part(self, some: slice) -> "Declared":
        """Return some of the rows."""
        return Declared(rows=self.rows[some], labels=self.labels[some], logits=self.logits[some])

    @property
    def hits(self) -> np.ndarray:
        """Which of the rows are answered rightly, (m,) bool."""
        return right(self.logits, self.labels)


@record
class _Tried:
    """Another feed, with its own labels, on the rows of ``beside``: fewer where it was clearly worse on the first."""

    alternative: Alternative
    beside: Declared
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
    return _compared([each for each in (*tried, *_matched(declared)) if each is not None])


def _tried(alternative: Alternative, declared: Declared, answers: Answers) -> _Tried | None:
    """Return how a feed is answered; None where the model cannot take its inputs (an embedding's, say)."""
    if alternative.labels is not None:
        labels = alternative.labels(declared.labels)
        return _Tried(alternative=alternative, beside=declared, logits=declared.logits, labels=labels)
    try:
        logits = _logits(alternative.inputs, declared, answers)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # whatever a backend raises: a feed that the model refuses is no better one
        return None
    beside = declared.part(slice(len(logits)))
    return _Tried(alternative=alternative, beside=beside, logits=logits, labels=beside.labels)


def _matched(declared: Declared) -> tuple[_Tried, ...]:
    """Return the labels in the order that fits the answers to every other input best, tried on the rest.

    Nothing if that is the order as given, and for two classes, which have one other order.
    """
    half, rest = declared.part(slice(0, None, 2)), declared.part(slice(1, None, 2))
    classes = half.logits.shape[1]
    order = matching(half.logits, half.labels) if classes > 2 else np.arange(classes)
    if np.array_equal(order, np.arange(classes)):
        return ()
    moved = ", ".join(f"{label} is its {to}" for label, to in enumerate(order.tolist()) if label != to)
    alternative = Alternative(
        name="the labels in another order",
        fix=f"Number the classes as the model was trained: label {moved[:_LONGEST]}.",
        inputs=lambda rows: rows,
    )
    return (_Tried(alternative=alternative, beside=rest, logits=rest.logits, labels=order[rest.labels]),)


def _logits(inputs: Change, declared: Declared, answers: Answers) -> np.ndarray:
    first = answers(inputs(declared.rows[:_FIRST]))
    if len(declared.rows) <= _FIRST or _is_worse(first, declared.part(slice(_FIRST))):
        return first
    return np.concatenate([first, answers(inputs(declared.rows[_FIRST:]))])


def _is_worse(logits: np.ndarray, declared: Declared) -> bool:
    hits, labels = right(logits, declared.labels), declared.labels
    lower = balanced(hits, labels) < balanced(declared.hits, labels)
    return lower and paired_test(hits, declared.hits, labels) < _CLEARLY


def _compared(tried: Sequence[_Tried]) -> tuple[OtherFeed, ...]:
    tests = [_clearest(each) for each in tried]
    adjusted = holm([test.p for test in tests])
    return tuple(_feed(each, test, p) for each, test, p in zip(tried, tests, adjusted, strict=True))


def _clearest(tried: _Tried) -> _Test:
    """Return the clearer of the tests that apply, each counted once for every one of them (Bonferroni)."""
    ranked = two_classes(tried.logits, tried.beside.labels) and bool(np.isfinite(tried.logits).all())
    tests = [_of_scores(tried)] if ranked else []
    if not (ranked and most_frequent(tried.labels) > _LOPSIDED):
        tests.append(_of_answers(tried))
    best = min(tests, key=lambda test: (not test.better, test.p))
    return replace(best, p=min(1.0, best.p * len(tests)))


def _of_answers(tried: _Tried) -> _Test:
    hits, feed, labels = tried.hits, tried.beside.hits, tried.beside.labels
    # A shift of the threshold between two classes helps one at the cost of the other, so a better feed must not lose by
    # either measure: a model is fed rightly if it was trained for the one or the other.
    better = hits.mean() >= feed.mean() and 1 - balanced(hits, labels) <= _FEWER * (1 - balanced(feed, labels))
    return _Test(name="McNemar", p=paired_test(hits, feed, labels), better=bool(better))


def _of_scores(tried: _Tried) -> _Test:
    """Compare the areas under the ROC curve: the threshold decides nothing there, as it does for rare positives."""
    other, feed = score(tried.logits), score(tried.beside.logits)
    if not np.array_equal(tried.labels, tried.beside.labels):
        other = -other  # the labels of two classes exchanged: the same scores speak for the other class
    positive = tried.beside.labels == 1
    better = 1 - auc(other, positive)[0] <= _LESS * (1 - auc(feed, positive)[0])
    return _Test(name="DeLong", p=paired_auc_test(other, feed, positive), better=better)


def _feed(tried: _Tried, test: _Test, p: float) -> OtherFeed:
    hits, feed = tried.hits, tried.beside.hits
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
