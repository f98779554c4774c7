"""What every record is: a frozen dataclass, and its digest."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Make a frozen, keyword-only dataclass."""
    return dataclass(cls, frozen=True, kw_only=True)


def canonical(value: Any) -> str:
    """Return JSON that is the same for the same value: sorted keys, no spaces, no NaN, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON-compatible value."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
