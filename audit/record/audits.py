"""A whole audit, its comparison with another, its history and its gallery."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from audit.record.base import record
from audit.record.facts import Facts, RequirementFacts
from audit.record.verdicts import AuditOutcome, Control, Criterion, Invalidity, LearningCurve, Provenance, Verdict

SCHEMA_VERSION = 1
"""Of ``Audit``, and so of results.json. A field that is added, with a default, keeps it: readers pass over keys that
they do not know. A field that is removed or renamed, or that means something else, raises it, and a reader refuses
what is newer than itself."""


@record
class Side:
    """One of two audits that are compared. ``digest`` is that of its results.json, None for the one that holds this."""

    id: str
    digest: str | None
    model: str  # the digest of its parameters
    outcome: AuditOutcome
    valid: bool
    exit_code: int


@record
class Shift:
    """A criterion whose statistic or threshold changed."""

    before: Criterion
    after: Criterion


@record
class Change:
    """How one verdict changed. ``before`` and ``after`` are its outcome in words, None where it is absent.

    ``regression``: worse than before; ``fix``: passes again; ``changed``: another outcome that is neither, or a waiver
    or a severity of another kind; ``numbers``: the same outcome from other numbers or thresholds.
    """

    requirement: str
    method: str
    kind: Literal["regression", "fix", "new", "gone", "changed", "numbers"]
    before: str | None
    after: str | None
    reason: str  # of the verdict after, or of the one that is gone
    shifts: tuple[Shift, ...] = ()


@record
class Comparison:
    """A comparison of two audits. ``notes`` say what else differs: the model, the data, the requirements."""

    before: Side
    after: Side
    notes: tuple[str, ...]
    changes: tuple[Change, ...]
    same: int  # verdicts that are as they were


@record
class PastRun:
    """One line of history.jsonl: how an audit ended, and when."""

    date: str  # UTC, as 2026-01-31T12:00:00+00:00
    audit: str
    digest: str  # of results.json
    model: str
    outcome: AuditOutcome
    exit_code: int
    counts: Mapping[str, int]


@record
class LogLine:
    """One line of a run's log as a report shows it: without times, so that an interruption leaves no trace."""

    kind: Literal["warning", "failure", "missing", "again", "skipped", "note", "measured"]
    of: str  # the check or the requirement; the library that warned
    text: str


@record
class Context:
    """What a report shows besides results.json: it can differ between machines although the results are the same."""

    file: str = ""  # the spec, as the command line named it
    lines: Mapping[str, int] = field(
        default_factory=dict[str, int]
    )  # requirement -> line of the spec, where it is written there
    earlier: tuple[PastRun, ...] = ()  # of the same audit, the oldest first
    log: tuple[LogLine, ...] = ()
    left_out: int = 0  # lines of the log that are not in it


@record
class Audit:
    """A whole audit: the spec, the facts and the verdicts. ``results.json`` is this record.

    ``invalid`` holds every reason why no verdict counts as a pass. ``valid`` follows from it, whatever it is given; it
    is a field because results.json states it.
    """

    schema_version: int
    spec: Mapping[str, Any]
    facts: Facts
    requirements: tuple[RequirementFacts, ...]
    verdicts: tuple[Verdict, ...]
    controls: tuple[Control, ...]
    provenance: Provenance
    outcome: AuditOutcome
    exit_code: int
    sentence: str
    invalid: tuple[Invalidity, ...] = ()
    valid: bool = True
    trainings: tuple[LearningCurve, ...] = ()
    comparison: Comparison | None = None

    def __post_init__(self) -> None:
        """Derive ``valid``: the record is frozen, so it is set as ``dataclasses`` itself sets fields."""
        object.__setattr__(self, "valid", not self.invalid)


@record
class Panel:
    """One image of a gallery strip: a map, or the input itself."""

    label: str
    image: Any  # (H, W) float32 map, (H, W, C) input, or (F,) for flat inputs
    similarity: float | None = None


@record
class Strip:
    """One input explained by one method: the map at each place of a curve."""

    input_id: str
    method: str
    requirement: str
    panels: tuple[Panel, ...]


@record
class Gallery:
    """The images of a report. ``inputs`` maps an input's id to its image."""

    inputs: Mapping[str, Any]
    strips: tuple[Strip, ...]
    selection: str  # the rule by which the inputs were chosen, in words
