"""Identities with a closed form, each to within rounding in float32 unless it says otherwise; on the active backend.

Those that have a home of their own are tested there: the gradient of a sum-pooled convolution in
``methods/test_gradient.py``, recovery of handwritten digits by guided backprop in ``methods/test_guided_backprop.py``,
input shift in ``network/test_shift.py``, second moments in ``test_maps.py``, entropies in ``test_complexity.py``, the
null of masked noise in ``similarities/test_spearman.py``, ROAR's toy in ``test_roar_toy.py``, imputation in
``datasets/test_impute.py``, DiffROAR in ``test_diff_roar_synthetic.py`` and Krippendorff's alpha in
``test_agreement.py``.
"""

import numpy as np
import pytest

from audit.methods.deconvnet import Deconvnet
from audit.methods.deep_lift import DeepLift
from audit.methods.edge_detector import EdgeDetector
from audit.methods.gradient import Gradient
from audit.methods.guided_backprop import GuidedBackprop
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.lrp import Lrp
from audit.methods.random_map import RandomMap
from audit.methods.smoothgrad import SmoothGrad
from audit.methods.smoothgrad_squared import SmoothGradSquared
from audit.methods.vargrad import VarGrad
from audit.network.variants import closed_form
from audit.record import Original, Randomized
from audit.similarities.spearman import spearman
from tests import networks
from tests.checks.axioms import COUNT, bench_of, cnn
from tests.methods.explain import explain, logits

WEIGHT = np.array([2.0, -1.0, 0.5, 0.25, -3.0])
X = np.random.default_rng(0).normal(size=(6, 5))
ROUNDING = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture(scope="module")
def linear():
    return closed_form.linear(WEIGHT[:, None], [0.7])


def test_1_a_linear_function_has_its_weights_for_a_map(linear):
    expected = {
        Gradient(): WEIGHT + 0 * X,
        SmoothGrad(samples=4): WEIGHT + 0 * X,
        SmoothGradSquared(samples=4): WEIGHT**2 + 0 * X,
        VarGrad(samples=4): 0 * X,
        InputTimesGradient(): X * WEIGHT,
        IntegratedGradients(steps=1): X * WEIGHT,
        IntegratedGradients(steps=3, baseline=0.5): (X - 0.5) * WEIGHT,
    }
    for method, maps in expected.items():
        np.testing.assert_allclose(explain(linear, method, X, 0), maps, **ROUNDING, err_msg=str(method))
    change = logits(linear, X)[:, 0] - logits(linear, 0 * X)[:, 0]
    np.testing.assert_allclose(explain(linear, IntegratedGradients(steps=3), X, 0).sum(axis=1), change, **ROUNDING)


def test_2_a_sum_pooled_convolution():
    kernel = np.random.default_rng(1).normal(size=(3, 3))
    network, x = closed_form.sum_pool(kernel, 7), np.random.default_rng(2).normal(size=(3, 7, 7, 1))
    gradient = explain(network, Gradient(), x, 0)
    np.testing.assert_array_equal(explain(network, GuidedBackprop(), x, 0), gradient)
    inside = explain(network, Deconvnet(), x, 0)[:, 1:-1, 1:-1]
    np.testing.assert_allclose(inside, np.full_like(inside, kernel.sum()), **ROUNDING)
    attributions = explain(network, IntegratedGradients(steps=4), x, 0)
    np.testing.assert_allclose(attributions, x * gradient, **ROUNDING)
    np.testing.assert_allclose(attributions.sum(axis=(1, 2, 3)), logits(network, x)[:, 0], **ROUNDING)


def test_3_without_biases_four_methods_are_one():
    network, x = closed_form.homogeneous(), np.random.default_rng(3).normal(size=(4, 8, 8, 1))
    product = explain(network, InputTimesGradient(), x, 1)
    np.testing.assert_allclose(product.sum(axis=(1, 2, 3)), logits(network, x)[:, 1], **ROUNDING)
    same = [
        IntegratedGradients(steps=1),
        IntegratedGradients(steps=7),
        DeepLift(),
        Lrp(composite="epsilon", epsilon=1e-9),
    ]
    for method in same:
        np.testing.assert_allclose(explain(network, method, x, 1), product, **ROUNDING, err_msg=str(method))


