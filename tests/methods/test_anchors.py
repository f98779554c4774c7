"""Anchors find exactly the units that decide, as briefly as possible, and say how sure the rule is."""

import numpy as np

from audit.methods.anchors import Anchors, decided
from tests import networks
from tests.methods.explain import explain


def test_on_a_network_that_is_a_rule_the_map_is_the_deciding_features() -> None:
    weight = np.zeros((6, 2))
    weight[[1, 4], 0] = 1.0
    network = networks.linear(weight, [-1.5, 0.0])  # class 0 wins where features 1 and 4 are there, and only then
    x = np.ones((2, 6), np.float32)
    for target in (0, 1):  # the same decision, seen from either class
        found = explain(network, Anchors(), x, target)
        np.testing.assert_array_equal(found, [[0, 1, 0, 0, 1, 0]] * 2)
    x[:, 4] = 0.0  # now class 1 wins whatever is replaced: nothing has to stay
    np.testing.assert_array_equal(explain(network, Anchors(), x, 1), 0)
    np.testing.assert_array_equal(explain(network, Anchors(baseline=1.0), x, 1), [[0, 0, 0, 0, 1, 0]] * 2)


def test_a_single_logit_decides_by_its_sign() -> None:
    assert decided(np.array([[0.1], [-0.1]]), 0).tolist() == [True, False]
    assert decided(np.array([[0.1, 0.2], [0.3, 0.2]]), 0).tolist() == [False, True]
    network = networks.linear([[1.0], [0.0], [1.0]], [-1.5])
    np.testing.assert_array_equal(explain(network, Anchors(), np.ones((1, 3)), 0), [[1, 0, 1]])
