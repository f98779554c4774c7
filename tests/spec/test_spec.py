"""A spec is read whole or refused whole: every fault at once, in our words, at its exact place."""

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audit.errors import SpecError
from audit.spec.sections import LISTED
from audit.spec.spec import Spec, load_spec, spec_from_resolved

MINIMAL = """\
version: 1
model: {path: model.keras}
dataset: {source: digits}
methods: [gradient, smoothgrad]
require:
  - cascading_randomization: {seeds: 3}
  - repeatability
"""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A fault as a reader sees it: where the carets stand and what they underline."""

    code: str
    what: str
    line: int
    column: int
    underlined: str
    hint: str


def spec_of(folder: Path, text: str) -> Spec:
    path = folder / "my spec.yaml"
    path.write_text(text, encoding="utf-8")
    return load_spec(path)


def rejected(folder: Path, text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        spec_of(folder, text)
    return caught.value


def shown(folder: Path, text: str) -> list[Shown]:
    """Read the faults back from the rendered message alone."""
    pattern = re.compile(
        r"error\[(S\d+)\]: (.*)\n  --> .*?:(\d+):(\d+)\n   \| (.*)\n   \| ( *)(\^+) ?(.*)", re.MULTILINE
    )
    return [
        Shown(
            code=code,
            what=what,
            line=int(line),
            column=int(column),
            underlined=source[len(blank) : len(blank) + len(carets)],
            hint=hint,
        )
        for code, what, line, column, source, blank, carets, hint in pattern.findall(str(rejected(folder, text)))
    ]


def one(folder: Path, text: str) -> Shown:
    found = shown(folder, text)
    assert len(found) == 1, found
    return found[0]


# --- What a valid spec becomes ---------------------------------------------------------------------------------------


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, MINIMAL)
    assert (spec.version, spec.seed, spec.target, spec.controls) == (1, 0, "predicted", "default")
    assert spec.audit.id == "my-spec"
    assert (spec.dataset.name, spec.dataset.inputs, spec.dataset.preprocess) == ("digits", 100, None)
    assert (spec.maps.channels, spec.maps.sign) == ("sum", "absolute")
    assert (spec.gate.inconclusive, spec.report.formats, spec.report.gallery) == ("fail", ("html", "pdf"), 8)
    assert (spec.runtime.backend, spec.runtime.device, spec.runtime.batch) == (None, "auto", None)
    assert spec.source_folder == tmp_path
    assert spec.text == MINIMAL


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


def test_a_method_may_hold_another(tmp_path: Path) -> None:
    text = MINIMAL.replace("smoothgrad]", "smoothgrad: {base: {integrated_gradients: {steps: 7}}}]")
    spec = spec_of(tmp_path, text)
    assert spec.methods[1].method.base.steps == 7
    written = spec.resolved()["methods"][1]["smoothgrad"]["base"]
    assert written["integrated_gradients"]["steps"] == 7


def test_a_waiver_holds_until_a_day(tmp_path: Path) -> None:
    waiver = "{check: repeatability, method: gradient, until: 2027-01-31, by: A. Risk, reason: internal use}"
    spec = spec_of(tmp_path, MINIMAL + f"waivers: [{waiver}]\n")
    assert spec.waivers[0].until == date(2027, 1, 31)


@pytest.mark.parametrize("target", ["predicted", "label", 3])
def test_targets(tmp_path: Path, target: object) -> None:
    assert spec_of(tmp_path, MINIMAL + f"target: {target}\n").target == target


def test_the_ready_specs_are_valid(specs: Path) -> None:
    found = [load_spec(path) for path in sorted(specs.glob("*.yaml"))]
    assert {spec.audit.id for spec in found} >= {"digits-cnn", "mnist-cnn"}


def test_the_model_of_the_first_spec_is_there(specs: Path) -> None:
    spec = load_spec(specs / "digits.yaml")
    assert spec.model.path is not None
    assert (spec.source_folder / spec.model.path).is_file()


# --- Round trip ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "digits.yaml",
        "mnist_cnn.yaml",
        "all_methods.yaml",
        "mnist_label_permutation.yaml",
        "mnist_roar.yaml",
        "roar_toy.yaml",
        "two_objects.yaml",
        "planted_shortcut.yaml",
    ],
)
def test_a_resolved_spec_is_read_back_as_itself(specs: Path, name: str) -> None:
    spec = load_spec(specs / name)
    stored = json.loads(json.dumps(spec.resolved()))
    again = spec_from_resolved(stored, specs)
    assert again.resolved() == spec.resolved()
    assert again.digest == spec.digest
    assert [each.method for each in again.methods] == [each.method for each in spec.methods]
    assert [each.check for each in again.requirements] == [each.check for each in spec.requirements]


def test_defaults_written_out_do_not_change_the_digest(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, MINIMAL)
    assert spec_of(tmp_path, MINIMAL + "seed: 0\ngate: {inconclusive: fail}\n# a comment\n").digest == spec.digest
    assert spec_of(tmp_path, MINIMAL + "seed: 1\n").digest != spec.digest


def test_paths_stay_as_written(tmp_path: Path) -> None:
    text = MINIMAL.replace("{source: digits}", "{source: npz, path: ../data/x.npz}")
    resolved = spec_of(tmp_path, text).resolved()
    assert resolved["dataset"]["path"] == "../data/x.npz"
    assert str(tmp_path) not in json.dumps(resolved)


# --- Faults ----------------------------------------------------------------------------------------------------------


def test_the_message_has_the_promised_form(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(MINIMAL.replace("{seeds: 3}", "{similarity: spearman, last_at_mots: 0.3}"), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert str(caught.value) == (
        "error[S021]: unknown key `last_at_mots` in requirement `cascading_randomization`\n"
        f"  --> {path}:6:53\n"
        "   |   - cascading_randomization: {similarity: spearman, last_at_mots: 0.3}\n"
        "   |                                                     ^^^^^^^^^^^^ did you mean `last_at_most`?"
    )


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


@pytest.mark.parametrize(
    ("old", "new", "underlined", "what"),
    [
        ("version: 1", "version: 2", "2", "`version`: expected `1`, received 2"),
        ("version: 1", "version: '1'", "'1'", '`version`: expected `1`, received "1"'),
        ("version: 1", "version: 1\nseed: -1", "-1", "`seed`: expected an integer >= 0 and < 4294967296, received -1"),
        ("version: 1", "version: 1\nseed: true", "true", "received true"),
        ("version: 1", "version: 1\nseed: 1.0", "1.0", "received 1.0"),
        ("version: 1", "version: 1\ntarget: -3", "-3", "expected `predicted`, `label` or an integer >= 0, received -3"),
        ("{source: digits}", "{source: digits, inputs: 0}", "0", "`inputs` of `dataset`: expected an integer >= 1"),
        ("smoothgrad]", "smoothgrad: {samples: 0}]", "0", "`samples` of method `smoothgrad`: expected an integer >= 1"),
        ("smoothgrad]", "smoothgrad: {samples: '5'}]", "'5'", 'received "5"'),
        (
            "smoothgrad]",
            "smoothgrad: {base: {integrated_gradients: {steps: none}}}]",
            "none",
            "`steps` of method `integrated_gradients`: expected an integer >= 1",
        ),
        ("{seeds: 3}", "{methods: []}", "[]", "expected a list with at least one entry"),
        ("[gradient, smoothgrad]", "gradient", "gradient", "`methods`: expected a list with at least one entry"),
        ("version: 1", "version: 1\nruntime: {device: gpu}", "gpu", "expected text such as auto, cpu or gpu:0"),
        ("version: 1", "version: 1\nreport: {formats: [html, docx]}", "docx", "expected `html` or `pdf`"),
    ],
)
def test_a_wrong_value_says_what_was_expected_and_received(
    tmp_path: Path, old: str, new: str, underlined: str, what: str
) -> None:
    fault = one(tmp_path, MINIMAL.replace(old, new))
    assert (fault.code, fault.underlined) == ("S023", underlined)
    assert what in fault.what


@pytest.mark.parametrize(
    ("model", "what"),
    [
        ("{path: a, application: VGG16}", "exactly one of `path`, `application` and `build`"),
        ("{output: logits}", "exactly one of `path`, `application` and `build`"),
        ("{path: a, weights: imagenet}", "`weights` is only valid with `application`"),
        ("{application: VGG16, sha256: " + "a" * 64 + "}", "`sha256` is only valid with `path`"),
    ],
)
def test_a_model_has_one_origin(tmp_path: Path, model: str, what: str) -> None:
    fault = one(tmp_path, MINIMAL.replace("{path: model.keras}", model))
    assert (fault.code, fault.line) == ("S024", 2)
    assert what in fault.what


@pytest.mark.parametrize("key", ["version", "model", "dataset", "methods", "require"])
def test_a_missing_section_is_named(tmp_path: Path, key: str) -> None:
    lines = MINIMAL.splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(key) and not (key == "require" and line.startswith(" "))]
    fault = one(tmp_path, "".join(kept))
    assert (fault.code, fault.what) == ("S022", f"missing key `{key}` in the spec")


def test_a_missing_key_points_at_its_parent(tmp_path: Path) -> None:
    fault = one(tmp_path, MINIMAL.replace("{source: digits}", "{source: npz}"))
    assert (fault.code, fault.underlined, fault.what) == ("S022", "source", "missing key `path` in dataset `npz`")


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


def test_a_waiver_names_what_exists(tmp_path: Path) -> None:
    waiver = "{check: repeatabilty, method: gradeint, until: 2027-01-31, by: me, reason: why}"
    found = shown(tmp_path, MINIMAL + f"waivers: [{waiver}]\n")
    assert [(each.code, each.underlined, each.hint) for each in found] == [
        ("S026", "repeatabilty", "did you mean `repeatability`?"),
        ("S026", "gradeint", "did you mean `gradient`?"),
    ]


def test_one_fault_brings_no_others(tmp_path: Path) -> None:
    """A waiver for a requirement that is itself faulty names what exists."""
    waiver = "{check: repeatability, method: gradient, until: 2027-01-31, by: me, reason: why}"
    text = MINIMAL.replace("- repeatability", "- repeatability: {seeds: 0}") + f"waivers: [{waiver}]\n"
    assert one(tmp_path, text).code == "S023"
    for shapeless in ("3", "[]", "null", "{a: 1, b: 2}"):
        text = MINIMAL + f"  - {shapeless}\nwaivers: [{waiver}]\n"
        assert one(tmp_path, text).code == "S025"


def test_maps_that_a_check_refuses_are_a_fault_of_the_spec(tmp_path: Path) -> None:
    found = shown(tmp_path, MINIMAL + "maps: {channels: absolute_max, sign: signed}\n")
    assert {each.code for each in found} == {"S024"}
    assert {each.line for each in found} == {6, 7}


def test_every_fault_is_reported_at_once_in_the_order_of_the_source(tmp_path: Path) -> None:
    text = """\
