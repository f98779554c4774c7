"""Whether the memory of perturbation methods grows with their samples: peak resident sizes of fresh processes.

    python benchmarks/memory.py [size [batch]]

Explains a batch of images on a small convolutional network, by each method with few samples (masks, patches, steps, or
for Score-CAM channels of the layer) and with ten times as many. Target: a peak at most 10 % higher with many.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = 1.10
CASES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]] = {
    "rise": ({"samples": 500}, {"samples": 5000}, {}),
    "sobol": ({"points": 32}, {"points": 320}, {"grid": 4}),
    "hsic": ({"samples": 500}, {"samples": 5000}, {"grid": 4}),
    "lime": ({"samples": 500}, {"samples": 5000}, {}),
    "kernel_shap": ({"samples": 512}, {"samples": 5120}, {"segments": 64}),
    "occlusion": ({"stride": 4}, {"stride": 1}, {}),  # 16 x 16 patches, and 61 x 61
    "prediction_difference": ({"samples": 10}, {"samples": 100}, {"patch": 8, "stride": 8}),
    "meaningful_perturbation": ({"iterations": 100}, {"iterations": 1000}, {}),
    "extremal_perturbation": ({"iterations": 100}, {"iterations": 1000}, {"areas": (0.1,)}),
    "xrai": ({"steps": 50}, {"steps": 500}, {}),
    "score_cam": ({"channels": 64}, {"channels": 640}, {}),
}
"""Fields of each method for few samples, for many, and for both; ``channels`` are those of the network."""


def peak(method: str, many: bool, size: int, batch: int) -> int:
    """Return the peak resident size in MiB of a process that explains one batch."""
    command = [sys.executable, str(Path(__file__)), "--one", method, str(int(many)), str(size), str(batch)]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return int(found.stdout.split()[-1])


def explain(method: str, many: int, size: int, batch: int) -> int:
    """Explain one batch in this process and return its peak resident size in MiB."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.path.insert(0, str(ROOT))
    import keras
    import numpy as np

    from audit.backend import active
    from audit.backend.random import input_keys
    from audit.engine.compiled import compiled
    from audit.methods.method import method_value
    from audit.network.loading.load import from_model

    fields = {**CASES[method][many], **CASES[method][2]}
    channels = fields.pop("channels", 8)
    layers = [keras.Input((size, size, 3)), keras.layers.Conv2D(channels, 3, strides=2, activation="relu")]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10)]
    network = from_model(keras.Sequential(layers))
    function = compiled(method_value({method: fields}), network)
    images = np.random.default_rng(0).normal(size=(batch, size, size, 3)).astype(np.float32)
    keys = input_keys(0, [str(number) for number in range(batch)])
    active().to_numpy(function(network.params, images, np.zeros(batch, np.int32), keys))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> int:
    """Print one line per method; exit 1 where a target is missed."""
    size, batch = (int(value) for value in (*sys.argv[1:3], *("64", "8")[len(sys.argv) - 1 :]))
    missed = 0
    for method, samples in CASES.items():
        few, many = (peak(method, which, size, batch) for which in (False, True))
        missed += many > TARGET * few
        counts = [f"{field} {count:>4}" for each in samples[:2] for field, count in each.items()]
        print(
            f"{method:<24} {counts[0]}: {few} MiB   {counts[1]}: {many} MiB   "
            f"ratio {many / few:.3f}  (target: at most {TARGET})",
            flush=True,
        )
    return min(missed, 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(explain(sys.argv[2], *(int(value) for value in sys.argv[3:])))
    else:
        sys.exit(main())
