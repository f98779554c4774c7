"""An array of the wrong shape at a seam is caught under test, and nothing of that is imported in a run."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from audit import maps, statistics
from audit.backend import random
from audit.datasets.dataset import Dataset, choose
from audit.engine.bench import BenchSettings, NetworkBench
from audit.methods.shared.on_host import on_units
from audit.record import Explained
from audit.similarities.pearson import Pearson
from audit.similarities.ssim import Ssim
from tests import networks
from tests.shapes import SEAMS

A = np.arange(60, dtype=np.float32).reshape(3, 5, 4)
DATA = Dataset(x=A, y=None, ids=np.array(["a", "b", "c"]), class_names=(), name="made up")


def bench() -> NetworkBench:
    explained = Explained(inputs=np.zeros((2, 4), np.float32), ids=["a", "b"], targets=np.zeros(2, np.int32))
    return NetworkBench(networks.mlp(4), {}, explained, BenchSettings(seed=0, batch=2))


WRONG = {
    "maps without an input's axis": lambda: maps.unusable(np.float32(1.0)),
    "maps that are no array": lambda: maps.normalise(A.tolist(), "max"),
    "pairs of different lengths": lambda: Pearson().between(A, A[:2]),
    "pairs of different sizes": lambda: Ssim().between(A, A[:, :4]),
    "values without seeds": lambda: statistics.mean_interval(np.ones(9)),
    "keys of three words": lambda: random.uniform(np.ones((2, 3), np.uint32), (4,)),
    "inputs in double precision": lambda: Dataset(**{**vars(DATA), "x": A.astype(np.float64)}),
    "ids in a table": lambda: Dataset(**{**vars(DATA), "ids": DATA.ids[:, None]}),
    "values in a table": lambda: on_units(np.ones((2, 2)), np.zeros((4, 4), np.int64), (4, 4, 1)),
    "integers at the bench": lambda: bench().outputs(np.zeros((2, 4), np.int32)),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_a_wrong_shape_is_caught(call: Any) -> None:
    with pytest.raises(TypeCheckError):
        call()


def test_the_right_shapes_pass_on_this_backend() -> None:
    keys = random.input_keys(0, ["a", "b"])
    assert random.fold(keys, 1).shape == (2, 2) and random.normal(keys, (3, 1)).shape == (2, 3, 1)
    assert Pearson().between(A, A).tolist() == [1.0] * 3 and choose(DATA, 2, 0).shape == (2,)
    assert bench().outputs(np.zeros((2, 4), np.float32)).shape == (2, 3)


@pytest.mark.parametrize("seam", SEAMS)
def test_each_seam_is_checked(seam: str) -> None:
    assert type(import_module(seam).__loader__).__name__ == "_JaxtypingLoader"


def test_a_run_imports_neither_the_checker_nor_a_framework(repository: Path) -> None:
    code = f"import sys\nfor seam in {SEAMS!r}:\n    if 'bench' not in seam: __import__(seam)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True)
    assert {"beartype", "jax", "tensorflow", "keras"}.isdisjoint(done.stdout.split())
