"""The ``model`` section of a spec: the source of the audited model, and the layers that are re-drawn together."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from audit.declare import JUDGED, declared

Name = Annotated[str, Field(min_length=1, max_length=200)]
PathText = Annotated[str, Field(min_length=1, max_length=4000)]
Share = Annotated[float, Field(ge=0, le=1)]
Block = Annotated[tuple[Name, ...], Field(min_length=1)]


@declared
class Model:
    """The audited model: exactly one of ``path``, ``application`` and ``build``."""

    path: PathText | None = None
    """Path of a ``.keras`` or ``.h5`` file, relative to the spec's folder."""

    application: Name | None = None
    """Name of a model in ``keras.applications``, such as MobileNetV2."""

    build: (
        Annotated[
            str,
            Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$", examples=["package.module:function"]),
        ]
        | None
    ) = None
    """A function that returns the model; runs only if trusted on the command line with ``--trust-code``."""

    weights: PathText | None = None
    """Weights of an ``application``: ``imagenet``, a weights file, or null for random weights."""

    sha256: (
        Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["the 64 digits that sha256sum prints"])] | None
    ) = None
    """Expected SHA-256 of the model file; the run stops if it differs."""

    output: Literal["auto", "logits", "softmax", "sigmoid"] = "auto"
    """Output of the model. Logits are explained: ``auto`` detects and removes a final softmax or sigmoid."""

    classes: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Number of classes of an ``application``, if it is not the default."""

    input_shape: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1, max_length=3)] | None = None
    """Shape of one input of an ``application`` or a ``build``, if it is not the default."""

    stages: Annotated[tuple[Block, ...], Field(min_length=1, max_length=1000)] | None = None
    """Layers that randomisation re-draws together: lists from output to input. Default: one stage per layer."""

    blocks: Literal["auto"] | None = None
    """``auto`` makes one stage of each block, recognised by layer names such as ``block5_conv1`` or ``mixed10``."""

    stochastic: Literal["refused", "allowed"] = "refused"
    """Of a model that draws random numbers when it answers (dropout that is always on, say), the audit is invalid;
    ``allowed`` averages its answers and maps over ``draws``."""

    draws: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Over how many draws a model's answers and maps are averaged with ``stochastic: allowed``; 16 if not given."""

    accuracy: Annotated[Literal["better_than_chance", "any"], JUDGED] = "better_than_chance"
    """How well the model must answer the labelled data. ``any``: a model that was not trained, or memorises labels."""

    accuracy_at_least: Annotated[Share | None, JUDGED] = None
    """Least accuracy on the labelled data, which the whole interval must reach."""

    auc_at_least: Annotated[Share | None, JUDGED] = None
    """Least area under the ROC curve on the labelled data of two classes, which the whole interval must reach."""

    @model_validator(mode="after")
    def _one_source(self) -> "Model":
        if sum(each is not None for each in (self.path, self.application, self.build)) != 1:
            raise ValueError("expected exactly one of `path`, `application` and `build`")
        of_application = {"weights": self.weights, "classes": self.classes}
        given = [name for name, value in of_application.items() if value is not None]
        if given and self.application is None:
            raise ValueError(f"`{given[0]}` is only valid with `application`")
        if self.input_shape is not None and self.path is not None:
            raise ValueError("`input_shape` is only valid with `application` or `build`: a model file has its own")
        if self.sha256 is not None and self.path is None:
            raise ValueError("`sha256` is only valid with `path`")
        if self.stages is not None and self.blocks is not None:
            raise ValueError("expected at most one of `stages` and `blocks`")
        if self.draws is not None and self.stochastic != "allowed":
            raise ValueError("`draws` is only valid with `stochastic: allowed`")
        demanded = [name for name in ("accuracy_at_least", "auc_at_least") if vars(self)[name] is not None]
        if self.accuracy == "any" and demanded:
            raise ValueError(f"`{demanded[0]}` contradicts `accuracy: any`: remove one of them")
        return self
