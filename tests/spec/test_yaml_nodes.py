"""YAML is read by version 1.2, with places, and everything that could surprise is a fault."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.spec.yaml_nodes import DEEPEST, LARGEST, MOST, YamlNode, read


def codes(text: str) -> list[str]:
    return [fault.code for fault in read(text)[1]]


def value(text: str) -> object:
    root, faults = read(text)
    assert faults == []
    assert root is not None
    return root.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-3", 0.001),
        ("-2.5E+3", -2500.0),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("010", 10),
        ("0x10", 16),
        ("1:30", "1:30"),
        ("2027-01-31", "2027-01-31"),
        ("~", None),
        ('"1"', "1"),
        ("=", "="),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, expected: object) -> None:
    found = value(f"key: {text}")
    assert found == {"key": expected}
    assert type(found["key"]) is type(expected)  # type: ignore[index]


def test_every_key_and_value_knows_its_place() -> None:
    root, _ = read("a: 1\nbb: {c: [x, 'y z']}\n")
    assert root is not None
    assert (root.keys["bb"].line, root.keys["bb"].column, root.keys["bb"].width) == (2, 1, 2)
    inner = root.children["bb"].children["c"].children[1]
    assert (inner.value, inner.span.line, inner.span.column, inner.span.width) == ("y z", 2, 13, 5)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a:\n\t- b", "S010", 2, 1),
        ("a: [1, 2", "S010", 1, 9),
        ("a: b: c", "S010", 1, 5),
        ("a: 1\nb: 2\na: 3", "S011", 3, 1),
        ("a: {b: 1, b: 2}", "S011", 1, 11),
        ("a: &x 1", "S012", 1, 4),
        ("a: *x", "S012", 1, 4),
        ("a: !!str 1", "S012", 1, 4),
        ("a: !!python/object:os.system 1", "S012", 1, 4),
        ("<<: {a: 1}", "S012", 1, 1),
        ("%YAML 1.1\n---\na: 1", "S012", 2, 1),
        ("a: 1\n---\nb: 1", "S014", 2, 1),
        ("{[1]: 2}", "S015", 1, 2),
        ("a: .inf", "S016", 1, 4),
        ("a: .nan", "S016", 1, 4),
        ("a: 1e999", "S016", 1, 4),
        (f"a: {'9' * 5000}", "S016", 1, 4),
        ('a: "\\0"', "S016", 1, 4),
        ('a: "\\ud800"', "S016", 1, 4),
        ("[" * (DEEPEST + 1), "S013", 1, DEEPEST + 1),
    ],
)
def test_a_fault_has_its_code_and_place(text: str, code: str, line: int, column: int) -> None:
    faults = read(text)[1]
    assert [(fault.code, fault.line, fault.column) for fault in faults] == [(code, line, column)]


def test_a_duplicate_names_both_places_and_keeps_the_first() -> None:
    root, faults = read("a: 1\nb: 2\na: {c: 3}\n")
    assert root is not None
    assert root.value == {"a": 1, "b": 2}
    assert faults[0].line == 3
    assert "line 1, column 1" in faults[0].hint


def test_all_faults_are_found_in_one_reading() -> None:
    assert codes("a: &x 1\na: 2\nb: .inf\nc: !t 3\n") == ["S012", "S011", "S016", "S012"]


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, "{a: " * 50_000, "- " * 50_000, "- 1\n" * (MOST + 1), "a" * (LARGEST + 1), "? " * 50_000],
    ids=["lists", "mappings", "dashes", "values", "large", "questions"],
)
def test_what_would_exhaust_a_parser_is_refused(text: str) -> None:
    root, faults = read(text)
    assert root is None
    assert [fault.code for fault in faults] == ["S013"] or faults[0].code in ("S010", "S015")


@settings(max_examples=300, deadline=2000)
@given(st.text(max_size=300) | st.text(alphabet="ab:{}[]-?!&*<>|%#'\"\n\t ,1.e\\ux0", max_size=120))
def test_any_text_is_read_or_refused_quickly(text: str) -> None:
    root, faults = read(text)
    assert root is None or isinstance(root, YamlNode)
    lines = text.splitlines() or [""]
    for fault in faults:
        assert fault.column >= 1
        assert 1 <= fault.line <= len(lines) + 1


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(st.characters(codec="utf-8"), max_size=9),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz", min_size=1), inner, max_size=4),
        max_leaves=12,
    )
)
def test_json_reads_back_as_itself(original: object) -> None:
    import json

    root, faults = read(json.dumps({"value": original}))
    control = [fault for fault in faults if fault.code == "S016"]
    assert faults == control
    assert control or (root is not None and root.value == {"value": original})
