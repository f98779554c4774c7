"""A table's columns reach a model by name, words by its own vocabulary; whatever does not fit is one clear error."""

from dataclasses import replace

import numpy as np
import pytest

from audit.datasets.dataset import Dataset
from audit.errors import InputError
from audit.record import TableColumns
from audit.running.columns import fitted
from tests import networks

PLAIN = networks.mlp(3, 2)
BY_NAME = replace(PLAIN, columns=("age", "colour", "size"), words={"colour": ("[UNK]", "red", "green", "blue")})
NAMES, WORDS = ("size", "colour", "age", "id"), ("blue", "green", "grey", "red")


def table(names=NAMES, *, words=None, declared=False):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(20, len(names))).astype(np.float32)
    known = {"colour": WORDS} if words is None else words
    for name in known:
        x[:, names.index(name)] = np.arange(20) % len(known[name])
    columns = TableColumns(names=tuple(names), words=known, declared=declared)
    ids = np.array([f"r{row}" for row in range(20)])
    return Dataset(x=x, y=None, ids=ids, class_names=(), name="t.csv", columns=columns)


@pytest.mark.parametrize("seed", range(4))
def test_columns_are_found_by_name_in_any_order_and_words_by_the_models_vocabulary(seed):
    data = table()
    order = np.random.default_rng(seed).permutation(len(NAMES))
    names = tuple(NAMES[place] for place in order)
    moved = replace(data, x=data.x[:, order], columns=replace(data.columns, names=names))
    for given in (data, moved):
        found = fitted(given, BY_NAME)
        np.testing.assert_array_equal(found.x[:, 0], data.x[:, 2])
        np.testing.assert_array_equal(found.x[:, 2], data.x[:, 0])
        words = [WORDS[int(code)] for code in data.x[:, 1]]
        own = BY_NAME.words["colour"]
        assert [own[int(code)] for code in found.x[:, 1]] == [word if word in own else "[UNK]" for word in words]
        assert found.columns.names == BY_NAME.columns and "without `id`" in found.name


def test_plain_inputs_stay_as_they_are():
    for data in (table(words={}), table(declared=True), replace(table(), columns=None)):
        assert fitted(data, PLAIN) is data
    assert fitted(table(declared=True), BY_NAME).x.shape == (20, 3)


STRICT = replace(BY_NAME, words={"colour": ("red", "green", "blue")})
WRONG = {
    "no names": (replace(table(), columns=None), BY_NAME, "D042", "by name"),
    "missing": (table(("size", "colour", "id")), BY_NAME, "D042", "`age`"),
    "numbers for words": (table(words={}), BY_NAME, "D042", "words in `colour`"),
    "words for numbers": (table(words={"colour": WORDS, "age": ("old",)}), BY_NAME, "D042", "numbers in `age`"),
    "words for plain inputs": (table(), PLAIN, "D042", "numbers in `colour`"),
    "unknown word": (table(), STRICT, "D038", "red, green, blue"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_one_clear_error(name):
    data, network, code, words = WRONG[name]
    with pytest.raises(InputError) as caught:
        fitted(data, network)
    assert caught.value.code == code and words in str(caught.value.expected) and caught.value.fix
