"""What a method explains: inputs with their ids and classes, on the audited network or on another."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from audit.record.base import record


@record
class Explained:
    """Inputs (n, ...) float32 with their ids (n,) and the classes (n,) int32 that are explained.

    Of a diagnostic source also what is known of each input, and the inputs with one thing changed (``Dataset``).
    """

    inputs: Any
    ids: Any
    targets: Any
    truth: Mapping[str, Any] = field(default_factory=dict[str, Any])
    counterparts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@record
class Variant:
    """A network and the inputs to explain on it; ``notes`` are arrays that the check reads, by name.

    ``carry`` brings other inputs of the audited network (m, ...) to this one, where its inputs are moved ones.
    """

    network: Any
    explained: Explained
    notes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    carry: Callable[[Any], Any] | None = None


@record
class TableColumns:
    """The names of a table's columns, in the order of ``Dataset.x``, and what the codes of words mean.

    ``words`` holds the vocabulary of each column of words: a code is a place in it. Unless they are ``declared``, the
    codes are those of the file alone, and only a model with a vocabulary of its own can be given these words.
    """

    names: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]
    declared: bool
