"""From where a method measures what each input contributed."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from audit.network.network import Params


def baselines(method: Any, x: np.ndarray, params: "Params") -> np.ndarray:
    """Return the inputs (d, n, ...) from which a method measures the contributions of x (n, ...), d for each.

    A method that has such inputs declares them in ``baselines(x)``: one for each input, (n, ...), or several,
    (d, n, ...); one that draws them at random, a sample in ``sampled_baselines(x, params)``, since they may be among
    what it learned. One that wraps another has its base's; zeros for all others.
    """
    if hasattr(method, "baselines"):
        declared = np.asarray(method.baselines(x), np.float32)
    elif hasattr(method, "sampled_baselines"):
        declared = np.asarray(method.sampled_baselines(x, params), np.float32)
    else:
        return baselines(method.base, x, params) if hasattr(method, "base") else np.zeros_like(x)[None]
    return declared if declared.ndim > x.ndim else declared[None]
