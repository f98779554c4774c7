"""Shapes are checked under test: arrays that cross the seams below have the shapes that their annotations say.

The hook must be in place before the modules are imported. Other annotations are left to pyright.
"""

from collections.abc import Callable
from inspect import isclass
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray, install_import_hook

SEAMS = (
    "audit.backend.random",
    "audit.datasets.dataset",
    "audit.engine.bench",
    "audit.maps",
    "audit.methods.shared.on_host",
    "audit.similarities",
    "audit.statistics",
)


def check_shapes() -> None:
    """Check the arguments, results and fields of the seams from here on."""
    install_import_hook(SEAMS, "tests.shapes.arrays_alone")


def arrays_alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """Check a function's arrays: its other types may be names that only a type checker imports."""
    hints = {name: hint for name, hint in function.__annotations__.items() if _holds_array(hint)}
    function.__annotations__ = hints
    return beartype(function) if hints else function


def _holds_array(hint: Any) -> bool:
    return (isclass(hint) and issubclass(hint, AbstractArray)) or any(map(_holds_array, get_args(hint)))
