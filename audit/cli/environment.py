"""The environment that Keras and its backends read: set before they are imported, and refused where it could lie."""

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
    "KERAS_MAX_EPOCHS": "Keras then stops every training early",
    "KERAS_MAX_STEPS_PER_EPOCH": "Keras then trains on a part of the data",
    "TF_USE_LEGACY_KERAS": "another Keras then loads the model, without safe mode",
}
"""Variables that change what Keras computes, and how."""

PACKAGES = (
    *("keras", "tensorflow", "jax", "numpy", "scipy", "scikit-image", "scikit-learn", "pandas", "matplotlib", "pillow"),
    *("pydantic", "ruamel.yaml", "jinja2", "weasyprint", "click", "rich", "tf-explain"),
)


def prepare(*, option: str | None, spec: str | None) -> str:
    """Set what Keras reads and return the backend: ``--backend``, the spec, KERAS_BACKEND, then TensorFlow.

    Raises:
        EnvironmentStop: a variable would fake results, or the backend is not installed.
    """
    refuse_fakes()
    backend = option or spec or os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend not in BACKENDS:
        raise EnvironmentStop(
            "E021",
            f"there is no backend `{backend}`",
            where="KERAS_BACKEND",
            expected=" or ".join(BACKENDS),
            fix="unset it, or use --backend",
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
                f"the environment sets {name}: {effect}",
                received=f"{name}={os.environ[name]}",
                fix=f"unset {name}",
            )


def start_keras() -> None:
    """Import Keras with its backend, whose start-up chatter TF_CPP_MIN_LOG_LEVEL does not stop; shown if it fails.

    Raises:
        EnvironmentStop: what is installed cannot be imported.
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
                "Keras and its backend are installed but cannot be started",
                where=f"backend `{os.environ.get('KERAS_BACKEND', '')}`",
                received=f"{type(error).__name__}: {error}",
                fix="install them again; `saliency-audit doctor --deep` looks at each backend",
            ) from error
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


@record
class Finding:
    """One line of the doctor's: what was looked at, what was found, and whether an audit can run with it."""

    what: str
    found: str
    well: bool


def installed(package: str) -> str | None:
    """Return a package's version, or None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
