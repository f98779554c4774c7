"""Check published claims on this machine: train, audit, and print for each claim whether it holds.

    python benchmarks/reproduce.py MNIST.npz [docs/reproduction.md]

The file holds the first images of MNIST's test set under ``x_train`` and ``y_train``: the published numbers are of its
first ten. Networks are trained on the others with three seeds each. A claim that does not hold is printed as such.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import keras  # noqa: E402  (after the environment that it reads)
import numpy as np  # noqa: E402
import published_claims as claims  # noqa: E402
import published_networks as networks  # noqa: E402

from audit.engine.bench import NetworkBench  # noqa: E402
from audit.record import Audit, Original, Randomized  # noqa: E402
from audit.running import loop  # noqa: E402
from audit.spec.spec import Spec, load_spec, spec_from_resolved  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "reproduce"
SPECS = ROOT / "specs" / "published"
SEEDS = (0, 1, 2)
FIRST = 10  # images that the published notebooks explain


def prepare_data(source: Path) -> tuple[np.ndarray, np.ndarray]:
    """Write the explained images and noise, and return what is left to train on: x (N, 28, 28, 1), y (N,)."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with np.load(source, allow_pickle=False) as arrays:
        x, y = (
            np.concatenate([arrays["x_train"], arrays["x_test"]]),
            np.concatenate([arrays["y_train"], arrays["y_test"]]),
        )
    held = slice(FIRST, FIRST + 500)
    np.savez(BUILD / "mnist.npz", x_explained=x[:FIRST], y_explained=y[:FIRST], x_test=x[held], y_test=y[held])
    rng = np.random.default_rng(0)
    np.savez(BUILD / "noise.npz", x=rng.random((40, 224, 224), np.float32), uniform=rng.uniform(-1, 1, (10, 299, 299)))
    return x[held.stop :, ..., None].astype(np.float32) / 255, y[held.stop :].astype(np.int32)


def build(name: str, make: Callable[[], keras.Model], seed: int, data: tuple[np.ndarray, np.ndarray] | None) -> Path:
    """Make, train and save a network, unless it is there: from the same recipe and the same data."""
    recipe = Path(networks.__file__).read_bytes() + (b"" if data is None else data[1].tobytes())
    path = BUILD / f"{name}_{seed}_{hashlib.sha256(recipe).hexdigest()[:8]}.keras"
    if not path.exists():
        keras.utils.set_random_seed(seed)
        model = make()
        if data is not None:
            model = networks.trained(model, *data)
        bare = make()
        bare.set_weights(model.get_weights())  # without its optimizer
        bare.save(path)
    return path


def spec_of(name: str, model: Path | None) -> Spec:
    """Return a published spec, on the model of another training seed."""
    spec = load_spec(SPECS / f"{name}.yaml")
    if model is None:
        return spec
    resolved: dict[str, Any] = spec.resolved()
    resolved["model"]["path"] = str(model)
    resolved["dataset"]["path"] = str(BUILD / Path(resolved["dataset"]["path"]).name)
    return spec_from_resolved(resolved)


def audits(name: str, models: list[Path]) -> list[Audit]:
    """Run a published spec on each model."""
    return [loop.run(spec_of(name, model), out=BUILD / f"{name}-{place}").audit for place, model in enumerate(models)]


def bench_of(name: str, model: Path) -> tuple[NetworkBench, np.ndarray]:
    """Return the bench of a published spec and its explained inputs."""
    bench = loop.prepare(spec_of(name, model), out=BUILD / name).world.bench
    return bench, bench.explained.inputs


def recovered(models: list[Path]) -> dict[str, np.ndarray]:
    """Return Pearson's correlation of each map with its input, (seeds, images), by method."""
    found: dict[str, list[np.ndarray]] = {"gradient": [], "guided_backprop": []}
    for model in models:
        bench, x = bench_of("random_convolution", model)
        for method, correlations in found.items():
            pairs = zip(bench.maps(method, Original()), x, strict=True)
            correlations.append(np.array([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs]))
    return {method: np.array(correlations) for method, correlations in found.items()}


def scattered(name: str, model: Path, requirement: int) -> np.ndarray:
    """Return the random map's similarity to itself re-drawn, one number per input and seed."""
    prepared = loop.prepare(spec_of(name, model), out=BUILD / name)
    check, bench = prepared.spec.requirements[requirement].check, prepared.world.bench
    wanted = [each for each in check.conditions(prepared.world.facts) if isinstance(each, Randomized) and each.stage]
    return np.concatenate([check.measure("random_map", each, bench).scores["similarity_signed"] for each in wanted])


def rows(source: Path) -> list[claims.Row]:
    """Train, audit and measure everything."""
    data = prepare_data(source)
    made = {
        "mnist_cnn": (networks.convolutional, data),
        "mnist_mlp": (networks.perceptron, data),
        "mnist_lenet": (networks.lenet, data),
        "random_convolution": (networks.random_convolution, None),
        "large": (networks.large, None),
        "wide": (networks.wide, None),
    }
    models = {name: [build(name, make, seed, given) for seed in SEEDS] for name, (make, given) in made.items()}
    return [
        *claims.axioms([loop.run(spec_of("axioms", None), out=BUILD / "axioms").audit]),
        *claims.convolutional(audits("mnist_cnn", models["mnist_cnn"])),
        *claims.perceptron(audits("mnist_mlp", models["mnist_mlp"])),
        *claims.recovery(recovered(models["random_convolution"])),
        *claims.gradients_of_noise(audits("uniform_noise", models["wide"][:1])),
        *claims.spread(28, 0.034, scattered("mnist_cnn", models["mnist_cnn"][0], 1)),
        *claims.spread(224, 0.0045, scattered("random_map", models["large"][0], 0)),
        *claims.complexity(audits("mnist_lenet", models["mnist_lenet"])),
    ]


def table(found: list[claims.Row]) -> str:
    """Return the rows as a table in Markdown, with the reasons below it."""
    lines = ["| # | claim | published | measured | band | holds |", "|---|---|---|---|---|---|"]
    for row in sorted(found, key=lambda row: row.number):
        cells = (str(row.number), row.claim, row.published, row.measured, row.band, "yes" if row.holds else "**no**")
        lines.append("| " + " | ".join(cells) + " |")
    reasons = [f"- {row.claim}: {row.reason}" for row in found if row.reason]
    return "\n".join(
        [*lines, *(["", "What does not hold, where the audit says why:", "", *reasons] if reasons else [])]
    )


def page(found: list[claims.Row]) -> str:
    """Return docs/reproduction.md, its hand-written part kept."""
    kept = (ROOT / "docs" / "reproduction.md").read_text("utf-8").partition("<!-- measured -->")[0]
    held = f"{sum(row.holds for row in found)} of {len(found)} rows hold."
    return (
        f"{kept}<!-- measured -->\n\nMeasured on {date.today()}, two CPU cores, TensorFlow. {held}\n\n{table(found)}\n"
    )


def main(source: str, out: str | None = None) -> None:
    """Print the table, and keep it where asked."""
    found = rows(Path(source))
    print(table(found))
    if out is not None:
        Path(out).write_text(page(found), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
