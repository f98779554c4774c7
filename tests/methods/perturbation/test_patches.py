"""Patches cover every feature, and those that do not fit are refused by name."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.occlusion import Occlusion
from tests import networks
from tests.methods.explain import explain
from tests.methods.one_patch import reads_one_patch


def test_features_are_covered_in_groups() -> None:
    weight, x = np.array([[1.0], [2.0], [4.0], [8.0], [16.0]]), np.ones((1, 5))
    network = networks.linear(weight, [0.0])
    maps = explain(network, Occlusion(patch=2, stride=2, baseline="zeros", output="logit"), x, 0)
    assert np.allclose(maps, [[3, 3, 12, (12 + 24) / 2, 24]])


@pytest.mark.parametrize(("patch", "stride", "code"), [(7, 1, "T150"), (2, 3, "T151")])
def test_patches_that_do_not_fit_are_refused_by_name(patch: int, stride: int, code: str) -> None:
    with pytest.raises(InputError, match="occlusion") as error:
        Occlusion(patch=patch, stride=stride).attribute(reads_one_patch())
    assert error.value.code == code
