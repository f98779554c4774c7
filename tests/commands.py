"""A small real audit on disk, and the real command run on it in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

SMALL: dict[str, Any] = {
    "version": 1,
    "audit": {"id": "small"},
    "model": {"path": "small.keras"},
    "dataset": {"source": "digits", "inputs": 12, "preprocess": {"scale": 0.0625}},
    "methods": ["gradient", {"smoothgrad": {"samples": 3}}],
    "require": [{"cascading_randomization": {"seeds": 2}}, {"repeatability": {"seeds": 2}}],
    "report": {"formats": ["html"], "gallery": 2},
}


def save_model(folder: Path) -> None:
    """Save a small untrained classifier of 8 by 8 images: three stages, seeded weights, zero biases moved off zero."""
    import keras
    import numpy as np

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", name="first"),
            layers.Flatten(),
            layers.Dense(16, activation="relu", name="middle"),
            layers.Dense(10, activation="softmax", name="last"),
        ],
        name="small",
    )
    generator = np.random.default_rng(0)
    model.set_weights([generator.normal(0, 0.3, weight.shape) for weight in model.get_weights()])
    model.save(folder / "small.keras")


def write_spec(folder: Path, **changes: Any) -> Path:
    """Write the small audit's spec, some top-level keys changed; JSON is YAML."""
    path = folder / "small.yaml"
    path.write_text(json.dumps({**SMALL, **changes}, indent=1))
    return path


def command(*arguments: str | Path, cwd: Path, **environment: str) -> list[Any]:
    """Return the arguments for ``subprocess`` that run ``saliency-audit`` with these arguments."""
    return [[sys.executable, "-m", "audit", *map(str, arguments)], {"cwd": cwd, "env": _environment(environment)}]


def run(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    words, options = command(*arguments, cwd=cwd, **environment)
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=300, **options)


def expect(finished: subprocess.CompletedProcess[str], code: int) -> None:
    """Fail, showing what the command said, unless it exited with ``code`` and without a traceback."""
    said = finished.stdout + finished.stderr
    if finished.returncode != code or "Traceback" in said:
        pytest.fail(f"exit code {finished.returncode}, expected {code}:\n{said}")


def _environment(changes: dict[str, str]) -> dict[str, str]:
    paths = [changes.pop("PYTHONPATH", ""), str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **changes}
