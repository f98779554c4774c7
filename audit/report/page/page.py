"""report.html: one file that needs no network, is whole without its script, and states every number that it plots."""

import hashlib
import math
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from audit import resources
from audit.record import Audit, Columns, Context, Gallery, LearningCurve, Point, RequirementFacts, Verdict, record
from audit.report import advice, differences, words
from audit.report.figures import charts, removals
from audit.report.figures import learning_curves as training_figures
from audit.report.figures.svg import Figure
from audit.report.page import findings, trend
from audit.report.page.agreement import agreement, table
from audit.report.page.album import Album, album, sizes
from audit.report.page.compliance import framed
from audit.report.page.gallery import TRAINED
from audit.report.page.pictures import scale_picture
from audit.report.page.remedies import follows, severity

BUDGET = 8_000_000  # bytes: larger pages open slowly and are refused by mail and review tools
_PRINTED_ROWS = 300  # of the tables of numbers on paper: setting a row takes 10 ms, and nobody reads thousands
_PRINTED_INPUTS, _PRINTED_MAPS = 3, 1200  # of the gallery


@record
class Section:
    """One requirement as its section shows it."""

    number: int
    facts: RequirementFacts
    verdicts: tuple[Verdict, ...]
    controls: tuple[Verdict, ...]
    figures: tuple[Figure, ...]
    columns: Columns
    curves: tuple[tuple[str, tuple[Point, ...]], ...]  # of accuracy, by name
    trainings: tuple[LearningCurve, ...]


@record
class Pages:
    """The report twice: whole for screens, and for paper without what no paper shows."""

    screen: str
    paper: str


def page(audit: Audit, gallery: Gallery | None = None, budget: int = BUDGET, context: Context | None = None) -> str:
    """Return the report as HTML of at most ``budget`` bytes where the gallery can yield; the tables never do.

    ``context`` holds the earlier runs of the trend.
    """
    return pages(audit, gallery, budget, context).screen


def pages(audit: Audit, gallery: Gallery | None = None, budget: int = BUDGET, context: Context | None = None) -> Pages:
    """Return the report for screens, of at most ``budget`` bytes where the gallery can yield, and for paper."""
    environment = _environment()
    runs = trend.trend(audit, context or Context())
    fixed = {
        **_context(audit),
        "agreement": table(agreement(audit, _trained_maps(gallery))),
        "log": (context or Context()).log,
        "left_out": (context or Context()).left_out,
        "trend": runs,
        "trend_figure": trend.figure(runs),
        "trend_kinds": trend.kinds(runs),
    }

    def screen(shown: Album | None) -> str:
        return _render(environment, {**fixed, "paper": False, "album": shown})

    def paper(shown: Album | None) -> str:
        return _render(environment, {**fixed, "paper": True, "album": shown})

    without = screen(None)
    if gallery is None or not gallery.strips:
        return Pages(screen=without, paper=paper(None))
    printed = album(audit, gallery, most=_printed_inputs(gallery))
    return Pages(screen=_fitting(screen, audit, gallery, budget, len(without.encode())), paper=paper(printed))


def _fitting(drawn: Callable[[Album], str], audit: Audit, gallery: Gallery, budget: int, taken: int) -> str:
    """Return the page with as much of the gallery as the budget allows beside what the rest takes, in bytes."""
    text = ""
    for longest, most in sizes(audit, gallery, budget - taken):
        text = drawn(album(audit, gallery, longest, most))
        if len(text.encode()) <= budget:
            break
    return text


