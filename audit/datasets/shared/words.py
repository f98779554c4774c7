"""Columns of words as numbers: a word's code is its place in a vocabulary."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from audit.errors import InputError

UNKNOWN = "[UNK]"
"""The word that stands in a vocabulary for all others, as in Keras."""


def words_of(values: Sequence[Any]) -> list[str]:
    """Return the cells of a column as words: empty ones as the empty word, whole numbers without a decimal point."""
    return [_word(value) for value in values]


def _word(value: Any) -> str:
    if value is None or value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def coded(words: Sequence[str], vocabulary: Sequence[str], where: str) -> np.ndarray:
    """Return each word's place (N,) float32; that of ``[UNK]``, where the vocabulary has it, for words it lacks.

    Raises:
        InputError: a word is not in the vocabulary, which has no ``[UNK]``.
    """
    places = {word: place for place, word in reversed(list(enumerate(vocabulary)))}
    unknown = sorted({word for word in words if word not in places})
    if unknown and UNKNOWN not in places:
        raise InputError(
            "D038",
            f"{len(unknown)} words of a column are not in its vocabulary",
            where=where,
            expected=", ".join(list(vocabulary)[:8]),
            received=", ".join(repr(word) for word in unknown[:8]),
            fix=f"add them to the vocabulary, or `{UNKNOWN}` for all others if the model has a place for unknown words",
        )
    return np.array([places.get(word, places.get(UNKNOWN)) for word in words], np.float32)
