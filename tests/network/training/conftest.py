"""One trainer for all tests of this folder."""

import pytest

from audit.network.training.trainer import Trainer
from tests.network.training.trained import STATEFUL, noisy_network


@pytest.fixture(scope="module")
def stateful():
    """A trainer of everything that keeps a state, compiled once for all tests of a module."""
    return Trainer(noisy_network(), STATEFUL)
