"""Variants by name: refused where there is none, and the last few are kept."""

import numpy as np
import pytest

from audit.engine.variants import Variants
from audit.errors import UnitError
from audit.network.network import Network
from audit.record import Explained
from tests import networks

X = np.random.default_rng(0).random((2, 6), np.float32)
KEPT = 8


@pytest.fixture(name="variants")
def _variants() -> Variants:
    network: Network = networks.mlp()
    return Variants(network, Explained(inputs=X, ids=["a", "b"], targets=np.array([0, 1], np.int32)), X)


def test_an_unknown_variant_is_refused_by_name(variants: Variants) -> None:
    with pytest.raises(UnitError, match="unknown variant `mirror`"):
        variants.of("mirror", level=0.0, seed=0)


def test_the_last_few_are_kept(variants: Variants) -> None:
    first, *others = [variants.of("softplus", level=float(level), seed=0) for level in range(1, KEPT + 2)]
    again = [variants.of("softplus", level=float(level), seed=0) for level in range(2, KEPT + 2)]
    assert all(each is made for each, made in zip(again, others, strict=True))
    assert variants.of("softplus", level=1.0, seed=0) is not first
