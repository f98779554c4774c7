"""A method on a network as a compiled function: its maps, and their derivative with respect to the input."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from audit.backend import Compiled, active
from audit.errors import UnitError
from audit.methods.method import Array, Method

if TYPE_CHECKING:
    from audit.network.network import Network, Params


class _AsItIs:
    """A function that is run and not compiled: other people's code, and methods with NumPy between evaluations."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.traces = 0
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)


class _Differentiated:
    """A compiled derivative that says what it means when the backend has no rule for an operation."""

    def __init__(self, function: Compiled) -> None:
        self.traces = 0
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        try:
            result = self._function(*arguments)
        except (LookupError, NotImplementedError, ValueError) as error:  # TensorFlow's and JAX's, while tracing
            received = f"{type(error).__name__}: {error}"[:300]
            raise UnitError("R030", "the method's maps cannot be differentiated", received=received) from error
        self.traces = self._function.traces
        return result


def compiled(method: Method, network: "Network") -> Compiled:
    """Return ``(params, x, target, key) -> raw maps``.

    Raises:
        InputError: the method does not apply to this network.
    """
    function = method.attribute(network)
    return active().compile(function, network.precision) if method.compiled else _AsItIs(function)


def pullback(method: Method, network: "Network") -> Compiled:
    """Return ``(params, x, target, key, cotangent) -> gradient``, of the sum of each map times its cotangent.

    What cannot be differentiated shows when the function is first run: UnitError R030.

    Raises:
        InputError: the method does not apply to this network.
        UnitError: the method is run as it is, and so not differentiated.
    """
    if not method.compiled:
        raise UnitError("R030", "the maps of a method that is not compiled cannot be differentiated")
    attribute = method.attribute(network)

    def pull(params: "Params", x: Array, target: Array, key: Array, cotangent: Array) -> Array:
        return active().vjp(lambda inputs: attribute(params, inputs, target, key), x)[1](cotangent)[0]

    return _Differentiated(active().compile(pull, network.precision))
