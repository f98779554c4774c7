"""lime 0.2.0.1: its own sampling, kernel and regression, on our units."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from audit.methods.lime import Lime
from audit.methods.shared.segments import labels_of
from tests.methods.explain import explain, logits
from tests.peers.networks import inputs, network

pytestmark = pytest.mark.peer


def test_the_regression_at_the_same_samples_and_kernel(agree: Callable) -> None:
    """Their LimeBase and ours get the same copies, distances and scores."""
    from lime.lime_base import LimeBase
    from sklearn.metrics import pairwise_distances

    generator = np.random.default_rng(0)
    kept = generator.random((300, 7)) < 0.5
    kept[0] = True
    scores = kept @ generator.normal(size=7) + 0.3 * kept[:, 0] * kept[:, 1]
    distances = pairwise_distances(kept.astype(float), kept[:1].astype(float), metric="cosine").ravel()
    base = LimeBase(partial(_kernel, kernel_width=0.25), random_state=0)
    labels = np.stack([1 - scores, scores], axis=1)
    found = base.explain_instance_with_data(kept.astype(float), labels, distances, 1, 7, feature_selection="none")[1]
    agree(Lime()._fitted(kept, scores), [value for _, value in sorted(found)], 1e-6)


def _kernel(distance: np.ndarray, kernel_width: float) -> np.ndarray:
    """lime's kernel is the root of the paper's: with a width times the root of two it is the paper's."""
    wide = kernel_width * np.sqrt(0.5)
    return np.sqrt(np.exp(-(distance**2) / wide**2))


@pytest.mark.parametrize("name", ["average", "maximum"])
def test_images_in_the_mean(name: str, agree_in_the_mean: Callable) -> None:
    """Their LimeImageExplainer on a grid of nine cells, hidden by one colour, which is zero: 15 explanations each."""
    from lime.lime_image import LimeImageExplainer

    net, x = network(name), inputs(name, 1)[0]
    labels = labels_of(x, "grid", 9)
    explainer = LimeImageExplainer(kernel_width=0.25, kernel=_kernel, random_state=0)
    theirs = []
    for _ in range(15):
        found = explainer.explain_instance(
            np.repeat(x, 3, axis=-1).astype(np.float64) if x.shape[-1] == 1 else x.astype(np.float64),
            lambda images: logits(net, images[..., : x.shape[-1]]),
            labels=(1,),
            hide_color=0,
            num_features=100,
            num_samples=200,
            segmentation_fn=lambda image: labels,
        ).local_exp[1]
        theirs.append([value for _, value in sorted(found)])
    method = Lime(units="grid", segments=9, samples=200, kernel_width=0.25)
    maps = explain(net, method, np.stack([x] * 15), 1)[..., 0]
    ours = [[each[labels == unit][0] for unit in range(labels.max() + 1)] for each in maps]
    agree_in_the_mean(ours, theirs)
