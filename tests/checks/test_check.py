"""What a check is: every member stands in the protocol, and every shipped check says what the report needs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, get_args

import pytest

from audit.checks.check import Check, Judgement, Measurement
from audit.declare import declared
from audit.record import FOLLOWS, Category, FigureKind, Outcome, RequirementFacts
from audit.registry import find, places
from tests.plans import facts_of

CHECKS = {name: find("checks", name) for name in places("checks")}


@declared
class Least(Check):
    """A check with the members that it must have, and no other."""

    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType({"random_map": "fail"})
    category: ClassVar[Category] = "robustness"
    judged: ClassVar[frozenset[str]] = frozenset({"limit"})

    limit: float = 0.5
    draws: int = 3

    def conditions(self, facts):
        """Nothing."""
        return ()

    def measure(self, method, condition, bench):
        """Nothing."""
        return Measurement()

    def judge(self, evidence, facts):
        """Nothing."""
        return Judgement(outcome="pass", reason="")


@pytest.mark.parametrize("name", CHECKS)
def test_a_shipped_check_has_every_member(name):
    assert Check in CHECKS[name].__mro__
    assert not CHECKS[name].__abstractmethods__
    assert isinstance(CHECKS[name].controls, Mapping)
    assert CHECKS[name].category in get_args(Category)
    assert set(CHECKS[name].figures) <= set(get_args(FigureKind))


def test_what_a_check_may_have_has_a_default():
    least, facts = Least(), facts_of()
    assert least.trainings(facts) == least.shared(facts) == ()
    assert least.inapplicable(facts) is None
    assert (least.retrains, least.truth, least.similarity, least.channels) == (False, frozenset(), None, None)
    assert least.settings() == {"draws": 3}  # a limit decides nothing that is measured


def test_a_check_without_one_of_its_functions_cannot_be_built():
    @declared
    class Undecided(Check):
        """A check that does not judge."""

        controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType({})

        def conditions(self, facts):
            """Nothing."""
            return ()

        def measure(self, method, condition, bench):
            """Nothing."""
            return Measurement()

    with pytest.raises(TypeError, match="judge"):
        Undecided()


def test_the_record_has_the_same_defaults():
    told = RequirementFacts(id="a", check="a", title="A", settings={}, severity="error", doc={})
    for name in ("quantity", "follows", "figures", "axis", "columns"):
        assert getattr(told, name) == getattr(Least, name)
    assert told.follows == FOLLOWS
