"""The environment variables that Keras and its backends read: set before the import, refused if they change results."""

import os
import sys
import tempfile
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from audit.errors import EnvironmentStop
from audit.record import record

BACKENDS = ("tensorflow", "jax")

FAKES = {
    "KERAS_MAX_EPOCHS": "Keras stops every training early",
    "KERAS_MAX_STEPS_PER_EPOCH": "Keras trains on only part of the data",
    "TF_USE_LEGACY_KERAS": "Keras 2 loads the model, without safe mode",
}
"""Variables that change what Keras computes, and how."""

PACKAGES = (
    *("keras", "tensorflow", "jax", "numpy", "scipy", "scikit-image", "scikit-learn", "pandas", "matplotlib", "pillow"),
    *("pydantic", "ruamel.yaml", "jinja2", "weasyprint", "click", "rich", "tf-explain"),
)


def prepare(*, option: str | None, spec: str | None) -> str:
    """Set what Keras reads and return the backend: ``--backend``, the spec, KERAS_BACKEND, then TensorFlow.

    Raises:
        EnvironmentStop: a variable would change results, or the backend is not installed.
    """
    refuse_fakes()
    backend = option or spec or os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend not in BACKENDS:
        raise EnvironmentStop(
            "E021",
            f"unknown backend `{backend}`",
            where="KERAS_BACKEND",
            expected=" or ".join(BACKENDS),
            fix="unset the variable, or use --backend",
        )
    if find_spec(backend) is None:
        fix = 'pip install "saliency-audit[jax]"' if backend == "jax" else "pip install saliency-audit"
        raise EnvironmentStop("E022", f"the backend `{backend}` is not installed", fix=fix)
    os.environ["KERAS_BACKEND"] = backend
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    # Models are only read: a lock fails on shared file systems and read-only folders.
    os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")
    return backend


def refuse_fakes() -> None:
    """Stop where a variable changes what Keras computes.

    Raises:
        EnvironmentStop: one is set; the message names it.
    """
    for name, effect in FAKES.items():
        if os.environ.get(name):
            raise EnvironmentStop(
                "E020",
                f"the environment variable {name} changes results: {effect}",
                received=f"{name}={os.environ[name]}",
                fix=f"unset {name}",
            )


def start_keras() -> None:
    """Import Keras and its backend. Their start-up messages are hidden unless the import fails.

    Raises:
        EnvironmentStop: Keras or its backend is installed but cannot be imported.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), 2)
        try:
            import_module("keras")
        except Exception as error:
            chatter.seek(0)
            os.write(terminal, chatter.read())
            raise EnvironmentStop(
                "E023",
                "Keras or its backend cannot be imported",
                where=f"backend `{os.environ.get('KERAS_BACKEND', '')}`",
                received=f"{type(error).__name__}: {error}",
                fix="install them again; `saliency-audit doctor --deep` checks each backend",
            ) from error
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


@record
class Finding:
    """One line of ``doctor``: what was checked, what was found, and whether an audit can run with it."""

    what: str
    found: str
    ok: bool


def installed(package: str) -> str | None:
    """Return a package's version, or None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
