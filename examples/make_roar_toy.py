"""Make the data and the model of ROAR's toy experiment, which ``specs/roar_toy.yaml`` audits: a second on any machine.

    python examples/make_roar_toy.py

Sixteen features, of which the first four know the class: x = a z/10 + d eta + e/10, class 1 where z > 0. The scalars z
and eta and the vector e are standard normal for each row; a and d are drawn once, and a is zero from the fifth feature
on. The shared nuisance d eta drowns each feature by itself, and a linear model sees the class because it can subtract
the one from the others. The model is fitted by least squares: two outputs, one for each class.

Source: Hooker et al. 2019, arXiv:1806.10758, the appendix on a controlled setting. Sample sizes are ours.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402  (after the environment that it reads)
import numpy as np  # noqa: E402

FEATURES, INFORMATIVE, ROWS = 16, 4, 20_000
SEED = 4  # as accurate as the average over draws of a and d, 0.84
NAMES = tuple(f"x{number:02}" for number in range(FEATURES))
OUT = Path(__file__).parent


def draw(rows: int = ROWS, seed: int = SEED) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return inputs (rows, 16) float32, classes (rows,) and the informative coefficients a (16,)."""
    generator = np.random.default_rng(seed)
    a, d = generator.standard_normal((2, FEATURES))
    a[INFORMATIVE:] = 0
    z, eta = generator.standard_normal((2, rows, 1))
    x = a * z / 10 + d * eta + generator.standard_normal((rows, FEATURES)) / 10
    return x.astype(np.float32), (z[:, 0] > 0).astype(np.int32), a


def network() -> keras.Model:
    """Return the linear network: (B, 16) -> (B, 2), one output for each class."""
    return keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(2, name="linear")], name="roar_toy")


def fit(x: np.ndarray, y: np.ndarray) -> keras.Model:
    """Fit the network to one-hot classes by least squares and print its accuracy."""
    design = np.column_stack([x, np.ones(len(x))])
    solution = np.linalg.lstsq(design, np.eye(2)[y], rcond=None)[0]
    print(f"accuracy {np.mean((design @ solution).argmax(1) == y):.4f} on {len(y)} rows")
    model = network()
    model.layers[-1].set_weights([solution[:-1], solution[-1]])
    return model


def write(x: np.ndarray, y: np.ndarray, path: Path) -> None:
    """Write the table: a header, then a row for each input, its class last."""
    form = ["%.9g"] * FEATURES + ["%d"]  # nine digits hold a float32 exactly
    np.savetxt(path, np.column_stack([x, y]), fmt=form, delimiter=",", header=",".join((*NAMES, "y")), comments="")
    print(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")


def main() -> None:
    """Read the command line, draw, fit, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT, help="the folder for roar_toy.csv and roar_toy.keras")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    x, y, _ = draw(seed=options.seed)
    write(x, y, options.out / "roar_toy.csv")
    half = len(x) // 2
    fit(x[:half], y[:half]).save(options.out / "roar_toy.keras")
    print(f"wrote {options.out / 'roar_toy.keras'}")


if __name__ == "__main__":
    main()
