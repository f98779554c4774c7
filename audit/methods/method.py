"""What an attribution method is: a declared value that builds a pure function of the model's parameters.

A method module imports Keras inside ``attribute``, never at its top: specs are validated without a framework.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np

if TYPE_CHECKING:
    from audit.network.network import Network

Array = Any  # a NumPy array or a tensor of the active backend

Attribute = Callable[[Mapping[str, Array], Array, Array, Array], Array]
"""``(params, x (B, ...), target (B,) int32, key (B, 2) uint32) -> raw signed attribution (B, ...)``, pure.

The result has x's shape, or x's with one channel where the method has no channels of its own (Grad-CAM).
"""


class Method(Protocol):
    """Hyper-parameters only; the fields are the method's YAML. The name in YAML is the file's name."""

    unit: ClassVar[str]  # of the attribution: "logit / input", "logit", "relevance" or "none"
    signed: ClassVar[bool]  # whether the sign carries meaning
    source: ClassVar[str]  # the paper

    @property
    def stochastic(self) -> bool:
        """Whether another random key gives another map."""
        ...

    @property
    def needs(self) -> Literal["apply", "graph", "convolution"]:
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

    def noise(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return what the method would show if the network contributed noise alone: the null of a similarity.

        Standard Gaussian noise in place of what the network computes, pushed through the method's own masking (the
        multiplication by the input, say). ``x`` is one input, without a batch axis; the result has ``attribute``'s
        shape for it.
        """
        ...


def gaussian_noise(self: Any, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The ``noise`` of a method without a masking of its own: independent noise, shaped like the input."""
    return generator.standard_normal(x.shape, dtype=np.float32)
