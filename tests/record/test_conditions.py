"""Conditions are values: equal where they ask for the same, and read back from JSON as themselves."""

from typing import get_args

import pytest
from pydantic import TypeAdapter

from audit.record import (
    Architecture,
    Condition,
    Distribution,
    Intact,
    Null,
    Original,
    Probed,
    Randomized,
    Rekeyed,
    Removed,
    Trained,
)

ADAPTER: TypeAdapter[Condition] = TypeAdapter(Condition)
NORMAL = Distribution(distribution="truncated_normal", deviation=0.5, biases=0.1)
SAMPLES = (
    Original(),
    Null(draws=3),
    Rekeyed(seed=4),
    Randomized(mode="cascading", stage=2, seed=3),
    Randomized(mode="independent", stage=1, seed=0, redraw=NORMAL),
    Intact(mode="cascading", stage=2),
    Architecture(stages=3, redraw=NORMAL),
    Trained(labels="permuted", seed=5),
)


@pytest.mark.parametrize("condition", SAMPLES, ids=range(len(SAMPLES)))
def test_a_condition_is_read_back_as_itself(condition: Condition) -> None:
    again = ADAPTER.validate_json(ADAPTER.dump_json(condition))
    assert again == condition and type(again) is type(condition) and hash(again) == hash(condition)


def test_conditions_that_ask_for_something_else_are_never_equal() -> None:
    assert len(set(SAMPLES)) == len(SAMPLES)


def test_each_kind_of_condition_is_written_with_a_word_of_its_own() -> None:
    kinds = get_args(Condition)
    assert set(kinds) == {Original, Null, Rekeyed, Randomized, Intact, Architecture, Trained, Removed, Probed}
    assert len({kind.__dataclass_fields__["kind"].default for kind in kinds}) == len(kinds)
