"""What an attribution method is: a declared value that builds a pure function of the model's parameters.

A method module imports Keras inside ``attribute``, never at its top: specs are validated without a framework.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, cast, runtime_checkable

import numpy as np

from audit import declare
from audit.declare import name_of, named_value
from audit.record import CLAIMS, Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params

Array = Any  # a NumPy array or a tensor of the active backend

Attribute = Callable[[Mapping[str, Array], Array, Array, Array], Array]
"""``(params, x (B, ...), target (B,) int32, key (B, 2) uint32) -> raw signed attribution (B, ...)``, pure.

The result has x's shape, or x's with one channel where the method has no channels of its own (Grad-CAM).
"""

Learn = Callable[["Params", np.ndarray], Mapping[str, np.ndarray]]
"""``(params, inputs (m, ...) float32) -> arrays by name``; the names are those of no variable of a network."""

Need = Literal["apply", "graph", "convolution", "model"]
"""What a network must offer a method: its function, its recorded operations, a convolution among them, or the Keras
model itself, for other people's code."""


@runtime_checkable
class MethodDefaults(Protocol):
    """What a method may have, each with its default: a shipped method inherits them, a plug-in need not."""

    compiled: ClassVar[bool] = True
    """Whether its maps are one compiled function.

    If not, it is run as it is: other people's code, or a method with NumPy between evaluations of the network. It has
    no derivative, and nothing can be wrapped around it.
    """

    @property
    def multiplies_input(self) -> bool | None:
        """Whether its maps are multiplied by the input less its baseline, so that they are zero where that is.

        None: not said. By default that of the method that it holds.
        """
        within = held(cast("Method", self))
        return within[0].multiplies_input if within else None

    @property
    def code(self) -> str | None:
        """The user's own code that it runs, as ``package.module:function``, if it is trusted; None if it runs none."""
        return None

    def fit(self, network: "Network") -> Learn | None:
        """Build what learns from data (``fitted.py``); None where, with these fields, there is nothing to learn.

        Raises:
            InputError: the method does not apply to this network; the message has the reason and a fix.
        """
        return None

    def baselines(self, x: np.ndarray, params: "Params") -> np.ndarray:
        """Return the inputs from which it measures the contributions of x (n, ...).

        One for each input, (n, ...), or several, (d, n, ...); ``params`` are the network's, with what was learned. By
        default those of the method that it holds, and zeros where it holds none.
        """
        within = held(cast("Method", self))
        return within[0].baselines(x, params) if within else np.zeros_like(x)


class Method(MethodDefaults, Protocol):
    """What a method must have. Hyper-parameters only; the fields are the method's YAML, and its name the file's."""

    __dataclass_fields__: ClassVar[dict[str, Any]]  # a declared value

    source: ClassVar[str]  # the paper

    @property
    @abstractmethod
    def unit(self) -> str:
        """Of the attribution: "logit / input", "logit", "relevance" or "none"."""

    @property
    @abstractmethod
    def signed(self) -> bool:
        """Whether the sign carries meaning."""

    @property
    @abstractmethod
    def stochastic(self) -> bool:
        """Whether another random key gives another map."""

    @property
    @abstractmethod
    def needs(self) -> Need:
        """What the network must offer: its function, its recorded operations, or a convolution among them."""

    @property
    @abstractmethod
    def evaluations(self) -> int:
        """Gradient evaluations per explained input: what the method costs."""

    @property
    def claims(self) -> frozenset[Claim]:
        """The axioms that it claims to keep, by its paper or by its definition: on others it is not judged.

        All of them for a plug-in that does not say, which is judged on each; a shipped method always says.
        """
        return CLAIMS

    @abstractmethod
    def attribute(self, network: "Network") -> Attribute:
        """Build the pure attribution function for a network.

        Raises:
            InputError: the method does not apply to this network; the message has the reason and a fix.
        """

    @abstractmethod
    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return what the method would show if the network contributed noise alone: the null of a similarity.

        Standard Gaussian noise in place of what the network computes, pushed through the method's own masking (the
        multiplication by the input, say). ``x`` is one input, without a batch axis; the result has ``attribute``'s
        shape for it. What the method learned stands among the network's params. What belongs to the input itself, the
        same for all draws of a null, comes from ``own_generator(x, generator)`` in ``shared/noisy_copies.py``.
        """


def held(method: Method) -> tuple[Method, ...]:
    """Return the methods that a method's fields hold, such as the base of SmoothGrad."""
    return tuple(cast("Method", each) for each in vars(method).values() if isinstance(each, MethodDefaults))


def gaussian_noise(self: Any, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The ``noise_map`` of a method without a masking of its own: independent noise, shaped like the input."""
    return generator.standard_normal(x.shape, dtype=np.float32)


def method_value(value: Any) -> Method:
    """Return the method that a spec names: ``gradient``, ``{smoothgrad: {samples: 20}}``, or a method itself.

    Raises:
        ValueError: the name is unknown or a field is wrong; all wrong fields are named.
    """
    return named_value("methods", value, "gradient")


def method_name(method: Method) -> str:
    """Return a method's name in a spec; its class's name if it is not registered."""
    return name_of("methods", method)


def base_value(value: Any) -> Method:
    """Return the method that a wrapper holds, as ``method_value`` does.

    Raises:
        ValueError: also if the method is not compiled, so that nothing can be wrapped around it.
    """
    method = method_value(value)
    if not method.compiled:
        raise ValueError(
            f"`{method_name(method)}` runs in Python and is not compiled, so it cannot be the base of another method"
        )
    return method


def as_named(method: Method) -> dict[str, Any]:
    """Return a method as a spec would write it: ``{name: fields}``, every field filled in."""
    return declare.as_named("methods", method)


if TYPE_CHECKING:
    BaseMethod = Any
else:
    BaseMethod = declare.named_type("methods", base_value, as_named)
"""The type of a field that holds another method, one that is compiled: its name, or one key with its fields."""
