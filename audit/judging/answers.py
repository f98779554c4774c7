"""What is known of the model's answers before anything is measured: in sentences, and as reasons for invalidity."""

from collections.abc import Mapping, Sequence
from typing import Any

from audit.record import DataFacts, Invalidity, OtherFeed, Performance

_KNOWS_NOTHING = (
    "Check the weights, the labels and the preprocessing; for a model that is meant to be so (not trained, or trained "
    "on random labels), set `accuracy: any` in `model`."
)
_TESTS = {"McNemar": "exact McNemar test", "DeLong": "by the area under the ROC curve, DeLong's test"}
_BY_CHANCE = 0.05
_ABOUT_AS_WELL = 0.02
_TOO_LITTLE = "Use a better model, more labelled inputs (the whole interval must reach the limit), or a lower limit."
UNLABELLED = "The data have no labels: nothing is known of how well the model answers them, or of how it is fed."


def sentences(data: DataFacts) -> tuple[str, ...]:
    """Return how well the model does, what it is given, and what other feeds would change."""
    given = () if data.all_values is None else (f"Values from {data.all_values[0]:.4g} to {data.all_values[1]:.4g}.",)
    if data.performance is None:
        return (UNLABELLED if data.accuracy is None else f"Accuracy {data.accuracy:.3f} on all of the data.", *given)
    return (of_performance(data.performance), *given, *_of_feeds(data.other_feeds))


def of_performance(found: Performance) -> str:
    """Return the accuracy with its interval, beside what is reached without looking at the input."""
    accuracy = f"Accuracy {share(found.accuracy, found.accuracy_interval)} on {found.inputs:,} labelled inputs"
    if found.classes == 1:
        return f"{accuracy}, all of one class: this cannot show that the model looks at them."
    balanced = f"balanced accuracy {share(found.balanced, found.balanced_interval)}, by chance {1 / found.classes:.3f}"
    area = "" if found.auc is None else f"; area under the ROC curve {share(found.auc, found.auc_interval)}"
    return f"{accuracy}, {found.most_frequent:.3f} by naming the most frequent class; {balanced}{area}."


def share(value: float, interval: tuple[float, float] | None) -> str:
    """Return a share with its interval."""
    return f"{value:.3f}" if interval is None else f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"


def _of_feeds(feeds: tuple[OtherFeed, ...]) -> tuple[str, ...]:
    if not feeds:
        return ()
    if not any(each.better or each.worse for each in feeds):
        return (
            f"{len(feeds)} other ways of feeding the model change no answer: the feed cannot matter to the accuracy.",
        )
    winners = [each.name for each in feeds if each.wins]
    if winners:
        return (f"The model does better with {', or with '.join(winners)}.",)
    return (f"None of {len(feeds)} other ways of feeding the model does better.",)


def reasons(asked: Mapping[str, Any], data: DataFacts) -> tuple[Invalidity, ...]:
    """Return what is wrong with how the model answers the labelled data; nothing where there are no labels."""
    found = data.performance
    if found is None or asked.get("accuracy") == "any":
        return ()
    useless = _no_better_than_chance(found)
    if useless and found.copies:  # not trained: a feed that happens to suit its random weights is no repair
        return (*useless, *_below(asked, found))
    return (*_fed_wrongly(data.other_feeds), *useless, *_below(asked, found))


def _fed_wrongly(feeds: Sequence[OtherFeed]) -> tuple[Invalidity, ...]:
    """Return the better feed as a reason: of about equally good ones the simplest, which come first."""
    winners = [each for each in feeds if each.wins]
    if not winners:
        return ()
    best = max(each.accuracy for each in winners)
    feed, *others = [each for each in winners if each.accuracy >= best - _ABOUT_AS_WELL]
    like = f" About as well: with {', or with '.join(each.name for each in others)}." if others else ""
    sentence = (
        f"The model would do better if it were fed otherwise: with {feed.name} it answers {feed.accuracy:.1%} of "
        f"{feed.inputs:,} labelled inputs rightly, as the spec feeds it {feed.declared_accuracy:.1%} "
        f"({_TESTS[feed.test]}, {_p(feed.p_adjusted)}).{like}"
    )
    return (Invalidity(kind="feed", sentence=sentence, fix=feed.fix),)


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _no_better_than_chance(found: Performance) -> tuple[Invalidity, ...]:
    chance = 1 / found.classes
    if found.classes == 1:
        return ()
    if found.balanced_interval[0] > chance or _knows_probabilities(found):
        return _like_its_copies(found)
    known = "The model is not shown to answer better" if found.balanced > chance else "The model answers no better"
    sentence = (
        f"{known} than chance: its balanced accuracy on {found.inputs:,} labelled inputs is "
        f"{share(found.balanced, found.balanced_interval)}, and {chance:.3f} is reached without looking at them."
    )
    return (Invalidity(kind="accuracy", sentence=sentence, fix=_KNOWS_NOTHING),)


def _knows_probabilities(found: Performance) -> bool:
    """Return whether the probabilities hold knowledge, though rare positives may never be the likelier answer.

    They are better than the class frequencies; or no worse, and rank the positives above the others.
    """
    ranks = found.auc_interval is not None and found.auc_interval[0] > 0.5
    return found.skill_interval[0] > 0 or (ranks and found.skill_interval[1] >= 0)


def _like_its_copies(found: Performance) -> tuple[Invalidity, ...]:
    """Return whether a model that looks untrained does no better than copies of it with re-drawn parameters."""
    as_good = sum(found.own is not None and copy >= found.own for copy in found.copies)
    if (1 + as_good) / (1 + len(found.copies)) <= _BY_CHANCE or not found.copies:
        return ()
    sentence = (
        f"The model was not trained: all its biases and the like have their initial value, and of {len(found.copies)} "
        f"copies with re-drawn parameters {as_good} reach its balanced accuracy of {found.own:.3f} on some inputs."
    )
    return (Invalidity(kind="accuracy", sentence=sentence, fix=_KNOWS_NOTHING),)


def _below(asked: Mapping[str, Any], found: Performance) -> tuple[Invalidity, ...]:
    limits = (
        ("accuracy", asked.get("accuracy_at_least"), found.accuracy, found.accuracy_interval),
        ("area under the ROC curve", asked.get("auc_at_least"), found.auc, found.auc_interval),
    )
    return tuple(
        Invalidity(
            kind="accuracy",
            sentence=f"The model's {name} is {share(value, interval)} on {found.inputs:,} labelled inputs, "
            f"and the spec requires at least {limit:.3g}.",
            fix=_TOO_LITTLE,
        )
        for name, limit, value, interval in limits
        if limit is not None and value is not None and interval is not None and interval[0] < limit
    )
