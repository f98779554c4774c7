"""A table is read as it stands: its columns by name, its words as classes, its split by the seed, and no surprises."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from audit.datasets.dataset import validate
from audit.datasets.table import Table
from audit.errors import InputError
from audit.record import TableColumns

RNG = np.random.default_rng(0)


def saved(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def numbers(folder: Path, rows: int = 100, name: str = "t.csv") -> pd.DataFrame:
    """A table of two classes of unequal size, written and returned."""
    frame = pd.DataFrame(RNG.normal(size=(rows, 3)), columns=["u", "v", "w"])
    frame["y"] = RNG.permutation([0] * (rows - rows // 4) + [1] * (rows // 4))
    frame.to_csv(folder / name, index=False)
    return frame


def test_every_column_but_the_label_is_a_feature(tmp_path: Path) -> None:
    saved(tmp_path, "a,y,b\n1,0,2.5\n-3,1,4e-3\n")
    dataset = Table(path="t.csv", label="y").load(tmp_path)
    np.testing.assert_array_equal(dataset.x, np.array([[1, 2.5], [-3, 4e-3]], np.float32))
    assert dataset.x.dtype == np.float32 and dataset.y is not None and dataset.y.dtype == np.int32
    assert dataset.y.tolist() == [0, 1] and dataset.class_names == ()
    assert dataset.ids.tolist() == ["t-000000", "t-000001"]
    validate(dataset, (2,), 2)
    assert dataset.name == "t.csv" and dataset.columns is not None and dataset.columns.names == ("a", "b")


WORDS = "size,colour,y\n1,red,0\n2,blue,1\n3,,0\n4,green,1\n"


@pytest.mark.parametrize("fields", [{}, {"features": ("size", "colour")}, {"words": {}}])
def test_a_column_of_words_is_never_left_out_unsaid(tmp_path: Path, fields: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        Table(path="t.csv", label="y", **fields).load(saved(tmp_path, WORDS))
    assert caught.value.code == "D034" and "'red' in row 0" in str(caught.value.received)
    assert all(word in str(caught.value.fix) for word in ("`features`", "`words`", "`words: model`"))
    assert Table(path="t.csv", label="y", features=("size",)).load(tmp_path).x.shape == (4, 1)


def test_a_word_is_its_place_in_the_declared_vocabulary(tmp_path: Path) -> None:
    table = Table(path="t.csv", label="y", words={"colour": ("[UNK]", "blue", "red", "")})
    dataset = table.load(saved(tmp_path, WORDS))
    np.testing.assert_array_equal(dataset.x, np.array([[1, 2], [2, 1], [3, 3], [4, 0]], np.float32))
    assert dataset.columns == TableColumns(
        names=("size", "colour"), words={"colour": ("[UNK]", "blue", "red", "")}, declared=True
    )
    with pytest.raises(InputError) as caught:
        Table(path="t.csv", label="y", words={"colour": ("blue", "red")}).load(tmp_path)
    assert caught.value.code == "D038" and "'green'" in str(caught.value.received)


def test_words_that_the_model_looks_up_are_known_by_the_file_alone(tmp_path: Path) -> None:
    dataset = Table(path="t.csv", label="y", words="model").load(saved(tmp_path, WORDS))
    assert dataset.columns is not None and not dataset.columns.declared
    vocabulary = dataset.columns.words["colour"]
    assert vocabulary == ("", "blue", "green", "red")
    assert [vocabulary[int(code)] for code in dataset.x[:, 1]] == ["red", "blue", "", "green"]


def test_numbers_may_be_words(tmp_path: Path) -> None:
    table = Table(path="t.csv", words={"zip": ("8001", "8002")})
    dataset = table.load(saved(tmp_path, "zip,a\n8002,1\n8001,2\n"))
    np.testing.assert_array_equal(dataset.x, np.array([[1, 1], [0, 2]], np.float32))


def test_words_and_a_split_go_together(tmp_path: Path) -> None:
    saved(tmp_path, WORDS * 1 + "5,red,1\n6,blue,0\n")
    table = Table(path="t.csv", label="y", words="model", train_fraction=0.5)
    parts = [table.load(tmp_path), table.training(tmp_path)]
    assert all(part is not None and part.columns == parts[0].columns for part in parts)


@pytest.mark.parametrize("words", [{"b": ("x",)}, {"y": ("x",)}])
def test_words_of_what_is_no_feature_are_refused(words: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValidationError, match="is no feature"):
        Table(path="t.csv", label="y", features=("a",), words=words)


def test_features_stand_in_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    frame = numbers(tmp_path)
    dataset = Table(path="t.csv", label="y", features=("w", "u")).load(tmp_path)
    np.testing.assert_allclose(dataset.x, frame[["w", "u"]].to_numpy(), rtol=1e-6)


def test_labels_may_be_absent(tmp_path: Path) -> None:
    assert Table(path="t.csv").load(saved(tmp_path, "a,b\n1,2\n")).y is None


def test_words_become_classes_in_alphabetical_order(tmp_path: Path) -> None:
    saved(tmp_path, "a,y\n1,cat\n2,ant\n3,cat\n4,bee\n")
    dataset = Table(path="t.csv", label="y").load(tmp_path)
    assert dataset.class_names == ("ant", "bee", "cat") and dataset.y is not None
    assert dataset.y.tolist() == [2, 0, 2, 1]


def test_class_names_may_be_given_in_the_models_order(tmp_path: Path) -> None:
    saved(tmp_path, "a,y\n1,cat\n2,ant\n")
    dataset = Table(path="t.csv", label="y", class_names=("cat", "ant", "bee")).load(tmp_path)
    assert dataset.y is not None and dataset.y.tolist() == [0, 1]
    with pytest.raises(InputError, match="not among `class_names`"):
        Table(path="t.csv", label="y", class_names=("cat", "bee")).load(tmp_path)


def test_both_files_share_their_classes_though_either_lacks_one(tmp_path: Path) -> None:
    saved(tmp_path, "a,y\n1,cat\n2,ant\n")
    saved(tmp_path, "a,y\n1,bee\n2,cat\n", "train.csv")
    source = Table(path="t.csv", label="y", train_path="train.csv")
    test, training = source.load(tmp_path), source.training(tmp_path)
    assert training is not None and test.y is not None and training.y is not None
    assert test.class_names == training.class_names == ("ant", "bee", "cat")
    assert test.y.tolist() == [2, 0] and training.y.tolist() == [1, 2]
    assert not set(test.ids) & set(training.ids)


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.8, 0.99, 0.001])
def test_a_split_is_complete_disjoint_and_stratified(tmp_path: Path, fraction: float) -> None:
    numbers(tmp_path)
    source = Table(path="t.csv", label="y", train_fraction=fraction)
    whole, test, training = (
        Table(path="t.csv", label="y").load(tmp_path),
        source.load(tmp_path),
        source.training(tmp_path),
    )
    assert training is not None and training.y is not None and test.y is not None
    assert sorted([*test.ids, *training.ids]) == whole.ids.tolist()
    assert len(training.x) == min(max(round(fraction * 100), 1), 99)
    assert (abs(np.bincount(test.y, minlength=2) - len(test.y) * np.array([0.75, 0.25])) < 1).all()
    for part in (test, training):
        rows = [whole.ids.tolist().index(name) for name in part.ids]
        assert rows == sorted(rows)
        np.testing.assert_array_equal(part.x, whole.x[rows])
    again = source.training(tmp_path)
    assert again is not None and again.ids.tolist() == training.ids.tolist()


def test_no_training_rows_are_known_unless_they_are_named(tmp_path: Path) -> None:
    numbers(tmp_path)
    assert Table(path="t.csv", label="y").training(tmp_path) is None


def test_one_row_cannot_be_split(tmp_path: Path) -> None:
    saved(tmp_path, "a,y\n1,0\n")
    with pytest.raises(InputError, match="cannot split"):
        Table(path="t.csv", label="y", train_fraction=0.5).load(tmp_path)


@pytest.mark.parametrize(
    "fields",
    [
        {"train_path": "a.csv", "train_fraction": 0.5},
        {"train_fraction": 0.0},
        {"train_fraction": 1.0},
        {"label": "a", "features": ("a", "b")},
        {"features": ("a", "a")},
        {"lable": "y"},
        {"label": ""},
    ],
)
def test_faults_of_the_fields_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Table(path="t.csv", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", ["", "NaN", "inf", "-inf", "1e300"])
def test_what_is_no_finite_number_is_refused_with_its_row(tmp_path: Path, cell: str) -> None:
    dataset = Table(path="t.csv", label="y").load(saved(tmp_path, f"a,b,y\n1,2,0\n3,{cell},1\n"))
    with pytest.raises(InputError, match="1 of 2 inputs") as caught:
        validate(dataset, (2,), 2)
    assert (caught.value.code, caught.value.where) == ("D006", "t-000001")


@pytest.mark.parametrize(
    ("text", "fields", "code", "words"),
    [
        ("a,b\n1,x\n", {"features": ("a", "b")}, "D034", ["1 of 2", "b", "'x' in row 0"]),
        ("a,b\n1,99999999999999999999999999\n", {"features": ("b",)}, "D034", ["b"]),
        ("a,b\n1,2\n", {"label": "c"}, "D033", ["no column `c`", "a, b"]),
        ("alpha,b\n1,2\n", {"features": ("alhpa",)}, "D033", ["did you mean `alpha`?"]),
        ("a;y\n1;0\n", {}, "D035", ["a;y", "by commas"]),
        ("a,y\n1,0.5\n2,1\n", {"label": "y"}, "D004", ["0.5 at position 0"]),
        ("a,y\n1,\n2,1\n", {"label": "y"}, "D004", ["nan at position 0"]),
        ("a,y\n1,cat\n2,\n", {"label": "y"}, "D004", ["1 of 2", "row 1"]),
        ("a,y\n1,99999999999999999999999999\n", {"label": "y"}, "D004", ["row 0"]),
        ("a,a\n1,2\n", {}, "D032", ["two columns", "`a`"]),
        ("a,b\n1,2,3\n", {}, "D032", ["cannot read the table"]),
        ("a,b\n1,2,3\n4,5,6\n", {}, "D032", ["cannot read the table"]),
        ("a,b\n1,2\n4,5,6\n", {}, "D032", ["line 3"]),
        ('a,b\n1,"2\n', {}, "D032", ["EOF inside string"]),
        ('a,"b\n', {}, "D032", ["cannot read the table"]),
        ("", {}, "D032", ["no header"]),
        ("\n\na\n1\n", {}, "D032", ["no header"]),
        ("a,b\n", {}, "D032", ["no rows"]),
        (b"\xff\xfea\x00,\x00", {}, "D032", ["utf-8"]),
        (b"a,b\n1,\xff\n", {}, "D032", ["utf-8"]),
        (b"PK\x03\x04\x00\x00", {}, "D032", ["no rows"]),
    ],
)
def test_what_is_wrong_is_one_clear_error(
    tmp_path: Path, text: str | bytes, fields: dict[str, object], code: str, words: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        Table(path="t.csv", **fields).load(saved(tmp_path, text))  # type: ignore[arg-type]
    assert caught.value.code == code
    assert all(word in str(caught.value) for word in words)


def _parts(folder: Path, rows: list[str], **fields: object) -> tuple[list[str], list[str]]:
    """Return the training and the test rows of a table, as sorted lines."""
    saved(folder, "\n".join(["a,b,y", *rows]) + "\n")
    source = Table(path="t.csv", label="y", **fields)  # type: ignore[arg-type]
    parts = source.training(folder), source.load(folder)
    return tuple(sorted(f"{a:g},{b:g},{y}" for (a, b), y in zip(e.x, e.y, strict=True)) for e in parts)  # type: ignore


def _lines(count: int, different: int) -> list[str]:
    return [f"{number % different},{(number % different) ** 2},{number % 3}" for number in range(count)]


@given(st.permutations(_lines(40, 40)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_split_ignores_the_order_of_the_rows(tmp_path: Path, rows: list[str]) -> None:
    assert _parts(tmp_path, rows, train_fraction=0.6) == _parts(tmp_path, rows[::-1], train_fraction=0.6)


def test_a_split_depends_on_its_seed(tmp_path: Path) -> None:
    one, other = (_parts(tmp_path, _lines(40, 40), train_fraction=0.6, seed=seed) for seed in (0, 1))
    assert one != other


@pytest.mark.parametrize(("different", "fraction"), [(2, 0.5), (7, 0.8), (13, 0.3), (29, 0.5)])
def test_copies_never_lie_in_both_parts(tmp_path: Path, different: int, fraction: float) -> None:
    training, test = _parts(tmp_path, _lines(90, different), train_fraction=fraction)
    without_labels = [{line.rsplit(",", 1)[0] for line in part} for part in (training, test)]
    assert not without_labels[0] & without_labels[1] and all(without_labels)
    assert abs(len(training) - fraction * 90) <= 90 / different


def test_rows_that_are_all_alike_cannot_be_split(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot split"):
        _parts(tmp_path, ["1,2,0", "1,2,1", "1,2,0"], train_fraction=0.5)
