"""The fixed sections of a spec, as a user writes them. Methods, checks and data sources declare their own fields."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from audit.declare import JUDGED, declared
from audit.recipe import Recipe
from audit.record import Channels, RequiredOf, Severity, Sign
from audit.spec.model import Model, Name, PathText

Words = Annotated[str, Field(min_length=1, max_length=4000)]
Identifier = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", examples=["gradient", "cascade-2", "of_at_most_64_letters"]),
]
Preset = Annotated[str, Field(pattern=r"^preset:.+$", examples=["preset:adebayo2018_paper"])]
LISTED = 100
"""The most methods, or requirements, that a spec can list."""


@declared
class Owner:
    """Who is responsible for the audit."""

    name: Name
    """Name of a person or a team."""

    role: Name | None = None
    """Their role."""


@declared
class Signoff:
    """Who signs the report: printed on the cover with lines for date and signature; blank without a name."""

    prepared_by: Name | None = None
    """Who ran the audit."""

    reviewed_by: Name | None = None
    """Who reviewed it; ideally someone who neither prepared nor owns it."""

    approved_by: Name | None = None
    """Who approved the decision based on it."""


@declared
class Header:
    """Title, purpose and people of the audit, printed on the cover."""

    id: Identifier | None = None
    """Name of the run's folder. Default: the spec's file name."""

    title: Name | None = None
    """Title of the report."""

    intended_use: Words | None = None
    """What the explanations are used for."""

    owner: Owner | None = None
    """Who is responsible for the audit."""

    signoff: Signoff = Signoff()
    """Who signs the report."""

    model_card: Name | None = None
    """Path or URL of the model card; printed, never opened."""

    frameworks: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """Frameworks to map the evidence to, by name or as ``name@date``; ``list frameworks`` lists them."""


@declared
class Inputs:
    """The fields of every data source, besides its own."""

    source: Name
    """Name of the data source."""

    inputs: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """Number of explained inputs: sampled with the seed, stratified by class."""

    preprocess: dict[str, Any] | None = None
    """How stored values become the model's inputs: ``{scale, offset}``, or ``{application: name}``."""


@declared
class Maps:
    """How raw maps are reduced before they are compared; a check can override it."""

    channels: Channels = "sum"
    """Reduction over the channels: signed sum, sum of absolute values, or largest absolute value."""

    sign: Sign = "absolute"
    """Whether the sign of a map is compared."""


@declared
class MethodOptions:
    """The fields of every method, besides its own."""

    id: Identifier | None = None
    """Id of the method in this audit. Default: its name, numbered if used twice."""


@declared
class RequirementOptions:
    """The fields of every requirement, besides its check's own."""

    id: Identifier | None = None
    """Id of the requirement. Default: its check's name, numbered if used twice."""

    methods: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Ids of the methods it applies to. Default: all."""

    severity: Severity = "error"
    """``error`` counts for the gate; ``warning`` is only reported."""

    required_of: RequiredOf = "claiming"
    """Of which methods an axiom is required: ``claiming`` skips those that do not claim it, ``all`` judges them too."""


@declared
class Waiver:
    """An exception with an expiry date, printed in the report."""

    check: Name
    """Id of the requirement, or name of its check."""

    method: Name
    """Id of the method."""

    until: date
    """Last day on which it is valid."""

    by: Name
    """Who granted it."""

    reason: Words
    """Why it was granted."""


@declared
class Gate:
    """What blocks the gate, besides a failure."""

    inconclusive: Literal["fail", "pass"] = "fail"
    """Whether an inconclusive verdict blocks the gate."""


@declared
class ReportOptions:
    """Reports for people; files for other programs are always written."""

    formats: tuple[Literal["html", "pdf"], ...] = ("html", "pdf")
    """Formats of the report."""

    gallery: Annotated[int, Field(ge=0, le=100)] = 8
    """Number of inputs shown in the gallery."""


@declared
class Runtime:
    """Backend, device and batch size."""

    backend: Literal["tensorflow", "jax"] | None = None
    """Keras backend. ``--backend`` overrides it; KERAS_BACKEND does not."""

    device: Annotated[str, Field(pattern=r"^(auto|cpu|gpu:[0-9]{1,3})$", examples=["auto", "cpu", "gpu:0"])] = "auto"
    """``auto`` uses a GPU if there is one."""

    batch: Annotated[int, Field(ge=1, le=65_536)] | None = None
    """Inputs per batch; does not change the results. Default: chosen by the model's size."""


@declared
class Document:
    """A whole spec. ``dataset``, ``methods`` and ``require`` are read by the names they hold."""

    # Methods, requirements and maps are marked too: units of work hold what is measured of them, and one that was not
    # measured is missed by itself.

    version: Literal[1]
    """Version of the spec format."""

    extends: Annotated[Preset | None, JUDGED] = None
    """A preset that fills in what this spec does not set: sections key by key, anything else as a whole."""

    audit: Annotated[Header, JUDGED] = Header()
    """Title, purpose and people of the audit."""

    model: Model
    """The audited model."""

    dataset: Annotated[dict[str, Any], Field(min_length=1)]
    """The explained inputs."""

    target: Literal["predicted", "label"] | Annotated[int, Field(ge=0)] = "predicted"
    """The explained class: the model's prediction, the label, or one class index. Fixed once, on the original model."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of all random numbers."""

    methods: Annotated[tuple[Any, ...], Field(min_length=1, max_length=LISTED), JUDGED]
    """The attribution methods: each a name, or one name with its fields."""

    inapplicable: Annotated[Literal["refuse", "skip"], JUDGED] = "refuse"
    """What happens if a method does not apply to the model: refuse the spec, or skip the method's verdicts."""

    maps: Annotated[Maps, JUDGED] = Maps()
    """How raw maps are reduced before they are compared."""

    require: Annotated[tuple[Any, ...], Field(min_length=1, max_length=LISTED), JUDGED]
    """The required checks: each a name, or one name with its fields."""

    controls: Annotated[Literal["default"], JUDGED] = "default"
    """Controls that always run too, to test the checks: an edge detector, a random map and the input itself."""

    training: Recipe | None = None
    """How networks are retrained; required by checks that retrain."""

    waivers: Annotated[tuple[Waiver, ...], Field(max_length=1000), JUDGED] = ()
    """Exceptions with an expiry date."""

    gate: Annotated[Gate, JUDGED] = Gate()
    """What blocks the gate."""

    baseline: Annotated[PathText | None, JUDGED] = None
    """The results.json of an earlier run; the report shows what changed since. Never counts for the gate."""

    report: Annotated[ReportOptions, JUDGED] = ReportOptions()
    """Which reports are written."""

    runtime: Annotated[Runtime, JUDGED] = Runtime()
    """Backend, device and batch size."""
