"""Rows of a CSV or Parquet file: flat inputs, one number for each feature column."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from audit.datasets.dataset import Dataset, Source, TableColumns
from audit.datasets.shared.files import existing, nearest
from audit.datasets.shared.labels import whole_labels
from audit.datasets.shared.split import held_out
from audit.datasets.shared.tabular import read
from audit.datasets.shared.words import coded, words_of
from audit.declare import declared
from audit.errors import InputError

if TYPE_CHECKING:
    from pandas import DataFrame

Column = Annotated[str, Field(min_length=1, max_length=1000)]
Vocabulary = Annotated[tuple[Annotated[str, Field(max_length=1000)], ...], Field(min_length=1, max_length=100_000)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


@declared
class Table(Source):
    """A row is an input, a column a feature: (N, F) float32, read from ``.csv`` (comma, header, UTF-8) or ``.parquet``.

    A column of words needs ``words``, which says what number the model sees for each, or ``features`` without it: none
    is left out unsaid. A model that takes the columns by name finds them by name, in whatever order they stand. Between
    words there is nothing, so the gradient by a code is 0: methods that replace features say more about them.

    Labels are whole numbers, or words that become classes in alphabetical order. Empty cells become NaN, which is
    refused with the row's id; numbers too large for float32 become infinite, which is refused too. Parquet needs the
    package ``pyarrow``.
    """

    path: str
    """Path of the file, relative to the spec's folder."""

    label: Column | None = None
    """Name of the label column; null if there is none."""

    features: Annotated[tuple[Column, ...], Field(max_length=10_000)] = ()
    """Feature columns, in the model's order. Default: every column except the label."""

    words: dict[str, Vocabulary] | Literal["model"] | None = None
    """Columns of words, each with its vocabulary: the model sees a word's place in it, from 0. Words that it lacks
    count as its ``[UNK]``. ``model`` takes the vocabularies of the model's own ``StringLookup`` layers."""

    train_path: str | None = None
    """Path of a file of the same kind with the training rows."""

    train_fraction: Fraction | None = None
    """Share of the rows that the model is trained on, stratified by class; only the others are explained. Rows are
    chosen by their values, in whatever order they stand, and copies of a row are never split."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of that split. The spec's own seed leaves it alone: it does not change what a model was trained on."""

    class_names: tuple[str, ...] = ()
    """Names of the classes, by index. Default for labels that are words: all of them, sorted."""

    @model_validator(mode="after")
    def _one_way_to_train(self) -> "Table":
        if self.train_path is not None and self.train_fraction is not None:
            raise ValueError("`train_path` and `train_fraction` cannot be combined")
        if self.label is not None and self.label in self.features:
            raise ValueError(f"the label `{self.label}` is among the features")
        if len(set(self.features)) < len(self.features):
            raise ValueError("a column is listed twice in `features`")
        unused = [column for column in self._vocabularies() if self.features and column not in self.features]
        if unused or self.label in self._vocabularies():
            raise ValueError(f"`{(unused or [self.label])[0]}` is among the `words` but is no feature")
        return self

    def load(self, root: Path) -> Dataset:
        """Read the rows that may be explained.

        Raises:
            InputError: the file or a column is missing, unreadable or not numeric; labels are no classes.
            RefusedError: the file is larger than a table may be.
        """
        whole = self._whole(root, self.path)
        return whole if self.train_fraction is None else _part(whole, self._split(whole), "test")

    def training(self, root: Path) -> Dataset | None:
        """Read the rows that the model is trained on; None where the spec names none.

        Raises:
            InputError: as for ``load``.
            RefusedError: as for ``load``.
        """
        if self.train_path is not None:
            return self._whole(root, self.train_path)
        if self.train_fraction is None:
            return None
        whole = self._whole(root, self.path)
        return _part(whole, np.setdiff1d(np.arange(len(whole.x)), self._split(whole)), "train")

    def _whole(self, root: Path, name: str) -> Dataset:
        path = existing(root / name)
        frame = read(path)
        columns = self._feature_columns(frame, path)
        words = {each: self._vocabulary(frame, each) for each in columns if self._of_words(frame, each)}
        parts = [
            coded(words_of(frame[each].tolist()), words[each], f"{path}:{each}")
            if each in words
            else _numbers(frame, each)
            for each in columns
        ]
        y, names = self._labels(frame, root, path)
        return Dataset(
            x=np.stack(parts, axis=1),
            y=y,
            ids=np.array([f"{path.stem}-{position:06d}" for position in range(len(frame))], np.str_),
            class_names=names,
            name=path.name,
            columns=TableColumns(names=columns, words=words, declared=self.words != "model"),
        )

    def _vocabularies(self) -> dict[str, tuple[str, ...]]:
        return self.words if isinstance(self.words, dict) else {}

    def _vocabulary(self, frame: "DataFrame", column: str) -> tuple[str, ...]:
        return self._vocabularies().get(column) or tuple(sorted(set(words_of(frame[column].tolist()))))

    def _of_words(self, frame: "DataFrame", column: str) -> bool:
        return column in self._vocabularies() or (self.words == "model" and not _numeric(frame, column))

    def _split(self, whole: Dataset) -> np.ndarray:
        return held_out(whole, float(self.train_fraction or 0), self.seed)

    def _feature_columns(self, frame: "DataFrame", path: Path) -> tuple[str, ...]:
        for column in (*self.features, *self._vocabularies()):
            _check_present(frame, column, path)
        found = self.features or tuple(column for column in frame.columns if column != self.label)
        unread = [each for each in found if not _numeric(frame, each) and not self._of_words(frame, each)]
        if not self.features and len(unread) == len(found):
            raise InputError(
                "D035",
                "the table has no numeric feature column",
                where=str(path),
                received=", ".join(map(str, frame.columns[:8])),
                fix="separate columns by commas, use a decimal point, and give words a vocabulary in `words`",
            )
        if unread:
            raise InputError(
                "D034",
                f"{len(unread)} of {len(found)} feature columns are not numeric",
                where=f"{path}: {', '.join(unread[:8])}",
                expected="numbers, or a vocabulary in `words`",
                received=_first_word(frame, unread[0]),
                fix="list the model's columns in `features`, or say in `words` which number stands for each word "
                "(`words: model` if the model looks words up itself)",
            )
        return found

    def _labels(self, frame: "DataFrame", root: Path, path: Path) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """Return labels (N,) and the classes' names, which words have and numbers may have."""
        if self.label is None:
            return None, self.class_names
        _check_present(frame, self.label, path)
        where = f"{path}:{self.label}"
        if _numeric(frame, self.label):
            return whole_labels(frame[self.label].to_numpy(np.float64, na_value=np.nan), where), self.class_names
        words = _words(frame, self.label, where)
        names = self.class_names or self._all_words(root, words)
        unknown = sorted(set(words) - set(names))
        if unknown:
            raise InputError(
                "D036",
                f"{len(unknown)} labels are not among `class_names`",
                where=where,
                expected=", ".join(names),
                received=", ".join(unknown[:8]),
            )
        index = {name: place for place, name in enumerate(names)}
        return np.array([index[word] for word in words], np.int32), names

    def _all_words(self, root: Path, words: list[str]) -> tuple[str, ...]:
        """Return the classes of both files, sorted: either alone may lack one."""
        known = set(words)
        for name in (self.path, self.train_path):
            if name is not None and self.label is not None:
                path = existing(root / name)
                frame = read(path)
                _check_present(frame, self.label, path)
                known |= set(_words(frame, self.label, f"{path}:{self.label}"))
        return tuple(sorted(known))