version: 2
model: {path: a, build: "p:f"}
dataset: {source: digits, inputs: none}
methods:
  - gradeint
  - smoothgrad: {base: {integrated_gradients: {steps: 0}}, noise: -1}
  - smoothgrad: {samples: &x 3}
require:
  - cascading_randomization: {seeds: 3, seeds: 4}
  - {repeatability: {}, at_least: 3}
seeds: 4
"""
    found = shown(tmp_path, text)
    assert [(each.line, each.code) for each in found] == [
        (1, "S023"),
        (2, "S024"),
        (3, "S023"),
        (5, "S026"),
        (6, "S023"),
        (6, "S023"),
        (7, "S012"),
        (9, "S011"),
        (10, "S025"),
        (11, "S021"),
    ]
    assert [(each.line, each.column) for each in found] == sorted((each.line, each.column) for each in found)


def test_messages_are_our_own(tmp_path: Path) -> None:
    text = "version: x\nmodel: 3\ndataset: []\nmethods: {}\nrequire: 1\ntarget: []\nmaps: 1\nwaivers: [1, {}]\n"
    message = str(rejected(tmp_path, text))
    for foreign in ("Input should", "pydantic", "https://", "Field required", "type=", "Extra inputs", "valid "):
        assert foreign not in message


@pytest.mark.parametrize("text", ["", "\n\n# nothing\n", "null", "3", "- a\n- b\n", "just words"])
def test_what_is_no_spec_is_said_so(tmp_path: Path, text: str) -> None:
    assert rejected(tmp_path, text).code == "S002"


def test_a_file_that_is_not_utf_8_is_a_fault_at_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"version: 1\nseed: \xff\n")
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert [(each.code, each.line, each.column) for each in caught.value.faults] == [("S003", 2, 7)]


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert load_spec(path).version == 1


@pytest.mark.parametrize("name", ["absent.yaml", ".", "\0.yaml", "x" * 300])
def test_a_file_that_cannot_be_read_is_one_fault(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(tmp_path / name)
    assert caught.value.code == "S001"


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "digits.yaml").write_text("", encoding="utf-8")
    with pytest.raises(SpecError, match="did you mean `digits.yaml`"):
        load_spec(tmp_path / "digit.yaml")


def test_a_folder_is_not_answered_with_its_own_name(tmp_path: Path) -> None:
    folder = tmp_path / "digits.yaml"
    folder.mkdir()
    with pytest.raises(SpecError) as caught:
        load_spec(folder)
    assert "did you mean" not in str(caught.value)


def test_more_methods_than_a_spec_may_have_are_one_fault_and_are_not_read(tmp_path: Path) -> None:
    listed = "[gradient, smoothgrad]"
    fault = one(tmp_path, MINIMAL.replace(listed, f"[{'gradient, ' * LISTED}gradeint]"))
    assert f"at least one entry and at most {LISTED}, received a list of length {LISTED + 1}" in fault.what


def test_foreign_characters_cannot_steer_the_terminal(tmp_path: Path) -> None:
    message = str(rejected(tmp_path, MINIMAL + '"\u202eevil\u200b": 1\n'))
    assert "evil" in message
    assert not set(message) & {"\x1b", "\u202e", "\u200b"}


# --- Any text at all -------------------------------------------------------------------------------------------------

_KEYS = st.sampled_from(
    [
        "version",
        "model",
        "dataset",
        "methods",
        "require",
        "maps",
        "waivers",
        "gate",
        "runtime",
        "target",
        "audit",
        "path",
    ]
    + ["source", "smoothgrad", "gradient", "base", "repeatability", "cascading_randomization", "id", "check", "seeds"]
)
_LEAVES = st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats(allow_nan=False) | st.text(max_size=8) | _KEYS
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | st.text(max_size=5), inner, max_size=5),
    max_leaves=15,
)


def read(folder: Path, text: str) -> None:
    path = folder / "fuzz.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        assert isinstance(load_spec(path), Spec)
    except SpecError as error:
        assert error.faults
        assert str(error).startswith("error[S")


_FUZZ = settings(
    max_examples=150,
    deadline=2000,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@_FUZZ
@given(st.dictionaries(_KEYS, _VALUES, max_size=8))
@example({"methods": [{"smoothgrad": {"base": {"smoothgrad": {"base": {"smoothgrad": {"base": 3}}}}}}]})
@example({"methods": [{"smoothgrad": {"base": {"gradient": 3, "input": 4}}}], "require": [{"repeatability": [1]}]})
@example({"waivers": [{"check": "x"}, 3, None], "dataset": {"source": None, "preprocess": {"application": 3}}})
def test_any_mapping_is_a_spec_or_a_spec_error(tmp_path: Path, document: object) -> None:
    read(tmp_path, json.dumps(document))


@_FUZZ
@given(st.text(max_size=200) | st.text(alphabet="version: 1\n{}[]-&*!?'\"|>#,", max_size=200))
def test_any_text_is_a_spec_or_a_spec_error(tmp_path: Path, text: str) -> None:
    read(tmp_path, text)


@_FUZZ
@given(st.integers(0, len(MINIMAL) - 1), st.integers(0, 12), st.text(alphabet="{}[]:,-&*! \t\n0a'\"", max_size=3))
def test_any_damage_to_a_valid_spec_is_a_spec_or_a_spec_error(
    tmp_path: Path, position: int, length: int, inserted: str
) -> None:
    read(tmp_path, MINIMAL[:position] + inserted + MINIMAL[position + length :])
