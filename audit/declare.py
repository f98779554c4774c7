"""``declared``: a frozen dataclass whose fields are its YAML.

Methods, checks and dataset sources are declared values: hyper-parameters only, keyword-only, immutable, hashable and
validated when built (unknown names, wrong types and values out of range are faults), from a spec and from Python alike.
"""

from typing import Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

T = TypeVar("T")

_CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass_transform(kw_only_default=True, frozen_default=True)
def declared(cls: type[T]) -> type[T]:
    """Turn a class with annotated fields into a declared value."""
    return dataclass(cls, frozen=True, kw_only=True, config=_CONFIG)  # type: ignore[return-value]


def as_json(value: Any) -> dict[str, Any]:
    """Return the fields of a declared value or record as JSON-compatible values."""
    return TypeAdapter(type(value)).dump_python(value, mode="json")
