"""Every error the audit raises on purpose, and the exit code each one leads to.

    AuditError
    |-- SpecError          2   the spec is invalid: lists every fault
    |-- PluginError        2   the class of a plug-in does not match its protocol: lists every fault
    |-- InputError         2   the model, the data or a method do not fit together
    |-- RefusedError       6   refused for safety: nothing was loaded
    |-- UnitError          -   one unit of work failed: recorded as evidence, the run continues
    `-- EnvironmentStop    7   the machine stopped the run: disk, lock, memory, version

Each error has its own code; a message says what happened, where, what was expected, what was received and how to fix
it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from difflib import get_close_matches
from typing import ClassVar


@dataclass(eq=False, repr=False)
class AuditError(Exception):
    """What happened (one line), and optionally where, what was expected, what was received and how to fix it."""

    exit_code: ClassVar[int] = 3

    code: str
    what: str
    _: KW_ONLY
    where: str | None = None
    expected: str | None = None
    received: str | None = None
    fix: str | None = None

    def __str__(self) -> str:
        details = (("-->", self.where), ("expected:", self.expected), ("received:", self.received), ("fix:", self.fix))
        return "\n".join([f"error[{self.code}]: {self.what}", *(f"  {name} {text}" for name, text in details if text)])


@dataclass(frozen=True)
class Fault:
    """One fault of a spec: its code, its place (1-based line and column) and how to fix it.

    ``file`` names the preset that contains it; it is empty for the spec itself.
    """

    code: str
    what: str
    _: KW_ONLY
    line: int
    column: int
    width: int = 1
    hint: str = ""
    file: str = ""


class SpecError(AuditError):
    """All faults of one spec, each already rendered with its source line and a caret."""

    exit_code: ClassVar[int] = 2

    def __init__(self, faults: Sequence[Fault], rendered: str) -> None:
        super().__init__(faults[0].code, rendered)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return self.what


class PluginError(AuditError):
    """What the class of a plug-in lacks, or has otherwise than its family's protocol: each an error of its own."""

    exit_code = 2

    def __init__(self, faults: Sequence[AuditError]) -> None:
        super().__init__(faults[0].code, faults[0].what)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


class InputError(AuditError):
    """The model, the data or a method do not match the spec."""

    exit_code: ClassVar[int] = 2


class RefusedError(AuditError):
    """Refused for safety: a model or data file was not loaded, or code was not trusted."""

    exit_code: ClassVar[int] = 6


class UnitError(AuditError):
    """One unit of work could not be measured; recorded as failed evidence."""


class EnvironmentStop(AuditError):
    """The machine stopped the run; the next ``run`` resumes it."""

    exit_code: ClassVar[int] = 7


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "did you mean `x`?" for the nearest known name, else the known names, else nothing."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known: {', '.join(names)}" if names else ""
