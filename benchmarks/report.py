"""What the report of a large audit costs: wall time, peak memory and size, in a fresh process.

    python benchmarks/report.py [folder]

The audit is made up: 30 methods, 12 requirements, 100 gallery inputs. With a folder the files are kept there. Targets:
HTML and PDF together under 60 seconds and 1 GB on two cores.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np

from audit.record import (
    Audit,
    Criterion,
    Gallery,
    LearningCurve,
    Outcome,
    Panel,
    Point,
    RequirementFacts,
    Strip,
    Verdict,
)

ROOT = Path(__file__).resolve().parent.parent
METHODS, INPUTS, STAGES, EDGE = 30, 100, 12, 28
CHECKS = (
    "cascading_randomization",
    "independent_randomization",
    "smooth_mprt",
    "label_permutation",
    "roar",
    "completeness",
    "repeatability",
    "input_shift",
    "equivariance",
    "batch_invariance",
    "linearity",
    "class_sensitivity",
)
_PLACES = {"label_permutation": 4, "repeatability": 1, "roar": 5, "completeness": 8}
_OUTCOMES: tuple[Outcome, ...] = ("pass", "fail", "inconclusive", "pass", "error")
_SECONDS, _MEGABYTES = 60.0, 1000.0


def large() -> tuple[Audit, Gallery]:
    """Return an audit of 30 methods under 12 requirements, and its gallery of 100 inputs."""
    base = _examples().audit()
    model = base.facts.methods[0]
    audited = [replace(model, id=f"{model.name}_{place:02d}", name=model.name) for place in range(METHODS)]
    methods = (*audited, *(each for each in base.facts.methods if each.control))
    facts = replace(base.facts, methods=methods)
    requirements = tuple(_requirement(check, base.requirements[0]) for check in CHECKS)
    generator = np.random.default_rng(0)
    verdicts = tuple(_verdict(check, each.id, generator) for check in CHECKS for each in audited)
    controls = tuple(
        replace(control, requirement=check, verdict=_verdict(check, control.method, generator))
        for check in CHECKS
        for control in base.controls[:3]
    )
    audit = replace(
        base, facts=facts, requirements=requirements, verdicts=verdicts, controls=controls, trainings=_trainings()
    )
    return audit, _gallery([each.id for each in audited], generator)


def _examples() -> Any:
    """Return the module that makes the tests' audit; other packages install a ``tests`` that would be found first."""
    tests = ModuleType("tests")
    tests.__path__ = [str(ROOT / "tests")]
    sys.modules["tests"] = tests
    return import_module("tests.report.examples")


def _requirement(check: str, model: RequirementFacts) -> RequirementFacts:
    settings = {"fractions": [0.1, 0.3, 0.5, 0.7, 0.9]} if check == "roar" else model.settings
    quantity = "relative completeness gap" if check == "completeness" else "similarity"
    title = check.replace("_", " ").capitalize()
    return replace(model, id=check, check=check, title=title, settings=settings, quantity=quantity)


def _verdict(check: str, method: str, generator: np.random.Generator) -> Verdict:
    outcome = _OUTCOMES[int(generator.integers(len(_OUTCOMES)))]
    curve = tuple(_points(check, generator))
    statistic = float(curve[-1].excess or 0)
    criterion = Criterion(
        name="last",
        relation="at_most",
        threshold=0.3,
        statistic=statistic,
        interval=curve[-1].interval,
        outcome=outcome,
        p_value=0.01,
        p_adjusted=0.05,
    )
    return Verdict(
        requirement=check,
        check=check,
        method=method,
        severity="error",
        outcome=outcome,
        criteria=(criterion,),
        reason=f"After every stage is re-drawn the maps agree at {statistic:.2f}, where at most 0.30 is allowed.",
        curve=curve,
        inputs=INPUTS,
        seeds=5,
        total=INPUTS * 5 * len(curve),
        per_input=tuple(float(v) for v in np.clip(generator.normal(statistic, 0.15, INPUTS), -1, 1)),
    )


def _points(check: str, generator: np.random.Generator) -> Iterator[Point]:
    count, rate = _PLACES.get(check, STAGES + 1), float(generator.uniform(0.05, 0.6))
    for place in range(count):
        excess = float(np.exp(-rate * place)) + float(generator.normal(0, 0.01))
        label = f"{5 * 4**place} steps" if check == "completeness" and place < 4 else f"block_{place}_conv2d"
        yield Point(
            label=label,
            similarity=0.03 + 0.97 * excess,
            null=0.03,
            excess=excess,
            interval=(excess - 0.04, excess + 0.04),
            undefined=0,
            total=INPUTS * 5,
        )


def _trainings() -> tuple[LearningCurve, ...]:
    course = tuple(float(1 - np.exp(-epoch / 12)) for epoch in range(60))
    return tuple(
        LearningCurve(labels=labels, seed=seed, accuracy=course, loss=course, train_accuracy=0.99, test_accuracy=0.5)
        for labels in ("true", "permuted")
        for seed in range(5)
    )


def _gallery(methods: list[str], generator: np.random.Generator) -> Gallery:
    """Return eight maps for each method and input under the first three requirements, and two under the others."""
    names = [f"digits/{place:04d}" for place in range(INPUTS)]
    pool = generator.normal(size=(64, EDGE, EDGE)).astype(np.float32)
    strips = tuple(
        Strip(
            input_id=name,
            method=method,
            requirement=check,
            panels=tuple(
                Panel(label=f"stage {stage}", image=pool[int(generator.integers(64))].copy(), similarity=0.5)
                for stage in range(8 if check in CHECKS[:3] else 2)
            ),
        )
        for check in CHECKS
        for name in names
        for method in methods
    )
    images = {name: generator.uniform(size=(EDGE, EDGE, 1)).astype(np.float32) for name in names}
    return Gallery(inputs=images, strips=strips, selection="the first 100 of the explained inputs, as drawn")


def _peak() -> float:
    """Return the largest resident memory of this process so far, in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024


def _measure(folder: Path) -> int:
    """Render once, print what it took, and return whether a target was missed."""
    from audit.report.formats.attachments import enclosed
    from audit.report.formats.pdf import pdf
    from audit.report.page.page import pages
    from audit.report.render import give_back_memory

    audit, gallery = large()
    print(f"the audit and its maps in memory          {_peak():7.0f} MB")
    started = time.perf_counter()
    html = pages(audit, gallery)
    del gallery  # as the renderer does: the PDF is set without the maps
    give_back_memory()
    between = time.perf_counter()
    print(f"HTML   {between - started:6.1f} s   {len(html.screen.encode()) / 1e6:6.2f} MB   peak {_peak():7.0f} MB")
    made = pdf(html.paper, enclosed(audit))
    ended = time.perf_counter()
    print(f"PDF    {ended - between:6.1f} s   {len(made) / 1e6:6.2f} MB   peak {_peak():7.0f} MB")
    (folder / "report.html").write_text(html.screen, "utf-8")
    (folder / "report.pdf").write_bytes(made)
    print(f"both   {ended - started:6.1f} s (target: under {_SECONDS:.0f} s, {_MEGABYTES:.0f} MB)")
    return int(ended - started > _SECONDS or _peak() > _MEGABYTES)


def main() -> int:
    """Measure in a process of its own, so that nothing else counts; exit 1 where a target is missed."""
    if sys.argv[1:2] == ["--here"]:
        return _measure(Path(sys.argv[2]))
    with TemporaryDirectory() as place:
        folder = sys.argv[1] if len(sys.argv) > 1 else place
        return subprocess.run([sys.executable, __file__, "--here", folder], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
