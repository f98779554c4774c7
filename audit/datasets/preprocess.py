"""From stored values to the model's input space: a declared step, printed in the report."""

from difflib import get_close_matches
from typing import Annotated, Any, Protocol

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.errors import InputError


class Preprocess(Protocol):
    """A step from stored values (N, ...) float32 to model inputs of the same shape."""

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return new values; ``x`` is not changed."""
        ...


@declared
class Rescale:
    """x * scale + offset, in that order: ``{scale: 0.0625}`` brings values of 0 to 16 to 0 to 1."""

    scale: Annotated[float, Field(strict=True)] = 1.0
    offset: Annotated[float, Field(strict=True)] = 0.0

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return x * scale + offset, float32; what does not fit becomes infinite, which a data set may not hold."""
        with np.errstate(over="ignore", invalid="ignore"):
            return (x * np.float32(self.scale) + np.float32(self.offset)).astype(np.float32)


@declared
class Application:
    """The ``preprocess_input`` of a ``keras.applications`` module: ``{application: mobilenet_v2}``."""

    application: str
    """Name of the module or of a model in it: ``efficientnet`` or ``EfficientNetB0``."""

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return what the application's own function makes of x (N, H, W, C), values 0 to 255, channels last.

        Raises:
            InputError: there is no such application; the message names the nearest.
        """
        module = _modules().get(self.application) or self._module_of_model()
        # A copy: some of these functions write into the array they are given.
        result = module.preprocess_input(np.array(x, np.float32), data_format="channels_last")
        return np.asarray(result, np.float32)

    def _module_of_model(self) -> Any:
        modules = _modules()
        for module in modules.values():
            if self.application != "preprocess_input" and callable(getattr(module, self.application, None)):
                return module
        near = get_close_matches(self.application.lower(), modules, n=1, cutoff=0.4)
        raise InputError(
            "D009",
            f"keras.applications has no preprocessing function for `{self.application}`",
            expected=", ".join(sorted(modules)),
            received=self.application,
            fix=f"did you mean `{near[0]}`?" if near else None,
        )


def _modules() -> dict[str, Any]:
    from keras import applications

    modules = {name: getattr(applications, name) for name in dir(applications)}
    return {name: module for name, module in modules.items() if hasattr(module, "preprocess_input")}
