"""Annotations of GitHub Actions: few, escaped, and errors where the audit must not pass."""

from dataclasses import replace

from audit.record import Audit, Context
from audit.report.formats.github_annotations import MOST, annotations
from tests.report import examples
from tests.report.ended import CONTEXT, cases, ended


@cases(1, 2)
def test_annotations_are_errors_where_the_audit_must_not_pass(audit: Audit, red: bool, word: str) -> None:
    lines = annotations(audit, CONTEXT)
    assert any(line.startswith("::error ") for line in lines) == red
    about = [line for line in lines if f"title={word.capitalize()}%3A gradient%2C cascading_randomization::" in line]
    assert bool(about) == (word != "pass")
    assert all(" file=specs/a b.yaml,line=41," in line for line in about)


def test_annotations_are_few_and_count_what_they_leave_out() -> None:
    first = examples.one("fail").verdicts[0]
    many = tuple(replace(first, method=f"m{place}") for place in range(30))
    warned = tuple(replace(verdict, severity="warning") for verdict in many)
    lines = annotations(ended(replace(examples.audit(), verdicts=many + warned)), CONTEXT)
    for level, total in (("error", 31), ("warning", 30)):
        same = [line for line in lines if line.startswith(f"::{level}")]
        assert len(same) == MOST + 1 == 10
        assert same[-1] == f"::{level}::and {total - MOST} more; the report shows all of them"


def test_annotations_escape_what_would_end_a_value_or_the_line() -> None:
    first = replace(examples.one("fail").verdicts[0], method="50%,a:b", reason="100% of\r\n::error::x, y: z")
    (line, _) = annotations(
        ended(replace(examples.audit(), verdicts=(first,), controls=())), Context(file="a,b:c%.yaml")
    )
    assert line.startswith(
        "::error file=a%2Cb%3Ac%25.yaml,line=1,title=Fail%3A 50%25%2Ca%3Ab%2C cascading_randomization::"
    )
    assert line.endswith("::100%25 of\\u000d ::error::x, y: z")
