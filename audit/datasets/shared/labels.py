"""Labels as files hold them, turned into class indices."""

import numpy as np

from audit.errors import InputError


def whole_labels(values: np.ndarray, where: str) -> np.ndarray:
    """Return labels (N,) int32 from whole numbers of any type, (N,) or (N, 1), or from one-hot rows (N, K).

    Raises:
        InputError: the values are no labels; ``where`` says whose they are.
    """
    numbers = values.astype(np.int8) if values.dtype == np.bool_ else values
    if not (np.issubdtype(numbers.dtype, np.integer) or np.issubdtype(numbers.dtype, np.floating)):
        raise _label_error(where, f"values of type {values.dtype}")
    if numbers.ndim == 2 and numbers.shape[1] > 1:
        numbers = _from_one_hot(numbers, where)
    if numbers.ndim not in (1, 2):
        raise _label_error(where, f"an array of shape {values.shape}")
    numbers = numbers.reshape(-1)
    wrong = np.flatnonzero(~np.isfinite(numbers) | (numbers != np.round(numbers)) | (abs(numbers) > 2**31 - 1))
    if len(wrong):
        raise _label_error(where, f"{numbers[wrong[0]]} at position {wrong[0]} ({len(wrong)} such values)")
    return numbers.astype(np.int32)


def _from_one_hot(rows: np.ndarray, where: str) -> np.ndarray:
    wrong = np.flatnonzero(((rows != 0) & (rows != 1)).any(axis=1) | (rows.sum(axis=1) != 1))
    if len(wrong):
        raise _label_error(where, f"shape {rows.shape}, and row {wrong[0]} is not one-hot")
    return np.argmax(rows, axis=1)


def _label_error(where: str, received: str) -> InputError:
    return InputError(
        "D004",
        "the labels are not integers",
        where=where,
        expected="class indices (N,), or one-hot rows (N, K)",
        received=received,
        fix="store the class index of each input, starting at 0",
    )
