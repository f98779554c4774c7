"""From stored values to the model's input space: a declared step, printed in the report."""

from difflib import get_close_matches
from typing import Annotated, Protocol

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
        """Return x * scale + offset, float32."""
        return (x * np.float32(self.scale) + np.float32(self.offset)).astype(np.float32)


@declared
class Application:
    """The ``preprocess_input`` of a ``keras.applications`` module: ``{application: mobilenet_v2}``."""

    application: str

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return what the application's own function makes of x (N, H, W, C), values 0 to 255, channels last.

        Raises:
            InputError: there is no such application; the message names the nearest.
        """
        from keras import applications

        # A model's name will do for its module's: MobileNetV2 lives in mobilenet_v2.
        spellings = {name.replace("_", ""): name for name in dir(applications) if _has_function(applications, name)}
        name = spellings.get(self.application.replace("_", "").lower())
        if name is None:
            near = get_close_matches(self.application.lower(), spellings.values(), n=1, cutoff=0.4)
            raise InputError(
                "D009",
                f"keras.applications has no `{self.application}` with a preprocessing function",
                expected=", ".join(sorted(spellings.values())),
                fix=f"did you mean `{near[0]}`?" if near else None,
            )
        # A copy: some of these functions write into the array they are given.
        result = getattr(applications, name).preprocess_input(np.array(x, np.float32), data_format="channels_last")
        return np.asarray(result, np.float32)


def _has_function(applications: object, name: str) -> bool:
    return hasattr(getattr(applications, name), "preprocess_input")
