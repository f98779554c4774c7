"""Whether the memory of perturbation methods grows with their samples: peak resident sizes of fresh processes.

    python benchmarks/memory.py [size [batch]]

Explains a batch of images by ``rise`` with 500 and 5,000 masks and by ``sobol`` with 32 and 320 points, on a small
convolutional network. Target: a peak at most 10 % higher with ten times the samples.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = 1.10
CASES = {"rise": ("samples", (500, 5000)), "sobol": ("points", (32, 320))}


def peak(method: str, field: str, samples: int, size: int, batch: int) -> int:
    """Return the peak resident size in MiB of a process that explains one batch."""
    command = [sys.executable, str(Path(__file__)), "--one", method, field, str(samples), str(size), str(batch)]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return int(found.stdout.split()[-1])


def explain(method: str, field: str, samples: int, size: int, batch: int) -> int:
    """Explain one batch in this process and return its peak resident size in MiB."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.path.insert(0, str(ROOT))
    import keras
    import numpy as np

    from audit.backend import active
    from audit.backend.random import input_keys
    from audit.methods.method import method_value
    from audit.network.load import from_model

    layers = [keras.Input((size, size, 3)), keras.layers.Conv2D(8, 3, strides=2, activation="relu")]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10)]
    network = from_model(keras.Sequential(layers))
    fields = {field: samples, **({"grid": 4} if method == "sobol" else {})}
    function = active().compile(method_value({method: fields}).attribute(network))
    images = np.random.default_rng(0).normal(size=(batch, size, size, 3)).astype(np.float32)
    keys = input_keys(0, [str(number) for number in range(batch)])
    active().to_numpy(function(network.params, images, np.zeros(batch, np.int32), keys))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> int:
    """Print one line per method; exit 1 where a target is missed."""
    size, batch = (int(value) for value in (*sys.argv[1:3], *("64", "8")[len(sys.argv) - 1 :]))
    missed = 0
    for method, (field, counts) in CASES.items():
        few, many = (peak(method, field, count, size, batch) for count in counts)
        missed += many > TARGET * few
        print(
            f"{method:<6} {field} {counts[0]:>4}: {few} MiB   {counts[1]:>4}: {many} MiB   "
            f"ratio {many / few:.3f}  (target: at most {TARGET})"
        )
    return min(missed, 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(explain(sys.argv[2], sys.argv[3], *(int(value) for value in sys.argv[4:])))
    else:
        sys.exit(main())
