"""The fixed sections of a spec, as a user writes them. Methods, checks and data sources declare their own fields."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from audit.declare import declared
from audit.recipe import Recipe
from audit.spec.model import Model, Name, PathText

Words = Annotated[str, Field(min_length=1, max_length=4000)]
Identifier = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", examples=["gradient", "cascade-2", "of_at_most_64_letters"]),
]
LISTED = 100
"""Methods, or requirements, that a spec names at most."""

Channels = Literal["sum", "absolute_sum", "absolute_max"]
Sign = Literal["absolute", "signed"]


@declared
class Owner:
    """Who answers for the audit."""

    name: Name
    """A person or a team."""

    role: Name | None = None
    """Their role."""


@declared
class Signoff:
    """Who signs the report: printed on the cover, above lines for date and signature; blank without a name."""

    prepared_by: Name | None = None
    """Who ran the audit."""

    reviewed_by: Name | None = None
    """Who reviewed it: better somebody who neither prepared nor owns it."""

    approved_by: Name | None = None
    """Who approved what follows from it."""


@declared
class Header:
    """Who audits what, and why: printed on the cover."""

    id: Identifier | None = None
    """Names the run's folder; the spec's file name where absent."""

    title: Name | None = None
    """The report's title."""

    intended_use: Words | None = None
    """What the explanations are shown to people for."""

    owner: Owner | None = None
    """Who answers for the audit."""

    signoff: Signoff = Signoff()
    """Who signs it."""

    model_card: Name | None = None
    """Where the model's card is kept: printed, never read."""

    frameworks: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """Frameworks to lay the evidence beside, by name or as ``name@date``; ``list frameworks`` shows them."""


@declared
class Inputs:
    """What every data source has, beside its own fields."""

    source: Name
    """Where the data come from: the name of a data source."""

    inputs: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """How many inputs are explained: drawn by the seed, stratified by class."""

    preprocess: dict[str, Any] | None = None
    """From stored values to the model's: ``{scale, offset}``, or ``{application: name}``."""


@declared
class Maps:
    """How raw maps are reduced before they are compared; a check may say otherwise."""

    channels: Channels = "sum"
    """Over the channels: the signed sum, the sum of absolute values, or the largest absolute value."""

    sign: Sign = "absolute"
    """Whether the sign is compared."""


@declared
class MethodOptions:
    """What every method may say, beside its own fields."""

    id: Identifier | None = None
    """Names the method in this audit; its name where absent, numbered when used twice."""


@declared
class RequirementOptions:
    """What every requirement may say, beside its check's own fields."""

    id: Identifier | None = None
    """Names the requirement; its check's name where absent, numbered when used twice."""

    methods: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """The methods it applies to, by id; all where absent."""

    severity: Literal["error", "warning"] = "error"
    """Whether it gates: a warning never does."""


@declared
class Waiver:
    """A dated exception: printed, and void after its day."""

    check: Name
    """The requirement's id or its check's name."""

    method: Name
    """The method's id."""

    until: date
    """The last day on which it holds."""

    by: Name
    """Who granted it."""

    reason: Words
    """Why."""


@declared
class Gate:
    """What stops the gate, beside a failure."""

    inconclusive: Literal["fail", "pass"] = "fail"
    """Whether an inconclusive verdict stops it."""


@declared
class ReportOptions:
    """What is written for people; the files for machines always are."""

    formats: tuple[Literal["html", "pdf"], ...] = ("html", "pdf")
    """Reports for people."""

    gallery: Annotated[int, Field(ge=0, le=100)] = 8
    """How many inputs are pictured."""


@declared
class Runtime:
    """Where the audit computes."""

    backend: Literal["tensorflow", "jax"] | None = None
    """Keras's backend; ``--backend`` outranks it, KERAS_BACKEND does not."""

    device: Annotated[str, Field(pattern=r"^(auto|cpu|gpu:[0-9]{1,3})$", examples=["auto", "cpu", "gpu:0"])] = "auto"
    """``auto`` takes a GPU where there is one."""

    batch: Annotated[int, Field(ge=1, le=65_536)] | None = None
    """Inputs per batch; chosen by the model's size where absent. It does not change the results."""


@declared
class Document:
    """A whole spec. ``dataset``, ``methods`` and ``require`` are read by what they name."""

    version: Literal[1]
    """Of the spec's language."""

    extends: Annotated[str, Field(pattern=r"^preset:.+$", examples=["preset:adebayo2018_paper"])] | None = None
    """A preset that ships with the audit and says whatever this spec does not: key by key in sections, else as a
    whole."""

    audit: Header = Header()
    """Who audits what, and why."""

    model: Model
    """The audited model."""

    dataset: Annotated[dict[str, Any], Field(min_length=1)]
    """The inputs that are explained."""

    target: Literal["predicted", "label"] | Annotated[int, Field(ge=0)] = "predicted"
    """The explained class: the model's own prediction, the label, or one class. Fixed once, on the original model."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """All randomness derives from it."""

    methods: Annotated[tuple[Any, ...], Field(min_length=1, max_length=LISTED)]
    """The attribution methods: a name, or one name with its fields."""

    inapplicable: Literal["refuse", "skip"] = "refuse"
    """What becomes of a method that does not apply to the model: the spec is refused, or its verdicts are skipped."""

    maps: Maps = Maps()
    """How raw maps are reduced before they are compared."""

    require: Annotated[tuple[Any, ...], Field(min_length=1, max_length=LISTED)]
    """The required sensitivities and invariances: a check's name, or one name with its fields."""

    controls: Literal["default"] = "default"
    """An edge detector, a random map and the input itself are always run too: they audit the audit."""

    training: Recipe | None = None
    """How networks are trained anew, for the checks that retrain."""

    waivers: Annotated[tuple[Waiver, ...], Field(max_length=1000)] = ()
    """Dated exceptions."""

    gate: Gate = Gate()
    """What stops the gate."""

    baseline: PathText | None = None
    """The results.json of an earlier run: what changed since is a section of the report. It never gates."""

    report: ReportOptions = ReportOptions()
    """What is written."""

    runtime: Runtime = Runtime()
    """Where the audit computes."""
