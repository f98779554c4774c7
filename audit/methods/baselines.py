"""From where a method measures what each input contributed."""

from typing import Any

import numpy as np


def baselines(method: Any, x: np.ndarray) -> np.ndarray:
    """Return the inputs (n, ...) from which a method measures the contributions of x (n, ...).

    A method that has such inputs declares them in ``baselines(x)``, and one that wraps another has its base's; zeros
    for all others.
    """
    if hasattr(method, "baselines"):
        return np.asarray(method.baselines(x), np.float32)
    return baselines(method.base, x) if hasattr(method, "base") else np.zeros_like(x)
