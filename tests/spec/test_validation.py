"""A wrong or missing key is named with what was meant."""

from pathlib import Path

import pytest

from tests.spec.written import MINIMAL, one


@pytest.mark.parametrize(
    ("old", "new", "code", "underlined", "hint"),
    [
        ("version: 1", "version: 1\nsede: 3", "S021", "sede", "did you mean `seed`?"),
        ("{path: model.keras}", "{path: m, ouput: logits}", "S021", "ouput", "did you mean `output`?"),
        ("{source: digits}", "{source: digits, splt: test}", "S021", "splt", "did you mean `split`?"),
        ("{source: digits}", "{source: digits, input: 3}", "S021", "input", "did you mean `inputs`?"),
        ("{source: digits}", "{source: digit}", "S026", "digit", "did you mean `digits`?"),
        ("[gradient,", "[gradeint,", "S026", "gradeint", "did you mean `gradient`?"),
        ("smoothgrad]", "smoothgrad: {sample: 3}]", "S021", "sample", "did you mean `samples`?"),
        ("smoothgrad]", "smoothgrad: {idd: x}]", "S021", "idd", "did you mean `id`?"),
        (
            "smoothgrad]",
            "smoothgrad: {base: {integrated_gradients: {step: 3}}}]",
            "S021",
            "step",
            "did you mean `steps`?",
        ),
        ("{seeds: 3}", "{seed: 3}", "S021", "seed", "did you mean `seeds`?"),
        ("{seeds: 3}", "{severty: warning}", "S021", "severty", "did you mean `severity`?"),
        ("{seeds: 3}", "{redraw: permutes}", "S023", "permutes", "did you mean `permute`?"),
        ("{seeds: 3}", "{methods: [gradients]}", "S026", "gradients", "did you mean `gradient`?"),
        ("- repeatability", "- repeatabilty", "S026", "repeatabilty", "did you mean `repeatability`?"),
    ],
)
def test_a_typing_error_is_underlined_and_mended(
    tmp_path: Path, old: str, new: str, code: str, underlined: str, hint: str
) -> None:
    fault = one(tmp_path, MINIMAL.replace(old, new))
    assert (fault.code, fault.underlined, fault.hint) == (code, underlined, hint)


@pytest.mark.parametrize("key", ["version", "model", "dataset", "methods", "require"])
def test_a_missing_section_is_named(tmp_path: Path, key: str) -> None:
    lines = MINIMAL.splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(key) and not (key == "require" and line.startswith(" "))]
    fault = one(tmp_path, "".join(kept))
    assert (fault.code, fault.what) == ("S022", f"missing key `{key}` in the spec")


def test_a_missing_key_points_at_its_parent(tmp_path: Path) -> None:
    fault = one(tmp_path, MINIMAL.replace("{source: digits}", "{source: npz}"))
    assert (fault.code, fault.underlined, fault.what) == ("S022", "source", "missing key `path` in dataset `npz`")


def test_one_fault_brings_no_others(tmp_path: Path) -> None:
    """A waiver for a requirement that is itself faulty names what exists."""
    waiver = "{check: repeatability, method: gradient, until: 2027-01-31, by: me, reason: why}"
    text = MINIMAL.replace("- repeatability", "- repeatability: {seeds: 0}") + f"waivers: [{waiver}]\n"
    assert one(tmp_path, text).code == "S023"
    for shapeless in ("3", "[]", "null", "{a: 1, b: 2}"):
        text = MINIMAL + f"  - {shapeless}\nwaivers: [{waiver}]\n"
        assert one(tmp_path, text).code == "S025"
