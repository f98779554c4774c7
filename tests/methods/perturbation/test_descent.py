"""The descent takes the steps of its definition."""

import numpy as np
from keras import ops

from audit.backend import active
from audit.methods.perturbation.descent import adam


def test_adams_steps_are_those_of_its_definition() -> None:
    start, weights = np.full((2, 3), 0.5, np.float32), np.array([[1.0, -2.0, 0.1], [3.0, 0.0, -0.5]], np.float32)
    descend = active().compile(lambda mask: adam(lambda each, _: ops.sum(weights * each**2, axis=1), mask, 3, 0.1))
    mask, mean, square = start.astype(np.float64), 0.0, 0.0
    for step in range(3):
        slope = 2 * weights * mask
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        move = mean / (1 - 0.9 ** (step + 1)) / (np.sqrt(square / (1 - 0.999 ** (step + 1))) + 1e-8)
        mask = np.clip(mask - 0.1 * (1 - step / 3) * move, 0, 1)
    assert np.allclose(active().to_numpy(descend(start)), mask, atol=1e-5)
