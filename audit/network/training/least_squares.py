"""The exact classifier of a network that is one dense layer: linear least squares, as in ROAR's toy experiment."""

import numpy as np

from audit.errors import InputError
from audit.network.network import Network, Params, graph_of


def check(network: Network) -> None:
    """Check that a network is one dense layer, flattened inputs allowed.

    Raises:
        InputError: it is not.
    """
    kinds = [node.kind for node in network.graph or ()]
    if not kinds or kinds[-1] != "Dense" or any(kind != "Flatten" for kind in kinds[:-1]):
        raise InputError(
            "M027",
            "`solver: least_squares` needs a network with exactly one dense layer",
            where=network.name,
            expected="Dense, or Flatten and Dense",
            received=", ".join(kinds) or "a subclassed model",
            fix="use `solver: gradient`",
        )


def solve(network: Network, x: np.ndarray, targets: np.ndarray) -> tuple[Params, float]:
    """Return the weights that minimise the mean squared error, and that error.

    The solution of least norm where several are best (constant features, say). With an intercept if the layer has one.

    Args:
        network: one dense layer (``check``).
        x: inputs (n, ...); float64 is used throughout.
        targets: (n, K). For classes -1 and 1, or 0 and 1 in one column per class: the sign, or the largest output, then
            is the class.
    """
    names = graph_of(network)[-1].variables
    design = x.reshape(len(x), -1).astype(np.float64)
    if len(names) == 2:
        design = np.column_stack([design, np.ones(len(x))])
    solution = np.linalg.lstsq(design, targets.astype(np.float64), rcond=None)[0]
    error = float(np.mean((design @ solution - targets) ** 2))
    kernel = solution[: len(solution) - (len(names) - 1)]
    arrays = [kernel, solution[-1]][: len(names)]
    return {name: array.astype(np.float32) for name, array in zip(names, arrays, strict=True)}, error