def _part(whole: Dataset, rows: np.ndarray, name: str) -> Dataset:
    return Dataset(
        x=whole.x[rows],
        y=None if whole.y is None else whole.y[rows],
        ids=whole.ids[rows],
        class_names=whole.class_names,
        name=f"{whole.name} ({name})",
        columns=whole.columns,
    )


def _numbers(frame: "DataFrame", column: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        return frame[column].to_numpy(np.float64, na_value=np.nan).astype(np.float32)


def _numeric(frame: "DataFrame", column: str) -> bool:
    from pandas.api import types

    return types.is_bool_dtype(frame[column]) or types.is_any_real_numeric_dtype(frame[column])


def _words(frame: "DataFrame", column: str, where: str) -> list[str]:
    values: list[Any] = frame[column].tolist()
    wrong = [place for place, value in enumerate(values) if not isinstance(value, str)]
    if wrong:
        raise InputError(
            "D004",
            f"{len(wrong)} of {len(values)} labels are missing or not words, although the others are words",
            where=f"{where}, row {wrong[0]}",
            expected="an integer in every row, or a word in every row",
            received=repr(values[wrong[0]])[:80],
        )
    return values


def _first_word(frame: "DataFrame", column: str) -> str:
    from pandas import to_numeric

    broken = frame[column][to_numeric(frame[column], errors="coerce").isna() & frame[column].notna()]
    return f"{str(broken.iloc[0])[:80]!r} in row {broken.index[0]}" if len(broken) else str(frame[column].dtype)


def _check_present(frame: "DataFrame", column: str, path: Path) -> None:
    if column not in frame.columns:
        names = [str(each) for each in frame.columns]
        raise InputError(
            "D033",
            f"the table has no column `{column}`",
            where=str(path),
            expected=f"one of {', '.join(names[:12])}",
            fix=nearest(column, names),
        )
