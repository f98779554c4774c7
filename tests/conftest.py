"""What every test shares: the backend, quiet frameworks, and where things are."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from tests.shapes import check_shapes

check_shapes()  # before any module of the audit is imported

# How long an example takes is no property of the code; the same examples everywhere make a failure repeatable.
settings.register_profile("any machine", deadline=None, derandomize=True)
settings.load_profile("any machine")

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_ROOT = Path(__file__).resolve().parent.parent


def _name_from_one() -> None:
    if naming := sys.modules.get("keras.src.utils.naming"):
        naming.reset_uids()


@pytest.fixture(autouse=True, scope="module")
def names_of_a_module() -> None:
    """Layers without a name are counted, and names key the re-draws: what a module shares starts at one."""
    _name_from_one()


@pytest.fixture(autouse=True)
def names_of_a_test(names_of_a_module: None) -> None:
    """The same for each test, whatever ran before it in this process."""
    _name_from_one()


@pytest.fixture(autouse=True, scope="module")
def generators_of_a_module(request: pytest.FixtureRequest) -> Mapping[np.random.Generator, Mapping[str, Any]]:
    """The random generators that a module of tests shares, each with the state in which the module's import left it."""
    shared = [each for each in vars(request.module).values() if isinstance(each, np.random.Generator)]
    return {each: each.bit_generator.state for each in shared}


@pytest.fixture(autouse=True)
def generators_of_a_test(generators_of_a_module: Mapping[np.random.Generator, Mapping[str, Any]]) -> Iterator[None]:
    """Each test draws the same numbers, whatever ran before it: workers share the tests of a module by chance."""
    yield
    for generator, state in generators_of_a_module.items():
        generator.bit_generator.state = state


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds ``audit/``, ``specs/`` and ``templates/``."""
    return _ROOT


@pytest.fixture(scope="session")
def specs(repository: Path) -> Path:
    """The folder of ready specs."""
    return repository / "specs"


@pytest.fixture(scope="session")
def examples(repository: Path) -> Path:
    """The folder of worked examples."""
    return repository / "examples"


@pytest.fixture(scope="session")
def mnist(repository: Path) -> Path:
    """A file of 10,000 real MNIST digits, which is not part of the repository: ``x_train``, ``y_train`` and so on."""
    path = Path(os.environ.get("SALIENCY_AUDIT_MNIST", repository.parent / "shared" / "data" / "mnist10k.npz"))
    if not path.is_file():
        pytest.skip(f"no MNIST data at {path}: name an npz file in SALIENCY_AUDIT_MNIST")
    return path
