"""A column of words as numbers, and back."""

import numpy as np
import pytest

from audit.datasets.shared.words import coded, words_of
from audit.errors import InputError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("seed", range(5))
def test_a_code_is_the_words_place(seed):
    vocabulary = [f"w{each}" for each in np.random.default_rng(seed).permutation(20)]
    words = RNG.choice(vocabulary, 50).tolist()
    codes = coded(words, vocabulary, "here")
    assert codes.dtype == np.float32 and [vocabulary[int(code)] for code in codes] == words


def test_what_a_vocabulary_lacks_is_unknown_or_refused():
    assert coded(["a", "z", ""], ["[UNK]", "a"], "here").tolist() == [1, 0, 0]
    with pytest.raises(InputError) as caught:
        coded(["a", "z", ""], ["a"], "table:column")
    assert caught.value.code == "D038" and caught.value.where == "table:column"
    assert "'z'" in str(caught.value.received) and "[UNK]" in str(caught.value.fix)


def test_the_first_of_equal_words_counts():
    assert coded(["[UNK]"], ["[UNK]", "[UNK]", "a"], "here").tolist() == [0]


def test_cells_become_words():
    assert words_of(["a", None, float("nan"), 3, 3.0, 2.5, True]) == ["a", "", "", "3", "3", "2.5", "True"]
