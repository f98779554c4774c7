"""What a method that looks at outputs alone asks of the network."""

import numpy as np
import pytest

from audit.backend import active
from audit.methods.perturbation.score import Output, scorer
from audit.network.network import Network
from tests import networks
from tests.methods.explain import logits, tensor

X = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
TARGETS = np.array([0, 1, 2, 1, 0], np.int32)


def scores(network: Network, output: Output, targets: np.ndarray) -> np.ndarray:
    return active().to_numpy(scorer(network, output)(network.params, tensor(X), tensor(targets)))


def test_the_logit_and_the_softmax_are_those_of_the_explained_class() -> None:
    network = networks.linear(np.random.default_rng(1).normal(size=(3, 3)), [0.1, 0.2, 0.3])
    found = logits(network, X)
    assert np.allclose(scores(network, "logit", TARGETS), found[range(5), TARGETS], atol=1e-6)
    softmax = np.exp(found) / np.exp(found).sum(axis=1, keepdims=True)
    assert np.allclose(scores(network, "probability", TARGETS), softmax[range(5), TARGETS], atol=1e-6)


@pytest.mark.parametrize("output", ["logit", "probability"])
def test_a_single_logit_has_the_probability_of_its_sigmoid(output: Output) -> None:
    network = networks.linear([[1.0], [-2.0], [0.5]], [0.1])
    expected = logits(network, X)[:, 0]
    expected = 1 / (1 + np.exp(-expected)) if output == "probability" else expected
    assert np.allclose(scores(network, output, np.zeros(5, np.int32)), expected, atol=1e-6)
