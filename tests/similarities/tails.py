"""Independent maps whose values have lighter or heavier tails, two of each pair."""

import numpy as np

DRAWS = {
    "uniform": lambda generator, shape: generator.uniform(-1, 1, shape),
    "gaussian": lambda generator, shape: generator.standard_normal(shape),
    "student": lambda generator, shape: generator.standard_t(3, shape),
    "laplace": lambda generator, shape: generator.laplace(size=shape),
    "cubed_laplace": lambda generator, shape: generator.laplace(size=shape) ** 3,
}


def pairs(kind, count, side, *channels):
    """Two stacks of independent maps (count, side, side), or with a number of channels (count, side, side, C)."""
    return DRAWS[kind](np.random.default_rng([side, len(kind)]), (2, count, side, side, *channels))


def near(found, expected, within):
    """Whether a mean over pairs is an expected number, give or take four of its standard errors and a rounding."""
    return abs(found.mean() - expected) < 4 * found.std() / np.sqrt(len(found)) + within
