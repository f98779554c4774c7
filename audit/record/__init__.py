"""What crosses the layers of an audit: plain frozen records, standard library only.

A spec becomes units of work; each unit leaves evidence; verdicts are computed from evidence alone; an audit is all of
it together. Every record can be written as JSON and read back (``store.py``), so judging and rendering need no
framework. Arrays are NumPy, float64 scores and float32 maps; ``n`` inputs, ``J`` seeds.
"""

from audit.record.audits import (
    SCHEMA_VERSION,
    Audit,
    Change,
    Comparison,
    Context,
    Gallery,
    Panel,
    Past,
    Shift,
    Side,
    Strip,
    Told,
)
from audit.record.base import canonical, digest, record
from audit.record.conditions import (
    BatchNorm,
    Condition,
    Distribution,
    ExplainedClass,
    Null,
    Original,
    Probed,
    Randomized,
    Redraw,
    Rekeyed,
    Removed,
    Trained,
)
from audit.record.evidence import Evidence, Measurement, Unit
from audit.record.explained import Explained, Variant
from audit.record.facts import (
    DataFacts,
    Facts,
    MethodFacts,
    NetworkFacts,
    RequirementFacts,
    Severity,
    StageFacts,
    TrainingFacts,
)
from audit.record.verdicts import Control, Criterion, Ending, History, Outcome, Point, Provenance, Reference, Verdict

__all__ = [
    "Audit",
    "BatchNorm",
    "Change",
    "Comparison",
    "Condition",
    "Context",
    "Control",
    "Criterion",
    "DataFacts",
    "Distribution",
    "Ending",
    "Evidence",
    "Explained",
    "ExplainedClass",
    "Facts",
    "Gallery",
    "History",
    "Measurement",
    "MethodFacts",
    "NetworkFacts",
    "Null",
    "Original",
    "Outcome",
    "Panel",
    "Past",
    "Point",
    "Probed",
    "Provenance",
    "Randomized",
    "Redraw",
    "Reference",
    "Rekeyed",
    "Removed",
    "RequirementFacts",
    "SCHEMA_VERSION",
    "Severity",
    "Shift",
    "Side",
    "StageFacts",
    "Strip",
    "Told",
    "Trained",
    "TrainingFacts",
    "Unit",
    "Variant",
    "Verdict",
    "canonical",
    "digest",
    "record",
]
