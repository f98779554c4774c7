"""Peers: their packages are installed by `make peer`, and how far apart the maps were is printed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out of every run but those that ask for peers: what they need is not installed elsewhere."""
    asked = str(config.option.markexpr).replace("not peer", "")
    return None if "peer" in asked else True


Agree = Callable[..., None]


@pytest.fixture
def agree(record_property: Callable[[str, object], None]) -> Agree:
    """Return the check that two maps are one: ``within`` is the greatest difference, as a share of theirs."""

    def check(ours: Any, theirs: Any, within: float) -> None:
        one, other = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
        assert one.shape == other.shape and np.isfinite(other).all()
        peak = abs(other).max()
        assert peak > 0
        apart = float(abs(one - other).max() / peak)
        record_property("apart", apart)
        assert apart <= within

    return check


@pytest.fixture
def agree_in_the_mean(record_property: Callable[[str, object], None]) -> Agree:
    """Return the check that two samples of maps (n, ...) have one mean, to within the error of sampling.

    Of many pixels the largest z is compared: within 5 for up to a few thousand.
    """

    def check(ours: Any, theirs: Any) -> None:
        one, other = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
        variance = one.var(axis=0, ddof=1) / len(one) + other.var(axis=0, ddof=1) / len(other)
        gap = abs(one.mean(axis=0) - other.mean(axis=0))
        z = float((gap / np.sqrt(variance + 1e-12)).max())
        record_property("z", z)
        assert z <= 5.0

    return check
