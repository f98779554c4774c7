"""A user's own attribution function under audit."""

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PlainSerializer

from audit.declare import JUDGED, declared
from audit.errors import InputError
from audit.methods.method import Attribute, MethodDefaults, Need, gaussian_noise
from audit.methods.shared.with_model import with_model
from audit.record import CLAIMS, Claim

if TYPE_CHECKING:
    from audit.network.network import Network

Claims = Annotated[frozenset[Claim], PlainSerializer(sorted, return_type=list[Claim]), JUDGED]

REFERENCE = r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$"


@declared
class Python(MethodDefaults):
    """The user's own function: ``(model, x, target) -> attribution``.

    Formula: whatever the function computes. It gets the audited model as a Keras model that has the parameters under
    test and gives logits, one input x (1, ...) float32 as a NumPy array and the class as an int; it returns one number
    for each entry, (1, ...), or for each pixel, (1, H, W). It is asked again for each input and each re-draw, and must
    not keep anything from one call to the next.
    Unit: unknown. Sign: taken as it is.
    Needs: a Keras model to hold, and ``--trust-code package.module:function`` on the command line: it runs code.
    Known criticisms: none is known of code that is not known; a function that draws random numbers of its own without
    a fixed seed makes stage 0 differ from 1, which makes the audit invalid.
    Source: the user's.
    """

    unit: ClassVar[str] = "unknown"
    signed: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "model"
    compiled: ClassVar[bool] = False
    evaluations: ClassVar[int] = 1
    source: ClassVar[str] = "the user's own code"

    function: Annotated[str, Field(pattern=REFERENCE, examples=["package.module:function"])]
    """The function, as package.module:function."""

    output: Literal["logits", "as_built"] = "logits"
    """Output of the model that it receives: logits, or the audited model's own output, such as probabilities."""

    multiplies_input: bool | None = None  # pyright: ignore[reportIncompatibleMethodOverride]  # said in the spec
    """Whether the function multiplies its maps by the input, so that they are 0 where that is; null: not said."""

    claims: Claims = CLAIMS
    """The axioms that it claims to keep: on others it is not judged. Default: all, so it is judged on each."""

    @property
    def code(self) -> str:
        """The code that runs only when it is trusted; what was measured with other code is not used again."""
        return self.function

    def attribute(self, network: "Network") -> Attribute:
        """Return the user's function as an attribution function.

        Raises:
            InputError: it cannot be imported, or no Keras model can be handed to it.
        """
        module, _, name = self.function.partition(":")
        try:
            function = getattr(import_module(module), name)
        except (Exception, SystemExit) as error:  # the user's module can raise anything, a script's end included
            raise InputError(
                "T145",
                f"cannot import `python: {self.function}`",
                received=f"{type(error).__name__}: {error}"[:300],
                fix="use an importable function, written as package.module:function",
            ) from error

        def explain(model: Any, x: np.ndarray, label: int, generator: np.random.Generator) -> Any:
            return function(model, x, label)

        return with_model(network, explain, head=self.output == "as_built")

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise, times the input where it is said that the function multiplies by it."""
        noise = gaussian_noise(self, network, x, generator)
        return x * noise if self.multiplies_input else noise
