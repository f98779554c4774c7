"""The page says what the records say, whatever the records say."""

import re
from collections import Counter
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from audit.record import Audit, Context, LogLine
from audit.report import words
from audit.report.page.page import page
from audit.resources import folder
from tests.report import examples
from tests.report.html import parsed, text_of

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><style>body{background:url(http://evil.test/x)}",
    "<svg onload=alert(1)><a href='javascript:alert(1)'>",
    "]]>--><!--&lt;&amp;{{ 7*7 }}{% raw %}",
    "a\x00b\x1b[2Jc\x9bd\u202ee\u2066f\ufffe\ud800g",
    "$\\frac{1}{2$ %(x)s {0}",
    "x" * 3000,
)


def elements(html: str) -> Counter[str]:
    """Count every element with its attributes' names, and the values of those that act."""
    acting = ("href", "src", "srcset", "id", "class", "style", "content", "media", "http-equiv", "rel")
    found: Counter[str] = Counter()
    for element in parsed(html).iter():
        attributes = sorted(
            f"{k}={v[:60]}" if k in acting and not v.startswith("data:") else k for k, v in element.items()
        )
        found[f"{element.tag} {attributes}"] += 1
    return found


def written(text: str) -> str:
    """Return the page of the example with a text added to everything that is free text."""
    gallery = examples.gallery(inputs=1, size=4)
    context = Context(log=(LogLine(kind="warning", of=text, text=text),), left_out=1)
    return page(examples.hostile(examples.audit(), text), examples.hostile_gallery(gallery, text), context=context)


@pytest.fixture(scope="module")
def calm() -> Counter[str]:
    """The elements of a page without anything hostile."""
    return elements(written("calm"))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_nothing_but_text(text: str, calm: Counter[str]) -> None:
    attacked = written(text)
    assert elements(attacked) == calm
    assert "\ud800" not in attacked and "\u202e" not in attacked and "\x1b" not in attacked


def test_no_address_is_reachable_from_the_page() -> None:
    html = page(examples.audit(), examples.gallery())
    root = parsed(html)
    for element in root.iter():
        for name in ("src", "srcset", "href", "data", "action", "poster", "background"):
            assert element.get(name, "#").startswith(("#", "data:image/"))
    assert not [element for element in root.iter() if element.tag in ("link", "iframe", "object", "base")]
    (script,) = (element for element in root.iter() if element.tag == "script")
    assert not script.keys() and script.text == (folder("templates") / "report.js").read_text("utf-8")
    ours = [folder("templates") / name for name in ("report.css", "screen.css", "dark.css", "report.js")]
    assert not any(
        re.search(r"url\(|@import|https?:|fetch\(|eval\(|innerHTML", text.read_text("utf-8")) for text in ours
    )
    (policy,) = (element.get("content") for element in root.iter("meta") if element.get("http-equiv"))
    assert policy is not None and policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "; script-src 'sha256-" in policy and "unsafe" not in policy
    assert not [name for element in root.iter() for name in element.keys() if name.startswith("on") or name == "style"]


def test_every_link_has_its_target_and_every_id_is_unique() -> None:
    root = parsed(page(examples.audit(), examples.gallery()))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    links = {element.get("href", "")[1:] for element in root.iter() if element.tag == "a"}
    labels = {element.get("aria-labelledby") for element in root.iter()} - {None}
    assert links <= set(ids) and labels <= set(ids)


def test_every_picture_and_table_says_what_it_is() -> None:
    root = parsed(page(examples.audit(), examples.gallery()))
    assert all(element.get("alt") for element in root.iter() if element.tag == "img")
    tables = [element for element in root.iter() if element.tag == "table"]
    assert tables and all(table.find("caption") is not None for table in tables)
    assert all(element.get("scope") in ("row", "col") for element in root.iter() if element.tag == "th")


@pytest.mark.parametrize("audit", [examples.audit(), examples.invalid(), examples.passing(), examples.nothing()])
def test_verdict_is_symbol_and_word_and_sentence(audit: Audit) -> None:
    html = page(audit)
    shown = words.standing("invalid" if not audit.valid else audit.outcome)
    text = text_of(html)
    assert shown.symbol in text and shown.word in text and audit.sentence in text


def test_every_verdict_reason_is_on_the_page() -> None:
    text = text_of(page(examples.audit()))
    assert all(verdict.reason in text for verdict in examples.audit().verdicts)


def test_a_pass_in_an_invalid_audit_is_void() -> None:
    audit = examples.invalid()
    assert any(verdict.outcome == "pass" for verdict in audit.verdicts)
    matrix = page(audit).split('<table class="matrix sortable">')[1].split("</table>")[0]
    assert "Void" in matrix and "Pass" not in matrix


def test_a_gallery_without_any_requirement_is_no_fault() -> None:
    assert "nothing was evaluated" in page(examples.nothing(), examples.gallery(1, 4))


@pytest.mark.parametrize("nothing", [None, float("nan"), float("inf")])
def test_a_missing_number_is_a_dash_with_a_reason(nothing: float | None) -> None:
    html = page(_without_numbers(examples.audit(), nothing), examples.gallery(inputs=1, size=4))
    text = text_of(html)
    assert not re.search(r"\b(nan|None|inf|undefined undefined)\b", text)
    assert "every map constant or not finite" in text
    points = html.split('<table class="points sortable">')[1].split("</table>")[0]
    assert "0.000" not in points and "–" in points


def test_page_is_the_same_each_time() -> None:
    assert page(examples.audit(), examples.gallery(1, 4)) == page(examples.audit(), examples.gallery(1, 4))


def test_page_does_not_depend_on_the_order_in_which_records_were_stored() -> None:
    audit = examples.audit()
    assert page(_backwards(audit)) == page(audit)


def test_gallery_yields_to_the_budget_and_says_so() -> None:
    audit, gallery = examples.audit(), examples.gallery(inputs=6, size=96)
    whole, bare = page(audit, gallery), page(audit)
    budget = (len(whole.encode()) + len(bare.encode())) // 4
    small = page(audit, gallery, budget=max(budget, len(bare.encode()) + 200_000))
    assert len(small) < len(whole)
    assert "To keep this file small" in small and "To keep this file small" not in whole
    assert small.count("<tr") < whole.count("<tr")
    for number in (1, 2, 3):
        assert f'id="r{number}"' in small


def test_numbers_of_another_kind_are_called_by_their_name() -> None:
    whole = examples.audit()
    gaps = tuple(replace(each, quantity="relative gap") for each in whole.requirements)
    html = page(replace(whole, requirements=gaps))
    assert "Mean over inputs and seeds with its 95 % interval: relative gap" in html
    assert f"{gaps[0].title}, relative gap by method." in html and "Mean similarity" not in html


def test_agreement_is_an_appendix_with_controls_left_out() -> None:
    whole = examples.audit()
    scored = tuple(replace(each, per_input=(0.1, 0.2, 0.4)) for each in whole.verdicts)
    appendix = text_of(page(replace(whole, verdicts=scored), examples.gallery()).partition('id="agreement"')[2])
    assert "between inputs (Krippendorff's alpha)" in appendix and "between maps" in appendix
    assert "random_map" not in appendix and "edge_detector" not in appendix


def test_figure_survives_a_verdict_without_any_number() -> None:
    verdicts = tuple(replace(verdict, curve=(), criteria=()) for verdict in examples.audit().verdicts)
    html = page(examples.audit(verdicts=verdicts, controls=()))
    assert "No figure: no method has a number here." in html


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_paper(dark: bool) -> None:
    sheet = (folder("templates") / ("dark.css" if dark else "report.css")).read_text("utf-8")
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", sheet))
    papers = {"paper": ("ink", "quiet", "link", "pass", "fail", "doubt", "error", "none")}
    papers |= {f"{name}-tint": (name, "ink", "quiet") for name in ("pass", "fail", "doubt", "error", "none")}
    for paper, inks in papers.items():
        for ink in inks:
            assert _contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)


def _contrast(one: str, other: str) -> float:
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    parts = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def _backwards(value: Any) -> Any:
    """Return a record with every mapping in it in reverse order."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{part.name: _backwards(getattr(value, part.name)) for part in fields(value)})
    if isinstance(value, dict):
        return {key: _backwards(value[key]) for key in reversed(value)}
    return tuple(map(_backwards, value)) if isinstance(value, tuple) else value


def _without_numbers(audit: Audit, nothing: float | None) -> Audit:
    def empty(verdict: words.Verdict) -> words.Verdict:
        none = {"similarity": nothing, "null": nothing, "excess": nothing, "interval": None}
        curve = tuple(replace(point, **none, undefined=point.total) for point in verdict.curve)
        lost = {"statistic": nothing, "interval": None, "p_value": nothing, "p_adjusted": nothing}
        return replace(verdict, curve=curve, criteria=tuple(replace(c, **lost) for c in verdict.criteria))

    controls = tuple(replace(control, verdict=empty(control.verdict)) for control in audit.controls)
    return replace(audit, verdicts=tuple(map(empty, audit.verdicts)), controls=controls)
