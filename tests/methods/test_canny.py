"""Canny's edges against scikit-image's, given the same blurred image and the same thresholds."""

import numpy as np
import pytest
from pydantic import ValidationError
from skimage.feature import canny

from audit.errors import InputError
from audit.methods.canny import Canny
from tests import networks
from tests.methods.explain import explain
from tests.reference.discrete_gaussian import discrete_gaussian
from tests.reference.sobel import sobel

_RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(("low", "high"), [(0.1, 0.2), (0.3, 0.6), (0.2, 0.9)])
def test_it_gives_the_edges_of_scikit_image(low: float, high: float) -> None:
    x = _RANDOM.normal(size=(4, 24, 20, 2))
    maps = explain(networks.cnn(channels=2), Canny(low=low, high=high), x, 0)
    assert maps.shape == (4, 24, 20, 1) and set(np.unique(maps)) == {0.0, 1.0}
    for image, found in zip(x, maps[..., 0], strict=True):
        smooth = discrete_gaussian(image.mean(axis=-1, keepdims=True), 1.0)
        greatest = 4 * sobel(smooth).max()  # scikit-image does not divide its Sobel kernel by 4
        expected = canny(smooth[..., 0], sigma=0, low_threshold=low * greatest, high_threshold=high * greatest)
        assert np.array_equal(found > 0, expected)


def test_weak_edges_count_where_they_lead_to_a_strong_one() -> None:
    """A vertical step that fades from bottom to top, and a faint one by itself."""
    image = np.zeros((1, 30, 40, 1))
    image[0, :, 10:20, 0] = np.linspace(0.15, 1, 30)[:, None]
    image[0, :, 30:, 0] = 0.15
    edges = explain(networks.cnn(), Canny(low=0.1, high=0.5), image, 0)[0, ..., 0]
    assert edges[3:-3, 7:13].any(axis=1).all()
    assert not edges[3:-3, 27:33].any()


def test_an_even_image_has_no_edges() -> None:
    assert not explain(networks.cnn(), Canny(), np.full((1, 8, 8, 1), 0.3), 0).any()


def test_thresholds_in_the_wrong_order_and_flat_inputs_are_refused() -> None:
    with pytest.raises(ValidationError, match="`high` is less than `low`"):
        Canny(low=0.5, high=0.2)
    with pytest.raises(InputError, match="needs images") as caught:
        Canny().attribute(networks.mlp())
    assert caught.value.code == "T120"
