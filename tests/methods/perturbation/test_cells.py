"""Masks of cells: how they are interpolated, and how images move under them."""

import numpy as np
import pytest

from audit.backend import active
from audit.methods.meaningful_perturbation import _moved
from audit.methods.perturbation.cells import bells
from tests.methods.explain import tensor
from tests.methods.one_patch import INPUTS, SIZE


def test_images_move_by_whole_pixels_and_repeat_their_border() -> None:
    moved = active().to_numpy(_moved(tensor(INPUTS), tensor(np.array([[0, 0], [1, 0], [2, 1]], np.float32))))
    assert np.allclose(moved[0], INPUTS[0]) and np.allclose(moved[1, 1:], INPUTS[1, :-1])
    assert np.allclose(moved[1, 0], INPUTS[1, 0])
    assert np.allclose(moved[2, 2:, 1:], INPUTS[2, :-2, :-1]) and np.allclose(moved[2, :3, :2], INPUTS[2, 0, 0])


def test_interpolation_averages_cells_under_a_gaussian() -> None:
    matrix = bells(8, 4, 0.625)
    assert np.allclose(matrix.sum(axis=1), 1) and np.allclose(matrix, matrix[::-1, ::-1])
    assert matrix[0, 0] / matrix[0, 1] == pytest.approx(np.exp((1.25**2 - 0.25**2) / (2 * 0.625**2)), rel=1e-4)
    assert np.array_equal(bells(SIZE, SIZE, 0.01), np.eye(SIZE))
