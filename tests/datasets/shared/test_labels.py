"""Labels of any sensible kind become class indices; everything else is an error that shows the value."""

from typing import Any

import numpy as np
import pytest

from audit.datasets.shared.labels import whole_labels
from audit.errors import InputError


@pytest.mark.parametrize(
    "values",
    [
        np.array([2, 0, 1], np.uint8),
        np.array([2, 0, 1], ">i8"),
        np.array([2.0, 0.0, 1.0], np.float64),
        np.array([[2], [0], [1]], np.int32),
        np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], np.uint8),
        np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], bool),
        np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], np.float32),
    ],
)
def test_whole_numbers_and_one_hot_rows_are_labels(values: np.ndarray[Any, Any]) -> None:
    labels = whole_labels(values, "here")
    assert labels.dtype == np.int32
    assert labels.tolist() == [2, 0, 1]


def test_truth_values_are_two_classes() -> None:
    assert whole_labels(np.array([True, False]), "here").tolist() == [1, 0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.array([0.0, 1.5, 2.5]), "1.5 at position 1 (2 such values)"),
        (np.array([0.0, np.nan]), "nan at position 1"),
        (np.array([0, 2**40]), "at position 1"),
        (np.array([[0.2, 0.8], [0.0, 1.0]]), "row 0 is not one-hot"),
        (np.array([[1, 0], [1, 1]]), "row 1"),
        (np.array([[1, 0], [0, 0]]), "row 1"),
        (np.array(["cat", "dog"]), "<U3"),
        (np.zeros((2, 2, 2)), "(2, 2, 2)"),
    ],
)
def test_anything_else_is_refused_with_what_was_found(values: np.ndarray[Any, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        whole_labels(values, "labels.npz:y")
    assert caught.value.code == "D004"
    assert words in str(caught.value)
    assert "labels.npz:y" in str(caught.value)
