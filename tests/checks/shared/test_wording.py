"""Rounding never hides on which side of its limit a number lies."""

from hypothesis import assume, given
from hypothesis import strategies as st

from audit.checks.shared.wording import decimals


def test_two_digits_where_they_suffice():
    assert decimals([0.741, 0.7, -0.001], beside=0.5) == ["0.74", "0.70", "0.00", "0.50"]


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_the_printed_numbers_compare_as_the_numbers_do(number, limit):
    assume(number == limit or abs(number - limit) > 2e-6)
    shown, beside = map(float, decimals([number], beside=limit))
    assert (shown > beside, shown < beside) == (number > limit, number < limit)
