"""A plan is pure: the same spec and facts give the same units, each once, condition by condition."""

from dataclasses import replace

import pytest

from audit.checks.repeatability import Repeatability
from audit.errors import InputError
from audit.planning.units import plan, skipped
from audit.record import Architecture, Code, Facts, Intact, Null, Randomized
from audit.spec.spec import spec_from_resolved
from tests.plans import STAGES, facts_of, spec_of


@pytest.fixture(name="facts")
def _facts() -> Facts:
    return facts_of()


def test_one_task_for_each_requirement_and_method_and_its_controls(facts):
    planned = plan(
        spec_of({"cascading_randomization": {"seeds": 2}}, {"repeatability": {"methods": ["gradient"]}}), facts
    )
    controls = ["edge_detector", "random_map", "input"]
    assert [(task.requirement, task.method) for task in planned.tasks] == [
        *(("cascading_randomization", name) for name in ("gradient", "guided_backprop", *controls)),
        *(("repeatability", name) for name in ("gradient", *controls)),
    ]
    conditions = [unit.condition for unit in planned.tasks[0].units]
    assert len(conditions) == 2 + 1 + (1 + 2) * len(STAGES) and isinstance(conditions[0], Null)
    assert conditions[2] == Randomized(mode="cascading", stage=0, seed=0)


def test_units_are_distinct_and_stand_condition_by_condition(facts):
    units = plan(spec_of({"cascading_randomization": {"seeds": 3}}, "independent_randomization"), facts).units()
    keys, conditions = [unit.key for _, unit in units], [unit.condition for _, unit in units]
    assert len(set(keys)) == len(keys)
    runs = [
        condition for number, condition in enumerate(conditions) if number == 0 or conditions[number - 1] != condition
    ]
    assert len(set(runs)) == len(runs), "a condition was left and taken up again: its parameters would be drawn twice"


def test_thresholds_change_no_unit_and_what_is_measured_does(facts):
    def keys(**fields):
        return {
            unit.key for _, unit in plan(spec_of({"cascading_randomization": {"seeds": 2, **fields}}), facts).units()
        }

    spec = spec_of({"cascading_randomization": {"seeds": 2}})
    units = plan(spec, facts).units()
    nulls = {unit.key for _, unit in units if isinstance(unit.condition, Null | Intact | Architecture)}
    assert keys() == keys(half_at_most=0.1, last_at_most=0.9, sign="signed", live_at_least=0.4)
    assert keys() == keys(severity="warning", id="other")
    assert keys() < keys(seeds=3)
    for measured in ({"redraw": "normal"}, {"order": "bottom_up"}, {"batch_norm": "reset"}):
        assert keys() & keys(**measured) < nulls
    assert not keys() & keys(channels="absolute_sum") and not keys() & keys(channels="keep")


def test_two_requirements_that_measure_the_same_share_their_units(facts):
    twice = [
        {"cascading_randomization": {"seeds": 2, "id": name, "half_at_most": at}}
        for name, at in (("a", 0.5), ("b", 0.2))
    ]
    assert len(plan(spec_of(*twice), facts).units()) == len(plan(spec_of(twice[0]), facts).units())


def test_another_world_shares_nothing(facts):
    spec = spec_of("cascading_randomization")
    here, there = ({unit.key for _, unit in plan(spec, world).units()} for world in (facts, replace(facts, world="v")))
    assert not here & there


def test_a_unit_holds_the_code_of_the_world_of_its_method_and_of_its_check_and_no_other(facts, monkeypatch):
    monkeypatch.setattr(Repeatability, "__module__", "their_checks")
    codes = {
        name: Code(name=name, package="p 1", digest="d") for name in ("audit", "m:M", "their_checks:Repeatability")
    }
    own, method, check = ({name: code} for name, code in codes.items())
    gradient, *others = facts.methods
    coded = replace(facts, code=own, check_code=check, methods=(replace(gradient, code=method), *others))
    planned = plan(spec_of("repeatability", "independent_randomization"), coded)
    found = {(task.requirement, task.method): [unit.code for unit in task.units] for task in planned.tasks}
    for (requirement, name), held in found.items():
        mine = {**(method if name == "gradient" else {}), **(check if requirement == "repeatability" else {})}
        assert held and all(each == {**own, **mine} for each in held)


def test_other_code_is_another_unit_and_units_that_all_share_hold_the_code_of_the_world(facts):
    asked = {**spec_of("repeatability").resolved(), "require": ["label_permutation"], "training": {"epochs": 1}}
    spec = spec_from_resolved(asked)
    one, other = (
        replace(facts, code={"audit": Code(name="audit", package="", digest=digest)}) for digest in ("a", "b")
    )
    here, there = (plan(spec, each).units() for each in (one, other))
    assert len(here) == len(there) and not {unit.key for _, unit in here} & {unit.key for _, unit in there}
    assert {unit.code["audit"].digest for _, unit in here} == {"a"}


@pytest.mark.parametrize("similarity", ["ssim", {"hog": {"pixels_per_cell": 2}}])
def test_a_similarity_of_images_is_refused_for_flat_inputs_before_anything_is_measured(facts, similarity):
    spec = spec_of({"repeatability": {"similarity": similarity, "id": "again"}})
    assert plan(spec, facts).tasks
    flat = replace(facts, network=replace(facts.network, input_shape=(64,)))
    with pytest.raises(InputError, match=r"compares images(.|\n)*requirement `again`(.|\n)*use `spearman`"):
        plan(spec, flat)
    assert plan(spec_of("repeatability"), flat).tasks


def test_signals_are_refused_with_the_way_out_before_anything_is_measured(facts):
    signals = replace(facts, network=replace(facts.network, input_shape=(64, 3)))
    with pytest.raises(InputError, match=r"keras.Input\(\(1, 64, 3\)\)"):
        plan(spec_of("repeatability"), signals)


def test_inputs_too_small_for_a_similarity_are_refused_with_what_fits(facts):
    with pytest.raises(InputError, match=r"does not fit in maps of 8 by 8(.|\n)*pixels_per_cell: 2"):
        plan(spec_of({"repeatability": {"similarity": "hog"}}), facts)


def claiming(facts, claims):
    """Return facts whose audited methods and controls claim certain axioms."""
    return replace(facts, methods=tuple(replace(each, claims=claims) for each in facts.methods))


def test_what_a_method_does_not_claim_is_skipped_and_controls_run_all_the_same(facts):
    unclaimed, spec = claiming(facts, ("linearity",)), spec_of("completeness", "linearity", "implementation_invariance")
    found = skipped(spec, unclaimed)
    assert {pair: each.code for pair, each in found.items()} == {
        ("completeness", name): "not-claimed" for name in ("gradient", "guided_backprop")
    }
    assert "`gradient` does not claim completeness" in found["completeness", "gradient"].text
    planned = [task.method for task in plan(spec, unclaimed).tasks if task.requirement == "completeness"]
    assert planned == ["edge_detector", "random_map", "input"]


def test_required_of_all_asks_every_method_in_the_same_units(facts):
    spec = spec_of({"completeness": {"required_of": "all"}})
    assert not skipped(spec, claiming(facts, ()))
    assert plan(spec, claiming(facts, ())) == plan(spec_of("completeness"), facts)


def test_a_method_of_which_nothing_is_said_is_asked_everything(facts):
    assert not skipped(spec_of("completeness", "symmetry", "sensitivity_a", "sensitivity_b", "linearity"), facts)
