"""A unit that is measured again says what changed; a new one says nothing."""

from dataclasses import replace
from typing import Any

from audit.record import Code, Null, Original, Unit
from audit.running.again import OTHER_WORLD, reasons

OWN = Code(name="audit", package="saliency-audit 1.0", digest="a")
THEIRS = Code(name="squared_gradient", package="my-method 0.1.0", digest="b")
UNIT = Unit(
    check="c",
    settings={"seeds": 2},
    method={"name": "m"},
    condition=Original(),
    world="w",
    code={"audit": OWN, "my_method:SquaredGradient": THEIRS},
)


def changed(**code: Any) -> Unit:
    return replace(UNIT, code={**UNIT.code, "my_method:SquaredGradient": replace(THEIRS, **code)})


def reason(*stored: Unit) -> str:
    return reasons([UNIT], stored).get(UNIT.key, "")


def test_the_code_that_changed_is_named_with_its_package():
    said = "the code of `squared_gradient` (my-method 0.1.0) changed"
    assert reason(changed(digest="x")) == reason(changed(package="my-method 0.0.9")) == said
    assert reason(replace(UNIT, code={"audit": OWN})) == said
    both = {place: replace(each, digest="x", package="") for place, each in UNIT.code.items()}
    assert reason(replace(UNIT, code=both)) == (
        "the code of `audit` (saliency-audit 1.0) and `squared_gradient` (my-method 0.1.0) changed"
    )


def test_code_that_is_there_no_more_is_a_change_too():
    more = {**UNIT.code, "their_base:Base": replace(THEIRS, name="base")}
    assert reason(replace(UNIT, code=more)) == "the code of a class that it holds changed"


def test_another_world_is_said_and_the_nearest_predecessor_gives_the_reason():
    elsewhere = replace(changed(digest="x"), world="v")
    assert reason(elsewhere) == f"the code of `squared_gradient` (my-method 0.1.0) changed; {OTHER_WORLD}"
    assert reason(elsewhere, replace(UNIT, world="v")) == OTHER_WORLD


def test_what_is_measured_for_the_first_time_or_failed_before_has_no_reason():
    others = [replace(UNIT, condition=Null()), replace(UNIT, settings={}), replace(UNIT, method={"name": "n"})]
    assert reason(*others, replace(UNIT, check="d")) == reason() == ""
    assert reason(UNIT, changed(digest="x")) == ""
