"""The rules of layer-wise relevance propagation, each for any linear operation z = W x + b.

A rule divides the relevance R_j of each output among the inputs i in proportion to contributions c_ij, R_i = sum over j
of c_ij / (sum of c_ij over i, and the bias) R_j. All contributions are products of a transformed kernel and a
transformed input, so one application of the same operation gives the sums, and its vector-Jacobian product the shares:
no rule knows dense layers from convolutions.

Zero over zero is zero: an output without contributions hands on nothing. Sums of terms of one sign are kept apart, and
never cancel in float32; only ``epsilon`` and ``gamma`` divide by sums that may, and are stabilised.
Source: Bach et al. 2015, doi:10.1371/journal.pone.0130140; Montavon et al. 2019, doi:10.1007/978-3-030-28954-6_10.
"""

from collections.abc import Callable
from typing import Any

from audit.backend import active
from audit.methods.backward.linear import Linear

Array = Any

LinearRule = Callable[[Linear, Array], Array]
"""``(linear, relevance of its output) -> relevance of its input``."""

_SMALLEST = 1e-30
"""Sums below are zero: above, relevance over the sum stays within float32, whose largest number is 3e38."""


def epsilon(size: float) -> LinearRule:
    """R_i = x_i sum_j w_ij R_j / (z_j + size * sign(z_j)), sign(0) = 1."""

    def rule(linear: Linear, relevance: Array) -> Array:
        return _shares([(linear.kernel, linear.x)], linear, relevance / stabilised(linear.z, size))

    return rule


def gamma(factor: float, size: float) -> LinearRule:
    """Contributions of the output's sign count (1 + factor) times; for inputs and outputs above 0, w + factor w+."""

    def rule(linear: Linear, relevance: Array) -> Array:
        from keras import ops

        result, own = 0.0, [(linear.kernel, linear.x)]
        for sign in (1.0, -1.0):
            favoured = of_sign(linear, sign)
            total = linear.z + factor * (sums(favoured, linear) + part_of(linear.bias, sign))
            chosen = ops.where(sign * linear.z > 0, relevance / stabilised(total, size), 0.0)
            result = result + _shares(own, linear, chosen) + factor * _shares(favoured, linear, chosen)
        return result

    return rule


def alpha_beta(alpha: float) -> LinearRule:
    """R_i = sum_j (alpha c+_ij / c+_j - beta c-_ij / c-_j) R_j with alpha - beta = 1; alpha = 1 is the z+ rule.

    c+_j and c-_j are the sums of the positive and of the negative contributions, the bias counted among them. An
    output whose contributions are of one sign gives its whole relevance to them: the formula
    leaves that 0/0 open, and alpha R_j would not conserve.
    """

    def rule(linear: Linear, relevance: Array) -> Array:
        from keras import ops

        parts = [(of_sign(linear, sign), sign) for sign in (1.0, -1.0)]
        totals = [sums(terms, linear) + part_of(linear.bias, sign) for terms, sign in parts]
        positive, negative = (ops.abs(total) > _SMALLEST for total in totals)
        both = ops.logical_and(positive, negative)
        received = (ops.where(both, factor * relevance, relevance) for factor in (alpha, 1.0 - alpha))
        return sum(
            _shares(terms, linear, ratio(own, total))
            for (terms, _), own, total in zip(parts, received, totals, strict=True)
        )

    return rule


def w_square(linear: Linear, relevance: Array) -> Array:
    """R_i = sum_j w_ij^2 / (sum of w_ij^2 over i) R_j."""
    return _proportional([(linear.kernel * linear.kernel, linear.support)], linear, relevance)


def flat(linear: Linear, relevance: Array) -> Array:
    """R_i = sum_j R_j / n_j, with n_j the inputs that output j is connected to."""
    from keras import ops

    return _proportional([(ops.ones_like(linear.kernel), linear.support)], linear, relevance)


def bounded(linear: Linear, relevance: Array) -> Array:
    """R_i = sum_j c_ij / (sum of c_ij over i) R_j, c_ij = x_i w_ij - l_i w+_ij - h_i w-_ij, for inputs in [l, h].

    Written (x_i - l_i) w+_ij + (x_i - h_i) w-_ij: two terms that are never negative, so that nothing cancels. An input
    outside [l, h] widens its own bounds to itself, or its contribution would be negative.
    """
    from keras import ops

    low, high = linear.bounds or (linear.x, linear.x)
    above = ops.maximum(linear.x - low, 0.0) * linear.support
    below = ops.minimum(linear.x - high, 0.0) * linear.support
    return _proportional(
        [(part_of(linear.kernel, 1.0), above), (part_of(linear.kernel, -1.0), below)], linear, relevance
    )


Terms = list[tuple[Array, Array]]
"""Contributions as (kernel, input) pairs: c_ij is the sum of their products."""


def _proportional(terms: Terms, linear: Linear, relevance: Array) -> Array:
    return _shares(terms, linear, ratio(relevance, sums(terms, linear)))


def of_sign(linear: Linear, sign: float) -> Terms:
    """Return the contributions x_i w_ij of one sign."""
    return [(part_of(linear.kernel, each), part_of(linear.x, sign * each)) for each in (1.0, -1.0)]


def part_of(value: Array, sign: float) -> Array:
    """Return the entries of one sign, 0 for the others."""
    from keras import ops

    return ops.maximum(value, 0.0) if sign > 0 else ops.minimum(value, 0.0)


def sums(terms: Terms, linear: Linear) -> Array:
    """Return the sum of the contributions to each output."""
    return sum(linear.apply(kernel, value) for kernel, value in terms)


def _shares(terms: Terms, linear: Linear, ratios: Array) -> Array:
    """Return sum over j of c_ij ratio_j, by the operation's vector-Jacobian product."""
    return sum(value * transposed(linear, kernel, ratios) for kernel, value in terms)


def transposed(linear: Linear, kernel: Array, ratios: Array) -> Array:
    """Return sum over j of w_ij ratio_j for any kernel w."""
    _, pullback = active().vjp(lambda value: linear.apply(kernel, value), linear.x)
    return pullback(ratios)[0]


def ratio(above: Array, below: Array) -> Array:
    """Return above / below, 0 where below is 0."""
    from keras import ops

    zero = ops.abs(below) <= _SMALLEST
    return ops.where(zero, 0.0, above / ops.where(zero, 1.0, below))


def stabilised(value: Array, size: float) -> Array:
    """Return value + size * sign(value), with sign(0) = 1."""
    from keras import ops

    return ops.where(value >= 0, value + size, value - size)
