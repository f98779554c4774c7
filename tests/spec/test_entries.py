"""Methods, requirements and the data source: values found by their names."""

from pathlib import Path

import pytest

from audit.errors import SpecError
from audit.spec.sections import LISTED
from tests.spec.written import MINIMAL, one, shown, spec_of


def test_methods_and_requirements_are_values_with_ids(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, MINIMAL)
    assert [(each.id, each.name) for each in spec.methods] == [("gradient", "gradient"), ("smoothgrad", "smoothgrad")]
    assert spec.methods[1].method.samples == 50
    cascade, repeat = spec.requirements
    assert (cascade.id, cascade.check_name, cascade.check.seeds) == (
        "cascading_randomization",
        "cascading_randomization",
        3,
    )
    assert cascade.methods == ("gradient", "smoothgrad")
    assert (cascade.severity, cascade.span.line, repeat.span.line) == ("error", 6, 7)


def test_a_name_used_twice_is_numbered_unless_an_id_is_given(tmp_path: Path) -> None:
    text = MINIMAL.replace(
        "[gradient, smoothgrad]", "[gradient, smoothgrad, smoothgrad: {samples: 9}, smoothgrad: {id: smooth-b}]"
    )
    spec = spec_of(tmp_path, text + "  - repeatability: {at_least: 0.5}\n")
    assert [each.id for each in spec.methods] == ["gradient", "smoothgrad", "smoothgrad_2", "smooth-b"]
    assert [each.id for each in spec.requirements] == ["cascading_randomization", "repeatability", "repeatability_2"]


def test_a_check_takes_maps_from_the_spec_unless_it_says_otherwise(tmp_path: Path) -> None:
    text = MINIMAL.replace("repeatability", "repeatability: {sign: absolute}")
    spec = spec_of(tmp_path, text + "maps: {channels: sum, sign: signed}\n")
    assert [(each.check.channels, each.check.sign) for each in spec.requirements] == [
        ("sum", "signed"),
        ("sum", "absolute"),
    ]


def test_a_requirement_may_name_methods_and_severity(tmp_path: Path) -> None:
    text = MINIMAL.replace("repeatability", "repeatability: {methods: [smoothgrad], severity: warning, id: again}")
    requirement = spec_of(tmp_path, text).requirements[1]
    assert (requirement.id, requirement.methods, requirement.severity) == ("again", ("smoothgrad",), "warning")


def test_an_axiom_is_required_of_those_that_claim_it_unless_the_spec_says_of_all(tmp_path: Path) -> None:
    claiming = spec_of(tmp_path, MINIMAL).requirements[1]
    asked = spec_of(tmp_path, MINIMAL.replace("repeatability", "repeatability: {required_of: all}")).requirements[1]
    assert (claiming.required_of, asked.required_of) == ("claiming", "all")
    with pytest.raises(SpecError, match="required_of"):
        spec_of(tmp_path, MINIMAL.replace("repeatability", "repeatability: {required_of: some}"))


def test_a_method_may_hold_another(tmp_path: Path) -> None:
    text = MINIMAL.replace("smoothgrad]", "smoothgrad: {base: {integrated_gradients: {steps: 7}}}]")
    spec = spec_of(tmp_path, text)
    assert spec.methods[1].method.base.steps == 7
    written = spec.resolved()["methods"][1]["smoothgrad"]["base"]
    assert written["integrated_gradients"]["steps"] == 7


def test_fields_that_are_not_indented_are_explained(tmp_path: Path) -> None:
    text = MINIMAL.replace("  - repeatability\n", "  - repeatability:\n    at_least: 0.5\n")
    fault = one(tmp_path, text)
    assert fault.code == "S025"
    assert "indent" in fault.hint


@pytest.mark.parametrize("control", ["edge_detector", "random_map", "input"])
def test_controls_are_not_audited(tmp_path: Path, control: str) -> None:
    for entry in (control, f"gradient: {{id: {control}}}"):
        fault = one(tmp_path, MINIMAL.replace("smoothgrad]", f"{entry}]"))
        assert fault.code == "S029"
        assert "control" in fault.what


def test_the_name_of_a_ranking_that_no_method_made_is_no_id(tmp_path: Path) -> None:
    text = MINIMAL.replace("[gradient, smoothgrad]", "[{gradient: {id: sobel}}]")
    (fault,) = shown(tmp_path, text)
    assert fault.code == "S029" and "sobel" in fault.what


def test_two_entries_cannot_share_an_id(tmp_path: Path) -> None:
    fault = one(tmp_path, MINIMAL.replace("smoothgrad]", "smoothgrad: {id: gradient}]"))
    assert (fault.code, fault.underlined) == ("S028", "gradient")


def test_maps_that_a_check_refuses_are_a_fault_of_the_spec(tmp_path: Path) -> None:
    found = shown(tmp_path, MINIMAL + "maps: {channels: absolute_max, sign: signed}\n")
    assert {each.code for each in found} == {"S024"}
    assert {each.line for each in found} == {6, 7}


def test_more_methods_than_a_spec_may_have_are_one_fault_and_are_not_read(tmp_path: Path) -> None:
    listed = "[gradient, smoothgrad]"
    fault = one(tmp_path, MINIMAL.replace(listed, f"[{'gradient, ' * LISTED}gradeint]"))
    assert f"at least one entry and at most {LISTED}, received a list of length {LISTED + 1}" in fault.what
