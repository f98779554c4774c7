"""Units of work and their evidence."""

from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any, Literal

from audit.record.base import digest, record
from audit.record.conditions import Condition


@record
class Code:
    """Code that decides numbers. ``digest`` is that of its files; comments, docstrings and layout do not change it."""

    name: str  # as a spec says it
    package: str  # the distribution it comes from, with its version; empty where it comes from none
    digest: str


@record
class Unit:
    """One piece of work: one check's measurement of one method under one condition.

    ``settings`` holds the check's fields that affect the measurement, never thresholds; ``method`` is the method's name
    and fields; ``code`` is the code behind the numbers, that of the audit and of every class from another package;
    ``world`` is the digest of everything else that matters (weights, data, targets, seed, versions, numeric
    environment).
    """

    check: str
    settings: Mapping[str, Any]
    method: Mapping[str, Any]
    condition: Condition
    world: str
    code: Mapping[str, Code] = field(default_factory=dict[str, Code])

    @property
    def key(self) -> str:
        """The SHA-256 of the unit's canonical JSON: the name of its evidence."""
        return digest(asdict(self))


@record
class Measurement:
    """The result of measuring one unit: scores by name, (n,) float64; maps for the gallery; a training's parameters."""

    scores: Mapping[str, Any]
    maps: Mapping[str, Any] = field(default_factory=dict[str, Any])
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    note: str | None = None  # why there is nothing to measure


@record
class Evidence:
    """The stored result of one unit. A failed unit has an ``error`` and no scores."""

    unit: Unit
    status: Literal["done", "failed"]
    scores: Mapping[str, Any] = field(default_factory=dict[str, Any])  # name -> (n,) float64; NaN: undefined
    maps: Mapping[str, Any] = field(
        default_factory=dict[str, Any]
    )  # name -> (g, H, W) or (g, F) float32, of the gallery
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])  # of a training: variable -> array
    seconds: float = 0.0
    error: str | None = None
    note: str | None = None  # why nothing could be measured, although there was no error
