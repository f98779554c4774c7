r"""Saliency Audit: does an explanation depend on what it must depend on, and on nothing else?

    spec = audit.load_spec("specs/digits.yaml")
    print("\n".join(audit.plan(spec).lines()))
    finished = audit.run(spec, out="runs/digits")
    again = audit.judge("runs/digits", spec)
    files = audit.render("runs/digits")

The Keras backend is chosen by ``KERAS_BACKEND`` before Keras is imported; the command line reads it from the spec.
"""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

# Nothing is imported here: ``saliency-audit --help`` passes through this file.
if TYPE_CHECKING:
    from audit.record import Audit
    from audit.report.render import Rendered
    from audit.running.loop import Finished, Prepared
    from audit.spec.spec import Spec

__all__ = ["judge", "load_spec", "plan", "render", "run"]


def load_spec(path: Path | str) -> "Spec":
    """Read a spec from a YAML file; all faults are raised at once, as one SpecError."""
    from audit.spec.spec import load_spec

    return load_spec(path)


def plan(spec: "Spec", *, trusted: Collection[str] = ()) -> "Prepared":
    """Load the model and the data, check that every method applies, and plan. Nothing is written."""
    from audit.running.loop import prepare

    return prepare(spec, trusted=trusted)


def run(spec: "Spec", *, out: Path | str | None = None, trusted: Collection[str] = ()) -> "Finished":
    """Execute what a spec asks for, judge and render; resumes what ``out`` (``runs/<audit id>``) already holds."""
    from audit.running.loop import run

    return run(spec, out=None if out is None else Path(out), trusted=trusted)


def judge(folder: Path | str, spec: "Spec | None" = None) -> "Audit":
    """Decide again from a run's stored evidence, by its own spec or another's thresholds; no framework is needed."""
    from audit.running.finish import judge

    return judge(Path(folder), spec)


def render(folder: Path | str) -> "Rendered":
    """Draw a run's report again from its stored results; no framework is needed."""
    from audit.running.finish import render

    return render(Path(folder))
