"""shap 0.51: Shapley values exactly, expected gradients in the mean, DeepLIFT by its TensorFlow hooks."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from audit.backend import active
from audit.engine.compiled import compiled
from audit.methods.deep_lift import DeepLift
from audit.methods.expected_gradients import REFERENCES, ExpectedGradients
from audit.methods.kernel_shap import KernelShap
from tests.methods.explain import explain, keys, logits
from tests.peers.networks import TARGETS, inputs, model, network

pytestmark = pytest.mark.peer


@pytest.mark.parametrize("baseline", [0.0, 0.25])
def test_kernel_shap_of_every_coalition(baseline: float, agree: Callable) -> None:
    import shap

    net, x = network("dense"), inputs("dense")
    ours = np.stack([explain(net, KernelShap(baseline=baseline), x, target) for target in range(3)], axis=-1)
    explainer = shap.KernelExplainer(lambda rows: logits(net, rows), np.full((1, 6), baseline, np.float32))
    agree(ours, explainer.shap_values(x, nsamples=64, l1_reg=0, silent=True), 1e-4)


def test_kernel_shap_is_permutation_shap_of_every_order(agree: Callable) -> None:
    """By their permutation explainer: all 720 orders of six features."""
    import shap

    net, x = network("dense"), inputs("dense", 1)
    masker = shap.maskers.Independent(np.zeros((1, 6), np.float32))
    explainer = shap.explainers.Permutation(lambda rows: logits(net, rows)[:, 1], masker, seed=0)
    theirs = explainer(x, max_evals=13 * 3000, silent=True).values
    agree(explain(net, KernelShap(), x, 1), theirs, 0.02)


@pytest.mark.parametrize("name", ["dense", "maximum", "strided"])
def test_expected_gradients(name: str, agree_in_the_mean: Callable) -> None:
    """Other draws of references and of places on the way: 30 maps of 20 samples each have one mean."""
    import shap

    net, data = network(name), inputs(name, 12)
    x, references = data[:1], data[1:]
    explainer = shap.GradientExplainer(model(name), references)
    theirs = [explainer.shap_values(x, nsamples=20, rseed=seed)[0][..., 0] for seed in range(30)]
    fitted = {**net.params, REFERENCES: references}
    function, repeated = compiled(ExpectedGradients(samples=20), net), np.repeat(x, 30, axis=0)
    ours = active().to_numpy(function(fitted, repeated, np.zeros(30, np.int32), keys(30)))
    agree_in_the_mean(ours, theirs)


def _deep_lift(name: str, x: np.ndarray, reference: np.ndarray) -> np.ndarray:
    import shap

    found = shap.DeepExplainer(model(name), reference).shap_values(x, check_additivity=False)
    return np.stack([found[row][..., target] for row, target in enumerate(TARGETS)])


@pytest.mark.parametrize("name", ["dense", "strided", "average", "maximum"])
def test_deep_lift(name: str, agree: Callable) -> None:
    """The rescale rule, from a reference of random values: no two entries of a window are equal."""
    x = inputs(name)
    reference = np.random.default_rng(5).normal(size=x[:1].shape).astype(np.float32)
    ours = explain(replace(network(name), origin=reference), DeepLift(), x, TARGETS)
    agree(ours, _deep_lift(name, x, reference), 1e-4)


def test_their_maximum_pooling_gives_the_fall_to_the_first_of_equal_entries() -> None:
    """From a constant reference whole windows are equal: complete, and another map, that does not follow a mirror."""
    x, net = inputs("maximum"), network("maximum")
    theirs = _deep_lift("maximum", x, np.zeros_like(x[:1]))
    ours = explain(net, DeepLift(), x, TARGETS)
    np.testing.assert_allclose(theirs.sum(axis=(1, 2, 3)), ours.sum(axis=(1, 2, 3)), rtol=1e-3)
    assert abs(theirs - ours).max() > 0.2 * abs(ours).max()
