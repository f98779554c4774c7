"""A plan in words: its units and their estimated cost."""

from collections.abc import Iterable

from audit.planning.units import Plan
from audit.record import (
    Condition,
    Facts,
    MethodFacts,
    Null,
    Probed,
    Randomized,
    Removed,
    StageFacts,
    Trained,
    Unit,
    record,
)


@record
class Pace:
    """How fast this machine is."""

    evaluation: float  # seconds of one gradient evaluation
    training: float = 0.0  # seconds of one training


def describe(plan: Plan, facts: Facts, *, skipped: Iterable[str], done: int, pace: Pace) -> list[str]:
    """Return the plan as lines of text: stages, units, cost, and what is skipped or already done.

    ``skipped`` holds the reasons of skipped methods.
    """
    units = plan.units()
    cost, trainings = evaluations(units, facts), retrainings(units)
    duration = _duration(cost * pace.evaluation)
    return [
        f"model      {facts.network.name}, {facts.network.parameters:,} parameters, {facts.network.classes} classes",
        f"output     {facts.network.head}",
        *([f"random     {facts.network.randomness.words}"] if facts.network.randomness else []),
        f"data       {facts.data.source}, {len(facts.data.ids)} inputs; {facts.data.selection}",
        f"methods    {', '.join(_label(method) for method in facts.methods)}",
        "stages, output to input (each is re-drawn as a whole):",
        *_stages(facts),
        *_per_requirement(plan),
        *(f"skipped    {reason}" for reason in dict.fromkeys(skipped)),
        f"units      {len(units)} in total, {done} already stored",
        f"maps       {cost:,} gradient evaluations, about {duration} from scratch (one timed pass)",
        f"trainings  {trainings}" + _training_cost(trainings, pace.training),
    ]


def evaluations(units: Iterable[tuple[str, Unit]], facts: Facts) -> int:
    """Return the number of gradient evaluations of units: every map of every input; references and rankings once."""
    units = tuple(units)
    pairs = [(method, unit.condition) for method, unit in units if method]
    explained = [method for method, condition in pairs if not isinstance(condition, Null | Removed)]
    ranked = {method for method, condition in pairs if isinstance(condition, Removed)}
    cost = {method.id: method.evaluations * facts.network.draws for method in facts.methods}
    inputs, data = len(facts.data.ids), facts.training.train + facts.training.test if facts.training else 0
    explained += [method for method, unit in units if method for _ in range(_maps(unit) - 1)]
    maps = sum(cost[method] for method in explained) + sum(cost[method] for method in set(explained))
    return maps * inputs + sum(cost[method] for method in ranked) * data


def retrainings(units: Iterable[tuple[str, Unit]]) -> int:
    """Return the number of networks that are trained."""
    conditions = [unit.condition for _, unit in units if not unit.method or isinstance(unit.condition, Removed)]
    return sum(not (isinstance(each, Removed) and each.network == "intact") for each in conditions)


def counted(count: int, noun: str) -> str:
    """Return a number of things in words: "1 method", "2 methods"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def title(condition: Condition) -> str:
    """Return a condition in a few words, for progress and messages."""
    if isinstance(condition, Randomized):
        return f"{condition.mode} stage {condition.stage}, seed {condition.seed}"
    if isinstance(condition, Trained):
        return f"{condition.labels} labels, seed {condition.seed}"
    if isinstance(condition, Removed):
        return f"{condition.fraction:.0%} removed by {condition.by}, {condition.network}, seed {condition.seed}"
    if isinstance(condition, Probed):
        return f"{condition.name}, level {condition.level:g}, seed {condition.seed}"
    return condition.kind


def _stages(facts: Facts) -> list[str]:
    return [
        f"  {number:>3}  {stage.name}  ({_contents(stage)}; {stage.parameters:,} parameters)"
        for number, stage in enumerate(facts.network.stages, start=1)
    ]


def _contents(stage: StageFacts) -> str:
    """Return a stage's variables, or a block's layers, which are fewer."""
    return ", ".join(stage.variables if len(stage.layers) < 2 else stage.layers)


def _per_requirement(plan: Plan) -> list[str]:
    counts: dict[str, list[int]] = {}
    for task in plan.tasks:
        counts.setdefault(task.requirement, []).append(len(task.units))
    return [
        f"require    {name}: {counted(len(sizes), 'method')}, {counted(sum(sizes), 'unit')}"
        for name, sizes in counts.items()
    ]


def _label(method: MethodFacts) -> str:
    return f"{method.id} (control)" if method.control else method.id


def _maps(unit: Unit) -> int:
    """Return the number of maps per input in a unit: set by a probe itself, otherwise by the check's settings."""
    condition = unit.condition
    if isinstance(condition, Probed):
        return condition.maps
    return 1 if isinstance(condition, Null | Removed) else int(unit.settings.get("maps", 1))


def _training_cost(trainings: int, seconds: float) -> str:
    return f", about {_duration(trainings * seconds)} from scratch (from one timed epoch)" if trainings else ""


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 2:
        return f"{seconds:.0f} seconds"
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"