def _rules(steps):
    """Points in [0, 1] and their weights: both ends with equal weights, right, left, midpoint, trapezoid, Gauss."""
    places, equal = np.arange(steps), np.full(steps, 1 / steps)
    ends = np.linspace(0, 1, steps)
    halved = np.where((places == 0) | (places == steps - 1), 0.5, 1.0) / (steps - 1)
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return [
        (ends, equal),
        ((places + 1) / steps, equal),
        (places / steps, equal),
        ((places + 0.5) / steps, equal),
        (ends, halved),
        ((nodes + 1) / 2, weights / 2),
    ]


QUADRATURE = {
    10: [1.000, 0.800, 1.000, 1.000, 1.000, 1.000],
    25: [0.960, 0.960, 1.040, 0.960, 0.958, 0.938],
    50: [1.000, 0.960, 1.000, 1.000, 1.000, 1.000],
    51: [0.980, 0.980, 1.020, 0.980, 0.980, 0.970],
    300: [1.000, 0.993, 1.000, 1.000, 1.000, 1.000],
}


@pytest.mark.parametrize("steps", QUADRATURE)
def test_4_the_quadrature_decides_how_complete_integrals_are(steps):
    """1 - ReLU(1 - x) from 0 to 2: the slope is 1 up to the middle of the way, then 0, and the true integral is 1."""
    # A point on the kink itself counts as closed, as ReLU'(0) = 0.
    table = [2 * weights[2 * points < 1 - 1e-9].sum() for points, weights in _rules(steps)]
    np.testing.assert_allclose(table, QUADRATURE[steps], atol=5.1e-4)
    found = explain(closed_form.saturating(), IntegratedGradients(steps=steps), [[2.0]], 0).item()
    assert found == pytest.approx(table[3], abs=1e-5)
    assert abs(found - 1) <= 1 / steps + 1e-5  # one kink costs at most half a step, which is 2 / steps long


def test_4_saturation_leaves_nothing_to_gradients():
    for method in (Gradient(), InputTimesGradient(), GuidedBackprop()):
        assert explain(closed_form.saturating(), method, [[2.0]], 0).item() == 0


def test_5_two_forms_of_one_function():
    """Published: gradients (1, -1) and integrals (1.5, -0.5) on both; DeepLIFT and LRP (1.5, -0.5) and (2, -1)."""
    pair, x = closed_form.rectified_pair(), [[3.0, 1.0]]
    excluded = Lrp(composite="epsilon", bias="none")
    expected = {
        Gradient(): ([1.0, -1.0], [1.0, -1.0], 1e-6),
        IntegratedGradients(steps=400): ([1.5, -0.5], [1.5, -0.5], 3 / 400),  # one kink: O(1 / steps)
        DeepLift(): ([1.5, -0.5], [2.0, -1.0], 1e-5),
        excluded: ([1.5, -0.5], [2.0, -1.0], 1e-5),
    }
    for method, (*maps, within) in expected.items():
        for network, attribution in zip(pair, maps, strict=True):
            assert logits(network, x).item() == 1
            np.testing.assert_allclose(explain(network, method, x, 0)[0], attribution, atol=within, err_msg=str(method))


def test_6_a_negative_signal_never_reaches_the_second_input():
    network, x = closed_form.rectified_pair()[0], np.random.default_rng(4).uniform(0, 4, (20, 2))
    for method in (GuidedBackprop(), Deconvnet()):
        assert (explain(network, method, x, 0)[:, 1] == 0).all()
    assert (explain(network, Gradient(), x, 0)[:, 1] != 0).any()


def test_7_an_input_without_weight_gets_nothing():
    weight = WEIGHT.copy()
    weight[3] = 0
    network = closed_form.linear(weight[:, None], [0.7])
    for method in (Gradient(), InputTimesGradient(), IntegratedGradients(steps=3), DeepLift()):
        assert (explain(network, method, X, 0)[:, 3] == 0).all()


def test_8_integrals_are_linear_in_the_function_and_guided_backprop_is_not():
    network, (a, b) = networks.mlp(), (2.0, -0.5)
    mixed = dict(network.params)
    for name in list(mixed)[-2:]:
        mixed[name] = a * mixed[name] + b * np.roll(mixed[name], -1, axis=-1)
    x = np.random.default_rng(5).normal(size=(6, 6))
    for method, linear in ((IntegratedGradients(steps=3), True), (GuidedBackprop(), False)):
        terms = a * explain(network, method, x, 0) + b * explain(network, method, x, 1)
        assert np.allclose(explain(network, method, x, 0, params=mixed), terms, atol=1e-5) is linear


def test_9_equal_factors_share_their_product():
    maps = explain(closed_form.product(), IntegratedGradients(steps=5), [[1.0, 1.0]], 0)
    np.testing.assert_allclose(maps, [[0.5, 0.5]], atol=1e-6)


