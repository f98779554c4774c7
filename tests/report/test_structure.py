"""The page's parts stand in their order, whatever is asked for, and none of them but the gallery yields."""

from dataclasses import replace
from xml.etree.ElementTree import Element

from audit.report.page.page import page
from tests.report import examples
from tests.report.html import parsed, text_of


def test_the_gallery_alone_yields_to_the_budget() -> None:
    audit, gallery = examples.small(), examples.gallery(inputs=2, size=96)
    bare, least = parsed(page(audit)), parsed(page(audit, gallery, budget=1))
    for table in ("advice", "matrix", "detail", "findings", "controls", "gaps"):
        assert _rows(bare, table) == _rows(least, table) > 0


def _rows(root: Element, name: str) -> int:
    tables = [table for table in root.iter("table") if name in table.get("class", "").split()]
    return sum(element.tag == "tr" for table in tables for element in table.iter())


def test_sections_come_in_the_order_in_which_they_are_read() -> None:
    root = parsed(page(examples.audit(), examples.gallery(1, 4)))
    ids = [section.get("aria-labelledby") for section in root.iter("section")]
    wanted = ["summary", "reading", "controls", "subject", "r1", "r2", "r3", "gallery", "findings", "limitations"]
    wanted += ["provenance", "numbers", "definitions", "agreement", "gaps", "log"]
    assert [name for name in ids if name in wanted] == wanted
    levels = [int(element.tag[1]) for element in root.iter() if element.tag in ("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1 and all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


def test_many_requirements_have_codes_and_a_legend_in_words() -> None:
    whole = examples.audit()
    copies = [(f"{each.id}_{k}", replace(each, id=f"{each.id}_{k}")) for k in range(4) for each in whole.requirements]
    verdicts = tuple(replace(v, requirement=f"{v.requirement}_{k}", curve=()) for k in range(4) for v in whole.verdicts)
    many = page(replace(whole, requirements=tuple(each for _, each in copies), verdicts=verdicts, controls=()))
    root = parsed(many)
    (matrix,) = (table for table in root.iter("table") if "dense" in table.get("class", ""))
    heads = ["".join(head.itertext()).split()[0] for head in matrix.iter("th") if head.get("scope") == "col"]
    assert heads == ["Method", *(f"R{number}" for number in range(1, 13))]
    (legend,) = (each for each in root.iter("ol") if each.get("class") == "codes")
    assert [" ".join("".join(line.itertext()).split())[:24] for line in legend][-2:] == [
        "R11 Independent randomiz",
        "R12 Repeatability warnin",
    ]


def test_a_comparison_is_printed_where_there_is_one() -> None:
    assert 'id="comparison"' not in page(examples.small())
    text = text_of(page(examples.hostile(examples.small(), "changed")))
    assert "Comparison with the baseline" in text and "Regression" in text and "pass → fail" in text
