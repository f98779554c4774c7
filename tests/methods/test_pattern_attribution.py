"""PatternAttribution by its special cases and by the formula of its paper."""

import numpy as np

from audit.backend import active
from audit.methods.fitted import learner
from audit.methods.gradient import Gradient
from audit.methods.lrp import Lrp
from audit.methods.pattern_attribution import PatternAttribution
from audit.methods.pattern_net import PatternNet
from tests import networks
from tests.methods.explain import explain, keys, logits
from tests.methods.patterned import DATA, function, mlp
from tests.methods.test_pattern_net import bench


def test_the_paper_s_formula_says_by_how_much_they_move() -> None:
    """The numerator gains m (E+[y] - E[y]), which the covariance of a linear pattern has not."""
    variant, network = bench().variant("constant_shift", level=-1.0), mlp()
    y = DATA.astype(np.float64) @ network.params["hidden/kernel"] + network.params["hidden/bias"]
    shift, kernel = variant.notes["shift"][0, 0], network.params["hidden/kernel"].astype(np.float64)
    assert variant.carry is not None
    anew = learner(PatternNet(), variant.network)
    assert anew is not None
    moved = anew(variant.network.params, variant.carry(DATA))["pattern of hidden"]
    for unit in range(5):
        opened = y[:, unit] > 0
        numerator = np.mean(DATA[opened] * (y[opened, unit] - y[:, unit].mean())[:, None], axis=0)
        numerator += shift * (y[opened, unit].mean() - y[:, unit].mean())
        expected = numerator / (kernel[:, unit] @ numerator)
        assert np.allclose(moved[:, unit], expected, atol=1e-3 * abs(expected).max())


def test_special_cases_are_the_gradient_and_lrp() -> None:
    network, x = mlp(), DATA[:4]
    own = {
        **network.params,
        **{f"pattern of {name}": network.params[f"{name}/kernel"] for name in ("hidden", "logits")},
    }
    targets = np.array([0, 1, 2, 0], np.int32)
    along_weights = active().to_numpy(function()(own, x, targets, keys(4)))
    expected = explain(network, Gradient(), x, targets) * logits(network, x)[range(4), targets][:, None]
    assert np.allclose(along_weights, expected, atol=1e-5 * abs(expected).max())
    plain = networks.linear([[0.5, -1.0], [2.0, 1.0], [1.0, 3.0]], [0.0, 0.0])
    point = np.array([[1.0, 2.0, 3.0]], np.float32)
    root_zero = {**plain.params, "pattern of dense": np.repeat(point.T, 2, axis=1) / logits(plain, point)}
    whole = PatternAttribution().attribute(plain)(root_zero, point, np.array([1], np.int32), keys(1))
    assert np.allclose(active().to_numpy(whole), explain(plain, Lrp(composite="epsilon"), point, 1), atol=1e-5)
