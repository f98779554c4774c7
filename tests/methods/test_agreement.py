"""TensorFlow and JAX give the same maps: each method is computed on both, by the same code, from the same numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from audit.methods.method import as_named
from tests.methods.cases import INPUTS, KEYS, METHODS, TARGETS, model
from tests.methods.maps_of_methods import maps_of_methods

TOLERANCE = 1e-4
"""Greatest difference, as a share of the map's greatest magnitude. Gradients are 4e-7 apart, as float32 rounds; methods
that subtract nearly equal logits magnify that, occlusion of this network most: to 2e-5."""


@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") == "jax", reason="agreement has two sides: asked on TensorFlow")
def test_both_backends_give_the_same_maps(tmp_path: Path) -> None:
    methods = {name: as_named(method) for name, method in METHODS.items()}
    model().save(tmp_path / "model.keras")
    np.savez(tmp_path / "given.npz", inputs=INPUTS, targets=TARGETS, keys=KEYS)
    (tmp_path / "methods.json").write_text(json.dumps(methods), encoding="utf-8")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # compiles faster
    script = Path(__file__).with_name("maps_of_methods.py")
    other = subprocess.Popen([sys.executable, str(script), str(tmp_path)], env=environment, cwd=Path.cwd())
    ours = maps_of_methods(tmp_path)
    assert other.wait(timeout=300) == 0
    with np.load(tmp_path / "jax.npz") as theirs:
        apart = {name: _apart(ours[name], theirs[name]) for name in methods}
    assert {name: gap for name, gap in apart.items() if not gap <= TOLERANCE} == {}


def _apart(left: np.ndarray, right: np.ndarray) -> float:
    """Return the greatest difference, as a share of the greatest magnitude."""
    return float(abs(left - right).max() / abs(right).max())