def _printed_inputs(gallery: Gallery) -> int:
    """Return how many inputs paper shows: at most three, and one of a gallery that would fill hundreds of pages."""
    maps = sum(len(strip.panels) for strip in gallery.strips) // max(1, len(gallery.inputs))
    return max(1, min(_PRINTED_INPUTS, _PRINTED_MAPS // max(1, maps)))


def _trained_maps(gallery: Gallery | None) -> dict[str, np.ndarray]:
    """Return, by method, the trained model's maps (g, ...) of the gallery's inputs."""
    found: dict[str, dict[str, Any]] = {}
    for strip in gallery.strips if gallery else ():
        for panel in strip.panels:
            if panel.label == TRAINED:
                found.setdefault(strip.method, {}).setdefault(strip.input_id, panel.image)
    return {method: np.stack(list(maps.values())) for method, maps in found.items()}


def _render(environment: Environment, context: Mapping[str, Any]) -> str:
    return environment.get_template("report.html.j2").render(context)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(resources.folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for function in (words.standing, words.number, words.interval, words.probability, words.limit, words.finite):
        environment.globals[function.__name__] = function
    for function in (words.explained, words.plain, words.remark, words.gates, words.note, words.cell):
        environment.globals[function.__name__] = function
    environment.globals["courses"] = words.courses
    return environment


def _printed(value: object) -> object:
    """Let nothing reach the page that is no text: a missing number must be a dash with a reason, never ``None``."""
    if isinstance(value, Markup):
        return value
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"cannot show {value!r} in the report")
    return words.clean(value)


def _context(audit: Audit) -> dict[str, Any]:
    sections = [_section(audit, number, facts) for number, facts in enumerate(audit.requirements, start=1)]
    return {
        "audit": audit,
        "answers": words.answers(audit),
        "about": words.about(audit),
        "explained_class": words.explained_class(audit),
        "overall": words.standing(audit.outcome),
        "counts": words.counts(audit),
        "attention": words.attention(audit),
        "methods": words.methods(audit),
        "sections": sections,
        "tabled": {each.number for each in sections if _tabled(each)},
        "numbers": {each.facts.id: each.number for each in sections},
        "titles": {each.facts.id: each.facts.title for each in sections},
        "places": {method.id: place for place, method in enumerate(audit.facts.methods)},
        "undecided": words.undecided(audit),
        "printed_rows": max(40, _PRINTED_ROWS // max(1, len(audit.requirements))),
        "kind_of": lambda verdict: words.kind_of(audit, verdict),
        "scales": {scale: scale_picture(scale) for scale in ("absolute", "signed")},
        **framed(audit),
        **_advised(audit),
        **_inlined(),
    }


def _advised(audit: Audit) -> dict[str, Any]:
    return {
        "advice": advice.advise(audit),
        "uses": advice.SHOWN,
        "rules": advice.RULES,
        "follows": lambda verdict, kind: follows(audit, verdict, kind),
        "severity": severity,
        "waivers": findings.waivers(audit),
        "gaps": findings.gaps(audit),
        "differences": differences,
    }


def _inlined() -> dict[str, Any]:
    """Return the style sheets, the script, and the policy that allows them and nothing else."""
    names = ("report.css", "screen.css", "dark.css", "report.js")
    texts = {name: (resources.folder("templates") / name).read_text("utf-8") for name in names}
    allowed = {
        name: f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for name, text in texts.items()
    }
    styles = " ".join(allowed[name] for name in names[:3])
    policy = (
        f"default-src 'none'; img-src data:; style-src {styles}; script-src {allowed['report.js']}; "
        "base-uri 'none'; form-action 'none'"
    )
    return {**{name.replace(".", "_"): Markup(text) for name, text in texts.items()}, "policy": policy}


def _section(audit: Audit, number: int, facts: RequirementFacts) -> Section:
    verdicts = tuple(verdict for verdict in audit.verdicts if verdict.requirement == facts.id)
    controls = tuple(control.verdict for control in words.controls_of(audit, facts))
    trainings = training_figures.trainings(audit, facts)
    return Section(
        number=number,
        facts=facts,
        verdicts=verdicts,
        controls=controls,
        figures=charts.figures(facts, verdicts, controls, trainings),
        columns=removals.columns(facts),
        curves=removals.curves(verdicts, controls),
        trainings=trainings,
    )


def _tabled(section: Section) -> bool:
    """Return whether there is any number to put into the table of all numbers."""
    return bool(section.curves) or any(verdict.curve for verdict in (*section.verdicts, *section.controls))
