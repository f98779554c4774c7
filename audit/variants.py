"""Other networks and inputs to which a check puts the same methods: rewritten, shifted, of another precision, tiny.

A check asks the bench for a variant by name; checks know no network, and the functions here know no check.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.errors import UnitError
from audit.record import record

if TYPE_CHECKING:
    from audit.network.network import Network


@record
class Explained:
    """Inputs (n, ...) float32 with their ids (n,) and the classes (n,) int32 that are explained.

    Of a diagnostic source also what is known of each input, and the inputs with one thing changed (``Dataset``).
    """

    inputs: np.ndarray
    ids: Any
    targets: np.ndarray
    truth: Mapping[str, np.ndarray] = field(default_factory=dict)
    counterparts: Mapping[str, np.ndarray] = field(default_factory=dict)


@record
class Variant:
    """A network and the inputs to explain on it; ``notes`` are arrays that the check reads, by name.

    ``carry`` brings other inputs of the audited network (m, ...) to this one, where its inputs are moved ones.
    """

    network: "Network"
    explained: Explained
    notes: Mapping[str, np.ndarray] = field(default_factory=dict)
    carry: Callable[[np.ndarray], np.ndarray] | None = None


Build = Callable[["Network", Explained, float, int], Variant]
"""``(audited network, explained inputs, level, seed) -> variant``; raises InputError where it cannot be built."""

_OF_AXIOMS = (
    *("linear", "saturating", "rectified", "homogeneous", "ignoring", "ignored_feature", "combined", "two_heads"),
    *("two_heads_convolution", "symmetric", "product", "exchangeable", "exchangeable_pixels"),
)

_REWRITES = ("batch_norm_folded", "relu_rescaled", "linear_split", "channels_permuted", "dead_branch")

_PLACES: Mapping[str, str] = MappingProxyType(
    {
        "softplus": "audit.network.smooth:softplus",
        **{name: f"audit.network.axioms:{name}" for name in _OF_AXIOMS},
        "constant_shift": "audit.network.shift:constant",
        "constant_shift_with_origin": "audit.network.shift:constant_with_origin",
        "checkerboard_shift": "audit.network.shift:checkerboard",
        "checkerboard_shift_with_origin": "audit.network.shift:checkerboard_with_origin",
        **{name: f"audit.network.rewrite:{name}" for name in _REWRITES},
        "float64": "audit.network.precision:float64",
        "bfloat16": "audit.network.precision:bfloat16",
    }
)
"""Name -> ``module:function``; imported when asked for."""


def variant(name: str, network: "Network", explained: Explained, *, level: float, seed: int) -> Variant:
    """Build a variant of a network and its inputs.

    Raises:
        UnitError: there is no such variant.
        InputError: this network has none.
    """
    if name not in _PLACES:
        raise UnitError("R012", f"there is no variant `{name}`", expected=", ".join(_PLACES), received=name)
    module, _, attribute = _PLACES[name].partition(":")
    build: Build = getattr(import_module(module), attribute)
    return build(network, explained, level, seed)
