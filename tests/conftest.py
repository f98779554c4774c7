"""What every test shares: the backend, quiet frameworks, and where things are."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("any machine", deadline=None)  # how long an example takes is no property of the code
settings.load_profile("any machine")

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_ROOT = Path(__file__).resolve().parent.parent


def _name_from_one() -> None:
    if keras := sys.modules.get("keras.src.utils.naming"):
        keras.reset_uids()


@pytest.fixture(autouse=True, scope="module")
def names_of_a_module() -> None:
    """Layers without a name are counted, and names key the re-draws: what a module shares starts at one."""
    _name_from_one()


@pytest.fixture(autouse=True)
def names_of_a_test(names_of_a_module: None) -> None:
    """The same for each test, whatever ran before it in this process."""
    _name_from_one()


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
