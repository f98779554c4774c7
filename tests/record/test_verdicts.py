"""Records do not repeat one another's fields: what two have in common stands in one of them."""

from dataclasses import fields, is_dataclass
from itertools import combinations

import audit.record
from audit.record import Judgement, Verdict

SHARED = 4  # fields that two records may have in common by chance


def declared(kind: type) -> set[str]:
    """Return the fields that a record declares itself, without those of the record it extends."""
    return set(vars(kind).get("__annotations__", {}))


def test_no_two_records_declare_the_same_fields() -> None:
    records = [kind for name in audit.record.__all__ if is_dataclass(kind := getattr(audit.record, name))]
    pairs = {(a.__name__, b.__name__): declared(a) & declared(b) for a, b in combinations(records, 2)}
    assert {pair: common for pair, common in pairs.items() if len(common) > SHARED} == {}


def test_a_verdict_is_a_judgement_of_one_requirement_about_one_method() -> None:
    judged = {field.name for field in fields(Judgement)}
    own = {field.name for field in fields(Verdict)} - judged
    assert own == {"requirement", "check", "method", "severity", "waived"}
