"""Methods that learn something from data before they explain, such as patterns.

Such a method has a second function, ``fit``. What it learns depends on the network's parameters, so it is learned anew
for parameters that were re-drawn or trained; the arrays reach the method's own function among its ``params``, so that
nothing is traced twice.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from audit.errors import UnitError
from audit.methods.method import Array, Method

if TYPE_CHECKING:
    from audit.network.network import Network, Params

Learn = Callable[["Params", np.ndarray], Mapping[str, np.ndarray]]
"""``(params, inputs (m, ...) float32) -> arrays by name``; the names are those of no variable of a network."""


class Fitted(Protocol):
    """What a method adds to ``Method`` to learn from data."""

    def fit(self, network: "Network") -> Learn | None:
        """Build what learns; None where, with these fields, there is nothing to learn.

        Raises:
            InputError: the method does not apply to this network; the message names the reason and the way out.
        """
        ...


def learner(method: Method, network: "Network") -> Learn | None:
    """Return what learns for a method and for the methods that it holds (SmoothGrad over it); None where none does.

    Raises:
        InputError: one of them does not apply to this network.
    """
    built = [each.fit(network) for each in _within(method) if hasattr(each, "fit")]
    learns = [learn for learn in built if learn is not None]
    if not learns:
        return None
    return lambda params, inputs: {name: array for learn in learns for name, array in learn(params, inputs).items()}


def learned(params: "Params", name: str) -> Array:
    """Return what was learned under a name, as a method's function finds it.

    Raises:
        UnitError: nothing was learned; whoever runs the function has to.
    """
    if name not in params:
        raise UnitError(
            "T190",
            "a fitted method was run without what it learns from data",
            expected=f"`{name}` among the params",
            fix="add what `learner(method, network)(params, inputs)` returns to the params, as the bench does",
        )
    return params[name]


def _within(method: Any) -> Iterator[Any]:
    yield method
    for each in fields(method) if is_dataclass(method) else ():
        value = getattr(method, each.name)
        if hasattr(type(value), "attribute"):
            yield from _within(value)
