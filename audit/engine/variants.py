"""Other networks and inputs to which a check puts the same methods: rewritten, shifted, of another precision, tiny.

A check asks the bench for a variant by name; checks know no network, and the functions here know no check.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from audit.errors import UnitError
from audit.record import Explained, Variant

if TYPE_CHECKING:
    from audit.network.network import Network


Build = Callable[["Network", Explained, float, int], Variant]
"""``(audited network, explained inputs, level, seed) -> variant``; raises InputError where it cannot be built."""

_OF_AXIOMS = (
    *("linear", "saturating", "rectified", "homogeneous", "ignoring", "ignored_feature", "combined", "two_heads"),
    *("two_heads_convolution", "symmetric", "product", "exchangeable", "exchangeable_pixels"),
)

_REWRITES = ("batch_norm_folded", "relu_rescaled", "linear_split", "channels_permuted", "dead_branch")

_KEPT = 8  # a variant holds a network of its own

_PLACES: Mapping[str, str] = MappingProxyType(
    {
        "softplus": "audit.network.variants.smooth:softplus",
        **{name: f"audit.network.variants.axiom_networks:{name}" for name in _OF_AXIOMS},
        "constant_shift": "audit.network.variants.shift:constant",
        "constant_shift_with_origin": "audit.network.variants.shift:constant_with_origin",
        "checkerboard_shift": "audit.network.variants.shift:checkerboard",
        "checkerboard_shift_with_origin": "audit.network.variants.shift:checkerboard_with_origin",
        **{name: f"audit.network.variants.rewrite:{name}" for name in _REWRITES},
        "same": "audit.network.variants.dtype:same",
        "float64": "audit.network.variants.dtype:float64",
        "bfloat16": "audit.network.variants.dtype:bfloat16",
    }
)
"""Name -> ``module:function``; imported when asked for."""


class Variants:
    """The variants of one network and of the inputs that are explained on it; the last few are kept."""

    def __init__(self, network: "Network", explained: Explained, fitted_on: np.ndarray) -> None:
        """Start with none; methods learn from ``fitted_on`` (m, ...) on the network itself."""
        self._network, self._explained, self._fitted_on = network, explained, fitted_on
        self._made: dict[tuple[str, float, int, str], Variant] = {}

    def of(self, name: str, *, level: float, seed: int, precision: str = "float32") -> Variant:
        """Return a variant by its name, its network computing in a precision and its parameters rounded to it.

        Raises:
            UnitError: there is no such variant.
            InputError: this network has none, or it cannot be computed in that precision.
        """
        wanted = (name, level, seed, precision)
        if wanted not in self._made:
            built = _variant(name, self._network, self._explained, level=level, seed=seed)
            built = _rounded(built) if precision == "float32" else _cast(built, precision)
            for oldest in list(self._made)[: max(0, len(self._made) + 1 - _KEPT)]:
                del self._made[oldest]
            self._made[wanted] = built
        return self._made[wanted]

    def fitting_inputs(self, network: "Network", explained: Explained) -> np.ndarray:
        """Return the network's data as a variant takes them, or where it takes others, its own inputs."""
        if network is self._network:
            return self._fitted_on
        made = next((each for each in self._made.values() if each.network is network), None)
        own = explained if made is None else made.explained
        if made is not None and made.carry is not None:
            return made.carry(self._fitted_on)
        return self._fitted_on if own.inputs is self._explained.inputs else own.inputs


def _variant(name: str, network: "Network", explained: Explained, *, level: float, seed: int) -> Variant:
    if name not in _PLACES:
        raise UnitError("R012", f"unknown variant `{name}`", expected=", ".join(_PLACES), received=name)
    module, _, attribute = _PLACES[name].partition(":")
    build: Build = getattr(import_module(module), attribute)
    return build(network, explained, level, seed)


def _cast(variant: Variant, precision: str) -> Variant:
    from audit.network.variants.dtype import cast, wide

    made = wide(variant.network) if precision == "float64" else cast(variant.network, precision)
    return replace(variant, network=made)


def _rounded(variant: Variant) -> Variant:
    """Return a variant whose parameters are float32, however they were computed."""
    params = variant.network.params
    rounded = {name: np.asarray(value, np.float32) for name, value in params.items() if value.dtype == np.float64}
    return replace(variant, network=replace(variant.network, params={**params, **rounded})) if rounded else variant
