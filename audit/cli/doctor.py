"""Check that the machine can run audits, one requirement at a time. Only ``_devices`` starts a framework."""

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module

from audit.cli.environment import BACKENDS, FAKES, PACKAGES, Finding, installed

_DEVICES = "import keras; print(', '.join(keras.distribution.list_devices()))"
_OPTIONAL = ("jax",)


def examine(*, deep: bool) -> Iterator[Finding]:
    """Yield every finding."""
    yield Finding(what="python", found=platform.python_version(), ok=sys.version_info >= (3, 11))
    for package in PACKAGES:
        found = installed(package)
        yield Finding(what=package, found=found or "not installed", ok=bool(found) or package in _OPTIONAL)
    yield _pdf()
    yield from _environment()
    yield _writable()
    if deep:
        yield from _devices()


def _pdf() -> Finding:
    try:
        import_module("weasyprint")  # loading it looks for Pango
    except (ImportError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        fix = "sudo apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        # Without it an audit runs and writes HTML.
        return Finding(what="pdf reports", found=f"not available: {reason}; try: {fix}", ok=True)
    return Finding(what="pdf reports", found="available", ok=True)


def _environment() -> Iterator[Finding]:
    for name, effect in FAKES.items():
        value = os.environ.get(name)
        if value:
            yield Finding(what=name, found=f"{value}: {effect}; unset this variable", ok=False)
    chosen = os.environ.get("KERAS_BACKEND", "")
    if chosen:
        yield Finding(what="KERAS_BACKEND", found=chosen, ok=chosen in BACKENDS)


def _writable() -> Finding:
    try:
        with tempfile.TemporaryFile(dir="."):
            return Finding(what="this folder", found="writable", ok=True)
    except OSError as error:
        return Finding(what="this folder", found=f"not writable: {error.strerror}", ok=False)


def _devices() -> Iterator[Finding]:
    for backend in BACKENDS:
        if installed(backend) is None:
            continue
        # A process of its own: Keras takes one backend per process, and a broken one must not end this one.
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        ended = subprocess.run(
            [sys.executable, "-c", _DEVICES], env=environment, capture_output=True, text=True, check=False
        )
        lines = (ended.stdout if ended.returncode == 0 else ended.stderr).strip().splitlines() or ["no answer"]
        yield Finding(what=f"{backend} devices", found=lines[-1], ok=ended.returncode == 0)
