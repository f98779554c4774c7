"""What an attribution method is: a declared value that builds a pure function of the model's parameters.

A method module imports Keras inside ``attribute``, never at its top: specs are validated without a framework.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np

from audit import declare
from audit.declare import name_of, named_value

if TYPE_CHECKING:
    from audit.network.network import Network

Array = Any  # a NumPy array or a tensor of the active backend

Attribute = Callable[[Mapping[str, Array], Array, Array, Array], Array]
"""``(params, x (B, ...), target (B,) int32, key (B, 2) uint32) -> raw signed attribution (B, ...)``, pure.

The result has x's shape, or x's with one channel where the method has no channels of its own (Grad-CAM).
"""


Need = Literal["apply", "graph", "convolution", "model"]
"""What a network must offer a method: its function, its recorded operations, a convolution among them, or the Keras
model itself, for other people's code."""


class Method(Protocol):
    """Hyper-parameters only; the fields are the method's YAML. The name in YAML is the file's name.

    A method that learns from data before it explains has a ``fit`` too: ``Fitted`` in ``fitted.py``.
    """

    source: ClassVar[str]  # the paper

    @property
    def unit(self) -> str:
        """Of the attribution: "logit / input", "logit", "relevance" or "none"."""
        ...

    @property
    def signed(self) -> bool:
        """Whether the sign carries meaning."""
        ...

    @property
    def stochastic(self) -> bool:
        """Whether another random key gives another map."""
        ...

    @property
    def needs(self) -> Need:
        """What the network must offer: its function, its recorded operations, or a convolution among them."""
        ...

    @property
    def evaluations(self) -> int:
        """Gradient evaluations per explained input: what the method costs."""
        ...

    def attribute(self, network: "Network") -> Attribute:
        """Build the pure attribution function for a network.

        Raises:
            InputError: the method does not apply to this network; the message names the reason and the way out.
        """
        ...

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return what the method would show if the network contributed noise alone: the null of a similarity.

        Standard Gaussian noise in place of what the network computes, pushed through the method's own masking (the
        multiplication by the input, say). ``x`` is one input, without a batch axis; the result has ``attribute``'s
        shape for it. What the method learned stands among the network's params.
        """
        ...


def gaussian_noise(self: Any, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The ``noise_map`` of a method without a masking of its own: independent noise, shaped like the input."""
    return generator.standard_normal(x.shape, dtype=np.float32)


def method_value(value: Any) -> Method:
    """Return the method that a spec names: ``gradient``, ``{smoothgrad: {samples: 20}}``, or a method itself.

    Raises:
        ValueError: the name is unknown or a field is wrong; all wrong fields are named.
    """
    return value if hasattr(type(value), "attribute") else named_value("methods", value, "gradient")


def method_name(method: Method) -> str:
    """Return a method's name in a spec; its class's name if it is not registered."""
    return name_of("methods", method)


def is_compiled(method: Any) -> bool:
    """Whether a method's maps are one compiled function.

    If not, its class says ``compiled = False`` and it is run as it is: other people's code, or a method with NumPy
    between evaluations of the network. It has no derivative, and nothing can be wrapped around it.
    """
    return getattr(method, "compiled", True)


def base_value(value: Any) -> Method:
    """Return the method that a wrapper holds, as ``method_value`` does.

    Raises:
        ValueError: also if the method is not compiled, so that nothing can be wrapped around it.
    """
    method = method_value(value)
    if not is_compiled(method):
        raise ValueError(
            f"`{method_name(method)}` is run in Python and not compiled, so it cannot be the base of a method"
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
