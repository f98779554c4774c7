"""From where a method measures what each input contributed."""

from typing import TYPE_CHECKING

import numpy as np

from audit.methods.method import Method

if TYPE_CHECKING:
    from audit.network.network import Params


def baselines(method: Method, x: np.ndarray, params: "Params") -> np.ndarray:
    """Return the inputs (d, n, ...) from which a method measures the contributions of x (n, ...), d for each."""
    declared = np.asarray(method.baselines(x, params), np.float32)
    return declared if declared.ndim > x.ndim else declared[None]
