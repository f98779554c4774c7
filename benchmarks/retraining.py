"""The price of retraining: a sweep of trainings over bare ``model.fit`` calls, and its peak memory over that of one.

    python benchmarks/retraining.py DATA.npz [trainings] [epochs]

The network is that of ``examples/train_mnist_cnn.py``, the data the training images of the file. Time: one run takes
turns between a training of the sweep (fresh weights, pixels removed on the fly, test accuracy: what ROAR asks for) and
a bare ``fit`` of the same model, batch size and epochs, both compiled before. On a busy machine the ratio of processor
times says more than that of wall times. Memory: two fresh processes, one for a sweep over several fractions, one for a
single bare ``fit``. The design asks for ratios of at most 1.1 and 1.5.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT), str(ROOT / "examples")]

import numpy as np  # noqa: E402  (after the environment that it reads)

BATCH = 128
FRACTIONS = (0.1, 0.5, 0.9)


def load(data: str) -> tuple[Any, Any]:
    """Return training and test images with their labels."""
    from train_mnist_cnn import split

    with np.load(data, allow_pickle=False) as arrays:
        return split(arrays, "train"), split(arrays, "test")


def remover(ranks: np.ndarray, fraction: float) -> Any:
    """Return the change of a batch that sets the pixels of the highest ranks to zero."""
    first = int(round(fraction * ranks.shape[1]))

    def remove(rows: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.where(ranks[rows].reshape(x.shape) < first, np.float32(0), x)

    return remove


def random_ranks(count: int, pixels: int) -> np.ndarray:
    """Return ranks (N, P) of pixels, 0 removed first."""
    return np.random.default_rng(0).permuted(np.tile(np.arange(pixels, dtype=np.int16), (count, 1)), axis=1)


def trainer(epochs: int) -> Any:
    """Return a trainer of the example's network, on the CPU or the first GPU."""
    from train_mnist_cnn import network

    from audit.backend import active
    from audit.network.loading.load import from_model
    from audit.network.training.trainer import Trainer
    from audit.recipe import Recipe

    active().configure("auto")
    return Trainer(from_model(network()), Recipe(batch_size=BATCH, epochs=epochs))


def bare_model() -> Any:
    """Return the same network, compiled as a user would."""
    import keras
    from train_mnist_cnn import network

    keras.utils.set_random_seed(0)
    model = network()
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def clocks() -> np.ndarray:
    """Return wall and processor time in seconds."""
    return np.array([time.perf_counter(), time.process_time()])


def times(data: str, count: int, epochs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the seconds (wall, processor) of ``count`` trainings of a sweep and of as many bare fits."""
    from audit.network.training.trainer import TriedOn

    (x, y), test = load(data)
    ranks, test_ranks = random_ranks(len(x), 784), random_ranks(len(test[1]), 784)
    audited, model = trainer(epochs), bare_model()
    warm = slice(0, BATCH + len(x) % BATCH)  # a whole batch and the last one: what is traced
    audited.train(x[warm], y[warm], seed=0, tried_on=TriedOn(test=test))
    model.fit(x[warm], y[warm], batch_size=BATCH, verbose=0)
    swept, bare = np.zeros(2), np.zeros(2)
    for seed in range(count):
        started = clocks()
        fraction = FRACTIONS[seed % len(FRACTIONS)]
        change, change_test = remover(ranks, fraction), remover(test_ranks, fraction)
        tried_on = TriedOn(test=test, test_transform=change_test, train=False)
        audited.train(x, y, seed=seed, transform=change, tried_on=tried_on)
        between = clocks()
        model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0)
        swept, bare = swept + between - started, bare + clocks() - between
        print(f"training {seed + 1} of {count}: sweep {swept[0]:.1f} s, bare {bare[0]:.1f} s", flush=True)
    return swept, bare


def memory(data: str, part: str) -> None:
    """Print the peak memory in MB of this process after a sweep or one bare fit."""
    from audit.network.training.trainer import TriedOn

    (x, y), test = load(data)
    if part == "sweep":
        audited, ranks = trainer(1), random_ranks(len(x), 784)
        for seed, fraction in enumerate(FRACTIONS):
            audited.train(x, y, seed=seed, transform=remover(ranks, fraction), tried_on=TriedOn(test=test))
    else:
        bare_model().fit(x, y, batch_size=BATCH, verbose=0)
    # Not getrusage: its maximum starts at the peak of the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)


def peak(data: str, part: str) -> float:
    """Return the peak memory in MB of a fresh process."""
    command = [sys.executable, __file__, data, part]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def main() -> None:
    """Measure and print both ratios."""
    data, *rest = sys.argv[1:]
    if rest and rest[0] in ("sweep", "bare"):
        return memory(data, rest[0])
    count, epochs = (*map(int, rest), *(3, 5)[len(rest) :])
    swept, bare = times(data, count, epochs)
    for what, sweep, fits in zip(("wall", "processor"), swept, bare, strict=True):
        words = f"sweep {sweep:.1f} s, {count} bare fits of {epochs} epochs {fits:.1f} s"
        print(f"{what:<9} {words}, ratio {sweep / fits:.2f}")
    most, one = peak(data, "sweep"), peak(data, "bare")
    print(f"memory    sweep {most:.0f} MB, one bare fit {one:.0f} MB, ratio {most / one:.2f}")
    return None


if __name__ == "__main__":
    main()
