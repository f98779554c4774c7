"""How often verdicts are wrong, measured where the truth is known: on the two diagnostic data sets.

    python benchmarks/verdicts.py [--networks 3] [--missing] [docs/verdicts.md]

``docs/verdicts.md`` says what is counted and by which truth; the tables below its mark are written by this, after each
method. With ``--missing`` the rows that the page has are kept: a method's row does not depend on the others.
"""

import argparse
import os
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from candidates import candidates, explained
from counting import Tally, audits, beside, counts, evidence, sample, verdict
from laboratory import TWINS, Lab, averaging, first, labs, views
from verdicts_page import COLUMNS, page, read


def facts_of(lab: Lab) -> Any:
    """Return the facts that the checks read."""
    from audit.record import DataFacts, Facts
    from audit.running.observations import network_facts

    data = DataFacts(
        source="",
        digest="",
        ids=(),
        labels=(),
        targets=(),
        class_names=(),
        value_range=(0.0, 1.0),
        accuracy=None,
        selection="",
    )
    return Facts(network=network_facts(lab.network), data=data, methods=(), world="", batch=48)


def judged(lab: Lab, check: Any, method: str, inputs: int, networks: int) -> tuple[list[Tally], list[Tally]]:
    """Return truth and verdicts for each network: of the method, and of its blind variant."""
    facts = facts_of(lab)
    own, blind = views(lab, first(lab.explained, inputs), networks)
    return [audits(check, method, view, facts) for view in own], [audits(check, method, view, facts) for view in blind]


def randomised(lab: Lab, method: str, inputs: int, networks: int) -> list[str]:
    """Return the cascade's verdict for each network."""
    from audit.checks.cascading_randomization import CascadingRandomization

    check, facts = CascadingRandomization(seeds=3), facts_of(lab)
    return [
        verdict(check, evidence(check, method, view, facts), facts, np.arange(inputs)).outcome
        for view in views(lab, first(lab.explained, inputs), networks)[0]
    ]


def measured(two: Lab, planted: Lab, method: str, networks: int) -> tuple[str, str, str]:
    """Return one method's cells in each table."""
    from audit.checks.planted_shortcut import PlantedShortcut
    from audit.checks.two_object_task import TwoObjectTask

    inputs = explained(method, two.methods[method])
    own, blind = judged(planted, PlantedShortcut(), method, inputs, networks)
    cascade = beside(randomised(planted, method, sample(inputs), networks), [truth for truth, _ in own])
    both = counts(*judged(two, TwoObjectTask(seeds=TWINS), method, inputs, networks))
    of = f"{sample(inputs)} of {inputs}"
    return f"{of} | {both}", f"{of} | {counts(own, blind)}", f"{sample(inputs)} | {cascade}"


def written(out: Path | None, text: str, networks: int, rows: Any, methods: Sequence[str], left_out: Any) -> str:
    """Return the page with what was measured so far, and keep it where asked."""
    head = f"Measured on {date.today()}: {platform.machine()}, {os.cpu_count()} CPU cores, TensorFlow; "
    found = page(text, f"{head}{networks} networks for each task.", rows, methods, left_out)
    if out:
        out.write_text(found, "utf-8")
    return found


def main() -> None:
    """Read the command line, train, measure, and print and keep the result after each method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, nargs="?", help="the page whose measured part is replaced")
    parser.add_argument("--networks", type=int, default=3, help="trained on each task")
    parser.add_argument("--missing", action="store_true", help="measure only methods without a row on the page")
    options = parser.parse_args()
    every, text = candidates(), options.out.read_text("utf-8") if options.out else ""
    rows = read(text) if options.missing else {name: {} for name in COLUMNS}
    wanted = {name: method for name, method in every.items() if name not in rows["cascading_randomization"]}
    left_out: dict[str, str] = {}
    for network in (None, averaging):
        if not wanted:
            break
        two, planted = labs(options.networks, wanted, network)
        left_out |= two.left_out
        for method in two.methods:
            cells = measured(two, planted, method, options.networks)
            for name, each in zip(rows, cells, strict=True):
                rows[name][method] = each
            print(f"{method} measured", flush=True)
            written(options.out, text, options.networks, rows, list(every), left_out)
        wanted = {name: every[name] for name in two.left_out}
    print(written(options.out, text, options.networks, rows, list(every), left_out))


if __name__ == "__main__":
    main()
