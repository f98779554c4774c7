"""The price of a randomisation sweep over that of its gradients: wall time of the audit's units over bare calls.

    python benchmarks/sweep.py MODEL.keras DATA.npz

One run measures both: the units of a cascade (draws, maps, scores, evidence on disk) for several methods, then the same
number of bare compiled calls of the same methods with the trained parameters. The design asks for at most 1.2.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

METHODS = ["gradient", "input_times_gradient", {"integrated_gradients": {}}, "smoothgrad", "guided_backprop"]


def spec_for(model: str, data: str, inputs: int) -> dict:
    """Return the spec of the sweep: one cascade, three seeds, without controls' own checks."""
    return {
        "version": 1,
        "audit": {"id": "sweep"},
        "model": {"path": str(Path(model).resolve())},
        "dataset": {
            "source": "npz",
            "path": str(Path(data).resolve()),
            "channels": "add",
            "inputs": inputs,
            "preprocess": {"scale": 1 / 255},
        },
        "methods": METHODS,
        "require": [{"cascading_randomization": {"seeds": 3}}],
    }


def main(model: str, data: str, inputs: int = 100) -> None:
    """Measure the sweep and the bare calls, and print their ratio."""
    from audit.record import Null, Rekeyed
    from audit.running import log, loop
    from audit.spec.spec import spec_from_resolved

    with tempfile.TemporaryDirectory() as folder:
        prepared = loop.prepare(spec_from_resolved(spec_for(model, data, inputs)), out=Path(folder))
        bench, units = prepared.world.bench, prepared.plan.units()
        for method in dict.fromkeys(method for method, _ in units):
            bench.maps(method, Rekeyed(seed=0))  # traced and compiled before either is timed
        started = time.perf_counter()
        with log.opened(Path(folder), []) as told:
            loop.execute(prepared, lambda *_: None, told)
        swept = time.perf_counter() - started
    calls = [method for method, unit in units if not isinstance(unit.condition, Null)]
    calls += list(dict.fromkeys(calls))  # the reference maps
    started = time.perf_counter()
    for method in calls:
        bench.maps(method, Rekeyed(seed=0))
    bare = time.perf_counter() - started
    print(f"sweep {swept:.1f} s, {len(calls)} bare calls {bare:.1f} s, ratio {swept / bare:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
