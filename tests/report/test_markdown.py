"""Text in Markdown is shown as text; the matrix has a cell for every method and requirement."""

import pytest

from audit.report.markdown import escaped, matrix
from tests.report import examples


@pytest.mark.parametrize(
    "text",
    [
        *("<b>x</b>", "[a](http://b.test)", "a|b", "`c`", "# h", "- item", "1. item", "@all", "*x*", "_x_"),
        *("www.a.test", "https://a.test", "a\nb", "&amp;", "~~x~~", "$x$", "= x", "+ x"),
    ],
)
def test_nothing_in_a_text_is_markup(text: str) -> None:
    shown = escaped(text, 100)
    assert "\n" not in shown and "<" not in shown and "@" not in shown and "](" not in shown
    for mark in "|`*#$~":
        assert mark not in shown.replace(f"\\{mark}", "").replace("&#64;", "")
    assert not shown.startswith(("-", "+", "=", "#", "1."))


def test_names_in_snake_case_stay_readable() -> None:
    assert escaped("integrated_gradients", 100) == "integrated_gradients"


def test_the_matrix_has_a_cell_for_every_method_and_requirement() -> None:
    audit = examples.audit()
    head, rule, *rows = matrix(audit)
    assert head.count("|") == rule.count("|") == len(audit.requirements) + 2
    assert rows and all(row.count(" | ") >= len(audit.requirements) for row in rows)
