"""The ``training`` section of a spec: how networks are retrained. Read and checked without Keras."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema, model_validator

from audit.declare import declared
from audit.errors import did_you_mean

OPTIMIZERS = (
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "ftrl",
    "lamb",
    "lion",
    "nadam",
    "rmsprop",
    "sgd",
)
"""Optimizers in ``keras.optimizers``."""

AUGMENTATIONS = (
    "gaussian_noise",
    "random_brightness",
    "random_color_degeneration",
    "random_color_jitter",
    "random_contrast",
    "random_erasing",
    "random_flip",
    "random_gaussian_blur",
    "random_grayscale",
    "random_hue",
    "random_invert",
    "random_perspective",
    "random_posterization",
    "random_rotation",
    "random_saturation",
    "random_sharpness",
    "random_shear",
    "random_translation",
    "random_zoom",
)
"""Layers in ``keras.layers``, in snake case, that change inputs at random, leave labels alone and can be compiled."""

Named = dict[str, dict[str, JsonValue]]
Share = Annotated[float, Field(gt=0, le=1)]


def _schema(known: Sequence[str]) -> dict[str, Any]:
    fields = {"anyOf": [{"type": "object"}, {"type": "null"}]}
    by_name = {"type": "object", "properties": dict.fromkeys(known, fields), "additionalProperties": False}
    return {"anyOf": [{"enum": list(known)}, {**by_name, "minProperties": 1, "maxProperties": 1}]}


def _reader(kind: str, known: Sequence[str]) -> Callable[[Any], Any]:
    """Return a function that reads one name with its fields; a name alone becomes ``{name: {}}``."""

    def read(value: Any) -> Any:
        entry = {value: {}} if isinstance(value, str) else value
        if not isinstance(entry, Mapping) or len(cast("Mapping[Any, Any]", entry)) != 1:
            raise ValueError(
                f"expected the name of an {kind}, or one name with its fields, as in {{name: {{field: value}}}}"
            )
        name, fields = next(iter(cast("Mapping[Any, Any]", entry).items()))
        if name not in known:
            raise ValueError(f"unknown {kind} `{name}`: {did_you_mean(str(name), known)}")
        return {name: {} if fields is None else fields}

    return read


Optimizer = Annotated[Named, BeforeValidator(_reader("optimizer", OPTIMIZERS)), WithJsonSchema(_schema(OPTIMIZERS))]
Augmentation = Annotated[
    Named, BeforeValidator(_reader("augmentation", AUGMENTATIONS)), WithJsonSchema(_schema(AUGMENTATIONS))
]


@declared
class CosineDecay:
    """Half a cosine from the optimizer's learning rate down to ``final`` times that rate, over all epochs."""

    final: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Learning rate of the last epoch, as a share of the optimizer's learning rate."""

    warmup: Annotated[int, Field(ge=0)] = 0
    """Number of first epochs over which the learning rate rises in equal steps."""


@declared
class StepDecay:
    """Multiplies the learning rate by ``factor`` before each of some epochs."""

    at: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    """Epochs, counted from 0, before which the learning rate is multiplied."""

    factor: Share = 0.1
    """Factor for the learning rate."""

    warmup: Annotated[int, Field(ge=0)] = 0
    """Number of first epochs over which the learning rate rises in equal steps."""


@declared
class Schedule:
    """A learning rate that changes from epoch to epoch: exactly one of ``cosine`` and ``steps``."""

    cosine: CosineDecay | None = None
    """Half a cosine over all epochs."""

    steps: StepDecay | None = None
    """A factor at some epochs."""

    @model_validator(mode="after")
    def _one(self) -> "Schedule":
        if (self.cosine is None) == (self.steps is None):
            raise ValueError("expected exactly one of `cosine` and `steps`")
        return self


@declared
class EarlyStop:
    """Stops when the loss on held-out training data no longer falls, and keeps the best epoch's weights."""

    patience: Annotated[int, Field(ge=1)] = 5
    """Epochs without a lower loss before training stops."""

    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training data that is held out: sampled with the seed, never from the test data."""


@declared
class Recipe:
    """How networks are retrained: always from fresh weights, never on test data."""

    optimizer: Optimizer = Field(default_factory=lambda: {"adam": {}}, json_schema_extra={"default": "adam"})
    """Keras optimizer: its name, or one name with its Keras arguments."""

    loss: (
        Literal[
            "sparse_categorical_crossentropy",
            "categorical_crossentropy",
            "binary_crossentropy",
            "mean_squared_error",
            "mean_absolute_error",
        ]
        | None
    ) = None
    """Loss to minimise. Default: the cross-entropy that fits the model's output."""

    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 128
    """Inputs per step; the last batch of an epoch can be smaller."""

    epochs: Annotated[int, Field(ge=1, le=100_000)] = 20
    """Maximum number of passes over the training data."""

    target_accuracy: Share | None = None
    """Stop after the epoch in which the running training accuracy reaches this value."""

    schedule: Schedule | None = None
    """How the learning rate changes. Default: constant."""

    augmentation: tuple[Augmentation, ...] = ()
    """Keras layers that change training inputs at random, in this order: each a name, or one name with its fields."""

    early_stop: EarlyStop | None = None
    """Stop when the loss on held-out training data no longer falls."""

    adapted: Literal["keep", "again"] = "keep"
    """What becomes of adapted layers: ``keep`` leaves them as they are in the audited model, ``again`` adapts each
    ``Normalization`` to the inputs that a network is trained on. Tables of words and bins can only be kept."""

    solver: Literal["gradient", "least_squares"] = "gradient"
    """``least_squares`` solves a network of one dense layer exactly and ignores batches and epochs."""

    @model_validator(mode="after")
    def _exact(self) -> "Recipe":
        iterative = {
            "schedule": self.schedule,
            "augmentation": self.augmentation,
            "early_stop": self.early_stop,
            "target_accuracy": self.target_accuracy,
            "loss": None if self.loss == "mean_squared_error" else self.loss,
        }
        given = [name for name, value in iterative.items() if value]
        if self.solver == "least_squares" and given:
            raise ValueError(f"`{given[0]}` cannot be combined with `solver: least_squares`")
        return self
