"""What an image shows where a mask hides it."""

import numpy as np
import pytest

from audit.methods.perturbation.reference import hidden

X = np.random.default_rng(0).uniform(size=(2, 16, 16, 1)).astype(np.float32)


def test_a_blur_keeps_the_light_and_loses_the_detail_and_is_never_too_narrow_to_hide() -> None:
    narrow, wide = (hidden("blur", X, sigma, np) for sigma in (0.0, 0.5))
    assert np.allclose(narrow.mean(axis=(1, 2)), X.mean(axis=(1, 2)), atol=1e-4)
    assert wide.std() < narrow.std() < 0.5 * X.std()


@pytest.mark.parametrize(("reference", "value"), [("zeros", 0.25), (0.5, 0.75)])
def test_constants_count_from_the_datas_origin(reference: str | float, value: float) -> None:
    assert np.allclose(hidden(reference, X, 0.1, np, origin=np.float32(0.25)), value)
