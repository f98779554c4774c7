"""An error says what, where, what was expected and received and how to fix it; each kind has its exit code."""

import pytest

from audit import errors
from audit.errors import AuditError, did_you_mean


def test_a_message_has_its_parts_in_order_and_no_empty_ones() -> None:
    whole = AuditError("T999", "it broke", where="here", expected="one", received="two", fix="mend")
    lines = str(whole).splitlines()
    assert [line.split()[0] for line in lines] == ["error[T999]:", "-->", "expected:", "received:", "fix:"]
    assert str(AuditError("T999", "it broke")) == "error[T999]: it broke"


@pytest.mark.parametrize(
    ("kind", "code"),
    [(errors.SpecError, 2), (errors.InputError, 2), (errors.RefusedError, 6), (errors.EnvironmentStop, 7)],
)
def test_each_kind_has_its_exit_code_and_the_docstring_says_it(kind: type[AuditError], code: int) -> None:
    assert issubclass(kind, AuditError) and kind.exit_code == code
    (line,) = (line for line in (errors.__doc__ or "").splitlines() if f"-- {kind.__name__} " in line)
    assert line.split()[2] == str(code)


def test_a_misspelt_name_is_answered_with_the_nearest_or_with_all() -> None:
    assert did_you_mean("gradeint", ["gradient", "lime"]) == "did you mean `gradient`?"
    assert did_you_mean("xyz", ["b", "a"]) == "known: a, b"
    assert did_you_mean("xyz", []) == ""
