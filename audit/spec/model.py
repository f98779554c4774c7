"""The ``model`` section of a spec: where the audited model comes from, and which layers are re-drawn together."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from audit.declare import declared

Name = Annotated[str, Field(min_length=1, max_length=200)]
PathText = Annotated[str, Field(min_length=1, max_length=4000)]
Block = Annotated[tuple[Name, ...], Field(min_length=1)]


@declared
class Model:
    """The audited model: exactly one of ``path``, ``application`` and ``build``."""

    path: PathText | None = None
    """A ``.keras`` or ``.h5`` file; a relative path starts at the spec's folder."""

    application: Name | None = None
    """A model of ``keras.applications``, such as MobileNetV2."""

    build: (
        Annotated[
            str,
            Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$", examples=["package.module:function"]),
        ]
        | None
    ) = None
    """A function that returns the model; runs only when it is trusted on the command line (``--trust-code``)."""

    weights: PathText | None = None
    """Of an application: ``imagenet``, a weights file, or null for random weights."""

    sha256: (
        Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["the 64 digits that sha256sum prints"])] | None
    ) = None
    """The model file's digest; another file stops the run."""

    output: Literal["auto", "logits", "softmax", "sigmoid"] = "auto"
    """What the model puts out; ``auto`` looks, and removes a final softmax or sigmoid: logits are explained."""

    classes: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Of an application: the number of classes, where it is not the usual one."""

    input_shape: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1, max_length=3)] | None = None
    """Of an application or a built model: the shape of one input, where it is not the usual or the known one."""

    stages: Annotated[tuple[Block, ...], Field(min_length=1, max_length=1000)] | None = None
    """What randomisation re-draws together: lists of layers, output to input; one stage per layer where absent."""

    blocks: Literal["auto"] | None = None
    """``auto`` makes one stage of the layers of a block, told by their names (``block5_conv1``, ``mixed10``)."""

    @model_validator(mode="after")
    def _one_source(self) -> "Model":
        if sum(each is not None for each in (self.path, self.application, self.build)) != 1:
            raise ValueError("expected exactly one of `path`, `application` and `build`")
        of_application = {"weights": self.weights, "classes": self.classes}
        given = [name for name, value in of_application.items() if value is not None]
        if given and self.application is None:
            raise ValueError(f"`{given[0]}` belongs to an `application`")
        if self.input_shape is not None and self.path is not None:
            raise ValueError("`input_shape` belongs to an `application` or a `build`: a file knows its own")
        if self.sha256 is not None and self.path is None:
            raise ValueError("`sha256` belongs to a `path`")
        if self.stages is not None and self.blocks is not None:
            raise ValueError("expected at most one of `stages` and `blocks`")
        return self
