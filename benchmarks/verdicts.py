"""How often verdicts are wrong, measured where the truth is known: on the two diagnostic data sets.

    python benchmarks/verdicts.py [--networks 3] [--most 60] [docs/verdicts.md]

``docs/verdicts.md`` says what is counted and by which truth; the tables below its mark are written by this.
"""

import argparse
import os
import platform
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from laboratory import MOST_ROWS, TWINS, Lab, View, first, labs, views

from audit.record import Condition

AUDITS, INPUTS = 20, 40  # for each network; inputs of each
MOST_MAPS = 6000  # evaluations for each network that a method may cost before fewer inputs are explained
MARK = "<!-- measured -->"
VERDICTS = """| method | pass / fail / inconclusive | meets the limit | wrong passes | wrong fails | blind variant |
| --- | --- | --- | --- | --- | --- |"""
BESIDE = """| method | pass / fail / inconclusive | finds | passes, does not find | fails, finds |
| --- | --- | --- | --- | --- |"""


def evidence(check: Any, method: str, view: View, facts: Any) -> list[tuple[Condition, Mapping[str, np.ndarray]]]:
    """Measure everything that a check asks for, on all inputs."""
    return [(each, check.measure(method, each, view).scores) for each in check.conditions(facts)]


def verdict(check: Any, measured: Sequence[tuple[Condition, Any]], facts: Any, rows: np.ndarray) -> Any:
    """Return a check's judgement of some of the inputs."""
    from audit.record import Evidence, Unit

    def made(name: str, condition: Condition, scores: Mapping[str, np.ndarray]) -> Evidence:
        chosen = {key: each[rows] if len(each) > 1 else each for key, each in scores.items()}
        unit = Unit(check=name, settings={}, method={}, condition=condition, world="")
        return Evidence(unit=unit, status="done", scores=chosen)

    units = [made("c", *each) for each in measured]
    return check.judge([*units, *(made("training", each, {}) for each in check.trainings(facts))], facts)


def meets(judgement: Any) -> bool | None:
    """Return whether every mean over all inputs is at or above its limit; None where nothing was decided."""
    means = [(each.statistic, each.threshold) for each in judgement.criteria]
    return None if not means or means[0][0] is None else all(mean >= limit for mean, limit in means)


def audits(check: Any, method: str, view: View, facts: Any) -> tuple[bool | None, Counter[str]]:
    """Return the truth over all inputs and the verdicts on samples of them."""
    measured, count = evidence(check, method, view, facts), len(view.explained.ids)
    truth = meets(verdict(check, measured, facts, np.arange(count)))
    generator = np.random.default_rng(0)
    drawn = [generator.choice(count, INPUTS, replace=False) for _ in range(AUDITS)]
    return truth, Counter(verdict(check, measured, facts, rows).outcome for rows in drawn)


def counts(method: Sequence[tuple[bool | None, Counter[str]]], blind: Sequence[tuple[Any, Counter[str]]]) -> str:
    """Return a table's cells: verdicts, wrong ones, and those on the blind variant."""
    total, lost = sum((each for _, each in method), Counter()), sum((each for _, each in blind), Counter())
    cells = [" / ".join(str(total[each]) for each in ("pass", "fail", "inconclusive"))]
    cells.append(f"{sum(bool(truth) for truth, _ in method)} of {len(method)}")
    cells.append(str(sum(each["pass"] for truth, each in method if truth is False)))
    cells.append(str(sum(each["fail"] for truth, each in method if truth)))
    cells.append(" / ".join(str(lost[each]) for each in ("pass", "fail", "inconclusive")))
    return " | ".join(cells)


def facts_of(lab: Lab) -> Any:
    """Return the facts that the checks read."""
    from audit.facts import network_facts
    from audit.record import DataFacts, Facts

    data = DataFacts(source="", digest="", ids=(), labels=(), targets=(), class_names=(), value_range=(0.0, 1.0),
                     accuracy=None, selection="")  # fmt: skip
    return Facts(network=network_facts(lab.network), data=data, methods=(), world="", batch=48)


def measure(lab: Lab, check: Any, method: str, networks: int) -> tuple[list[Any], list[Any]]:
    """Return truth and verdicts for each network: of the method, and of its blind variant."""
    rows = max(INPUTS + 20, min(MOST_ROWS, MOST_MAPS // max(lab.methods[method].evaluations, 1)))
    explained = first(lab.explained, rows)
    return tuple(
        [audits(check, method, view, facts_of(lab)) for view in each] for each in views(lab, explained, networks)
    )


def randomisation(lab: Lab, method: str, networks: int, truths: Sequence[bool | None]) -> str:
    """Return a table's cells: the cascade's verdicts beside whether the mark is found."""
    from audit.checks.cascading_randomization import CascadingRandomization

    check, facts = CascadingRandomization(seeds=3), facts_of(lab)
    found = [
        verdict(check, evidence(check, method, view, facts), facts, np.arange(INPUTS)).outcome
        for view in views(lab, first(lab.explained, INPUTS), networks)[0]
    ]
    pairs = Counter(zip(found, truths, strict=True))
    cells = [" / ".join(str(found.count(each)) for each in ("pass", "fail", "inconclusive"))]
    return " | ".join([*cells, str(sum(map(bool, truths))), str(pairs["pass", False]), str(pairs["fail", True])])


def tables(two: Lab, planted: Lab, networks: int, most: int) -> list[str]:
    """Measure every method, and return what could not be measured and one table for each check, in Markdown."""
    from audit.checks.planted_shortcut import PlantedShortcut
    from audit.checks.two_object_task import TwoObjectTask

    left_out, rows = dict(two.left_out), {"two_object_task": [VERDICTS], "planted_shortcut": [VERDICTS],
                                          "cascading_randomization": [BESIDE]}  # fmt: skip
    for method, value in two.methods.items():
        if value.evaluations > most:
            left_out[method] = f"{value.evaluations} evaluations per input, more than the {most} allowed here"
            continue
        own, blind = measure(planted, PlantedShortcut(), method, networks)
        beside = randomisation(planted, method, networks, [truth for truth, _ in own])
        both = counts(*measure(two, TwoObjectTask(seeds=TWINS), method, networks))
        for name, cells in zip(rows, (both, counts(own, blind), beside), strict=True):
            rows[name].append(f"| {method} | {cells} |")
        print(f"{method} measured", flush=True)
    found = [f"- `{method}`: {why}" for method, why in left_out.items()]
    return [f"## {name}\n\n" + "\n".join(each) for name, each in rows.items()] + [
        "## Not measured\n\n" + "\n".join(found or ["Nothing."])
    ]


def main() -> None:
    """Read the command line, train, measure, print, and keep the result where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, nargs="?", help="the page whose measured part is replaced")
    parser.add_argument("--networks", type=int, default=3, help="trained on each task")
    parser.add_argument("--most", type=int, default=60, help="evaluations per input that a method may cost")
    options = parser.parse_args()
    started = time.monotonic()
    found = tables(*labs(options.networks), options.networks, options.most)
    head = f"Measured on {date.today()} in {(time.monotonic() - started) / 60:.0f} minutes: {platform.machine()}, "
    head += f"{os.cpu_count()} CPU cores, TensorFlow; {options.networks} networks for each task."
    measured = "\n\n".join([head, *found])
    print(measured)
    if options.out:
        kept = options.out.read_text("utf-8").partition(MARK)[0]
        options.out.write_text(f"{kept}{MARK}\n\n{measured}\n", "utf-8")


if __name__ == "__main__":
    main()
