"""A spec is read whole or refused whole: every fault at once, in our words, at its exact place."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audit.errors import SpecError
from audit.spec.spec import Spec, load_spec, spec_from_resolved
from tests.spec.written import MINIMAL, rejected, spec_of


def test_the_ready_specs_are_valid(specs: Path) -> None:
    found = [load_spec(path) for path in sorted(specs.glob("*.yaml"))]
    assert {spec.audit.id for spec in found} >= {"digits-cnn", "mnist-cnn"}


def test_the_model_of_the_first_spec_is_there(specs: Path) -> None:
    spec = load_spec(specs / "digits.yaml")
    assert spec.model.path is not None
    assert (spec.source_folder / spec.model.path).is_file()


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
