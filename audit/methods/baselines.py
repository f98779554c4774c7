"""From where a method measures what each input contributed."""

from typing import Any

import numpy as np


def baselines(method: Any, x: np.ndarray) -> np.ndarray:
    """Return the inputs (d, n, ...) from which a method measures the contributions of x (n, ...), d for each.

    A method that has such inputs declares them in ``baselines(x)``: one for each input, (n, ...), or where it draws
    them at random a sample, (d, n, ...). One that wraps another has its base's; zeros for all others.
    """
    if hasattr(method, "baselines"):
        declared = np.asarray(method.baselines(x), np.float32)
        return declared if declared.ndim > x.ndim else declared[None]
    return baselines(method.base, x) if hasattr(method, "base") else np.zeros_like(x)[None]
