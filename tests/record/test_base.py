"""Records are frozen and keyword-only, and a digest follows the value alone."""

import dataclasses

import pytest

from audit.record import canonical, digest, record


@record
class Sample:
    """A record of the test's own."""

    number: int
    name: str = "a"


def test_a_record_cannot_be_changed_and_takes_no_positions() -> None:
    made = Sample(number=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.number = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        Sample(1)  # type: ignore[misc]


def test_a_digest_follows_the_value_and_not_the_order_of_its_keys() -> None:
    assert digest({"a": 1, "b": [1.5, "é"]}) == digest({"b": [1.5, "é"], "a": 1})
    assert len({digest(each) for each in ({"a": 1}, {"a": 2}, {"b": 1}, {"a": [1]}, {"a": "1"})}) == 5
    assert canonical({"b": "é", "a": 0.1}) == '{"a":0.1,"b":"\\u00e9"}'


def test_what_is_no_number_has_no_digest() -> None:
    with pytest.raises(ValueError):
        digest({"a": float("nan")})