def test_12_products_of_non_negative_matrices_converge_to_one_direction():
    generator, rates = np.random.default_rng(6), {}
    for name, draw in (("non-negative", generator.random), ("Gaussian", generator.standard_normal)):
        cosines = np.empty((400, 8))
        for trial in range(400):
            pair = generator.standard_normal((2, 30))
            for depth in range(8):
                pair = pair @ draw((30, 30))
                pair /= np.linalg.norm(pair, axis=1, keepdims=True)
                cosines[trial, depth] = pair[0] @ pair[1]
        rates[name] = cosines
    gaps = np.median(1 - np.abs(rates["non-negative"]), axis=0)
    assert (gaps[1:6] < gaps[:5] / 3).all() and gaps[5] < 1e-4  # geometrically, until rounding
    # Cosines of expectation 0 within [-1, 1]: their mean over 400 trials spreads by at most 1 / sqrt(400).
    assert np.abs(rates["Gaussian"].mean(axis=0)).max() < 3 / np.sqrt(400)


def test_13_what_parameter_randomisation_must_give():
    methods = {"gradient": Gradient(), "edges": EdgeDetector(), "noise": RandomMap()}
    bench = bench_of(cnn(), methods)
    stages = [Randomized(mode="cascading", stage=stage, seed=1) for stage in range(4)]
    reference = {name: bench.maps(name, Original()) for name in methods}
    scores = {name: [spearman(reference[name], bench.maps(name, each)) for each in stages] for name in methods}
    assert all((each[0] == 1).all() for each in scores.values())
    assert all((stage == 1).all() for stage in scores["edges"])
    pixels = reference["noise"][0].size
    for stage in scores["noise"][1:]:
        assert abs(stage.mean()) < 3 / np.sqrt((pixels - 1) * COUNT)
        assert (np.abs(stage) < 4 / np.sqrt(pixels - 1)).all()
    alone = bench.maps("gradient", Randomized(mode="independent", stage=1, seed=1))
    np.testing.assert_array_equal(alone, bench.maps("gradient", stages[1]))


def _drops(network, x, order):
    """The fall of the output (n, F) as features are set to zero one after the other."""
    changed, start, drops = x.copy(), logits(network, x)[:, 0], []
    rows = np.arange(len(x))
    for feature in order.T:
        changed[rows, feature] = 0
        drops.append(start - logits(network, changed)[:, 0])
    return np.stack(drops, axis=1)


@pytest.mark.parametrize("most_relevant_first", [True, False])
def test_16_the_area_over_the_perturbation_curve_of_a_linear_function(linear, most_relevant_first):
    terms = np.sort(X * WEIGHT, axis=1)
    terms = terms[:, ::-1] if most_relevant_first else terms
    features = X.shape[1]
    expected = (terms * (features - np.arange(features))).sum(axis=1).mean() / (features + 1)
    order = np.argsort(explain(linear, InputTimesGradient(), X, 0), axis=1)
    drops = _drops(linear, X, order[:, ::-1] if most_relevant_first else order)
    assert drops.sum(axis=1).mean() / (features + 1) == pytest.approx(expected, rel=1e-5)


def test_17_input_times_gradient_is_faithful_to_a_linear_function_and_the_gradient_is_not(linear):
    drops = np.concatenate([_drops(linear, X, np.full((len(X), 1), feature)) for feature in range(5)], axis=1)
    correlations = {
        method: [np.corrcoef(*pair)[0, 1] for pair in zip(explain(linear, method, X, 0), drops, strict=True)]
        for method in (InputTimesGradient(), Gradient())
    }
    np.testing.assert_allclose(correlations[InputTimesGradient()], 1.0, atol=1e-6)
    assert max(correlations[Gradient()]) < 0.99


def test_18_local_lipschitz_constants_of_a_linear_function(linear):
    steps = np.random.default_rng(7).normal(size=(30, 5)) * 0.1
    lengths = np.linalg.norm(steps, axis=1)
    for method, expected in ((Gradient(), 0 * lengths), (InputTimesGradient(), np.linalg.norm(steps * WEIGHT, axis=1))):
        moved = explain(linear, method, X[0] + steps, 0) - explain(linear, method, X[:1], 0)
        found = np.linalg.norm(moved, axis=1)
        np.testing.assert_allclose(found, expected, atol=2e-6)
        assert (found / lengths).max() <= np.abs(WEIGHT).max() + 1e-5
