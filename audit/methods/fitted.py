"""Methods that learn something from data before they explain, such as patterns.

Such a method has a second function, ``fit``. What it learns depends on the network's parameters, so it is learned anew
for parameters that were re-drawn or trained; the arrays reach the method's own function among its ``params``, so that
nothing is traced twice.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from audit.errors import UnitError
from audit.methods.method import Array, Learn, Method, held

if TYPE_CHECKING:
    from audit.network.network import Network, Params


def learner(method: Method, network: "Network") -> Learn | None:
    """Return what learns for a method and for the methods that it holds (SmoothGrad over it); None where none does.

    Raises:
        InputError: one of them does not apply to this network.
    """
    built = [each.fit(network) for each in _within(method)]
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
            "a fitted method was run without its fitted arrays",
            expected=f"`{name}` among the params",
            fix="add what `learner(method, network)(params, inputs)` returns to the params, as the bench does",
        )
    return params[name]


def _within(method: Method) -> Iterator[Method]:
    yield method
    for each in held(method):
        yield from _within(each)
