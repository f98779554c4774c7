"""Other ways of feeding a model: the mistakes that are made most often, each undone.

Every one is named in words that follow "with", and carries the sentence that says how to make it the declared feed.
"""

from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from audit.datasets.dataset import Dataset
from audit.datasets.preprocess import Preprocess, Rescale
from audit.record import record

if TYPE_CHECKING:
    from audit.spec.entries import DatasetEntry

_IMAGENET = {"mean": (0.485, 0.456, 0.406), "deviation": (0.229, 0.224, 0.225)}  # of red, green and blue in 0 to 1
_BLUE_FIRST = (103.939, 116.779, 123.68)  # the means of ImageNet in 0 to 255, as the first published networks had them
_BYTES = 255.0


Change = Callable[[np.ndarray], np.ndarray]


@record
class Alternative:
    """Another feed: the ``inputs`` (m, ...) of rows (m,) of the data set, or the same ones with other ``labels``."""

    name: str
    fix: str
    inputs: Change
    labels: Change | None = None


def alternatives(entry: "DatasetEntry", data: Dataset, stored: Dataset | None, classes: int) -> tuple[Alternative, ...]:
    """Return the other feeds of a data set that differ from it.

    Args:
        entry: the data source and its preprocessing, as declared.
        data: the data as the model is given them.
        stored: the data before preprocessing; None where there is none.
        classes: of the model.
    """
    found = [*_unprocessed(stored), *_scaled(entry.preprocess, data.x), *_by_channel(data.x), *_images(data.x)]
    return (*(each for each in found if _differs(each, data.x)), *_labelled(data.x, classes))


def _differs(alternative: Alternative, x: np.ndarray) -> bool:
    """Return whether a feed changes any of the first inputs; what is no finite number is no feed."""
    rows = np.arange(min(len(x), 64))
    changed = alternative.inputs(rows)
    return bool(np.isfinite(changed).all()) and not np.allclose(changed, x[rows], rtol=1e-5, atol=1e-6)


def _unprocessed(stored: Dataset | None) -> Generator[Alternative]:
    if stored is not None:
        fix = "Remove `preprocess` from `dataset`: the values are already what the model needs."
        yield Alternative(
            name="the values as stored, without `preprocess`", fix=fix, inputs=lambda rows: stored.x[rows]
        )


def _scaled(preprocess: Preprocess | None, x: np.ndarray) -> Generator[Alternative]:
    """Yield the feeds x * scale + offset with one scale and one offset."""
    low, high = float(x.min()), float(x.max())
    wide = max(high - low, 1e-30)
    exchanged = (("light and dark exchanged", -1.0, low + high),) if x.ndim == 4 else ()
    for name, scale, offset in (
        ("the values times 255", _BYTES, 0.0),
        ("the values divided by 255", 1 / _BYTES, 0.0),
        ("the values brought to 0 to 1", 1 / wide, -low / wide),
        ("the values brought to -1 to 1", 2 / wide, -2 * low / wide - 1),
        *exchanged,
    ):
        yield Alternative(
            name=name, fix=_rescaled(preprocess, scale, offset), inputs=partial(_affine, x, scale, offset)
        )


def _affine(x: np.ndarray, scale: np.ndarray | float, offset: np.ndarray | float, rows: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        return (x[rows] * np.asarray(scale, np.float64) + np.asarray(offset, np.float64)).astype(np.float32)


def _rescaled(preprocess: Preprocess | None, scale: float, offset: float) -> str:
    """Return the `preprocess` that does what the declared one does, and this scale and offset after it."""
    if preprocess is not None and not isinstance(preprocess, Rescale):
        return f"After the declared `preprocess`, the model needs its values times {scale:.6g}, plus {offset:.6g}."
    before = preprocess or Rescale()
    whole, start = scale * before.scale, scale * before.offset + offset
    added = f", offset: {start:.9g}" if start else ""
    return f"Set `preprocess: {{scale: {whole:.9g}{added}}}` in `dataset`."


def _by_channel(x: np.ndarray) -> Generator[Alternative]:
    """Yield the feeds with a mean, and a deviation, of each channel or column of a table taken away."""
    axes = tuple(range(x.ndim - 1))
    mean, deviation = x.mean(axis=axes, dtype=np.float64), x.std(axis=axes, dtype=np.float64)
    what = "column" if x.ndim == 2 else "channel"
    over = np.where(deviation > 0, deviation, 1.0)
    fix = f"Prepare the data as the model was trained: subtract from each {what} its mean over the training data"
    yield Alternative(name=f"the mean of each {what} subtracted", fix=f"{fix}.", inputs=partial(_affine, x, 1.0, -mean))
    yield Alternative(
        name=f"each {what} standardised",
        fix=f"{fix}, and divide by its standard deviation.",
        inputs=partial(_affine, x, 1 / over, -mean / over),
    )


def _images(x: np.ndarray) -> Generator[Alternative]:
    """Yield the feeds of images: channels and axes in another order, and the means of ImageNet."""
    if x.ndim == 4 and x.shape[-1] > 1:
        fix = (
            "Store the images with their channels in the order that the model was trained with: red and blue exchanged."
        )
        yield Alternative(name="the channels in reverse order", fix=fix, inputs=lambda rows: x[rows][..., ::-1])
    if x.ndim == 4 and x.shape[1] == x.shape[2]:
        fix = "Store the images as (N, height, width, channels): height and width are exchanged."
        yield Alternative(name="height and width exchanged", fix=fix, inputs=lambda rows: x[rows].swapaxes(1, 2))
    if x.ndim == 4 and x.shape[-1] == 3:
        yield from _imagenet(x)


def _imagenet(x: np.ndarray) -> Generator[Alternative]:
    unit = 1.0 if x.max() <= 1.5 and x.min() >= 0 else 1 / _BYTES
    mean, deviation = np.array(_IMAGENET["mean"]), np.array(_IMAGENET["deviation"])
    torch = partial(_affine, x, unit / deviation, -mean / deviation)
    caffe = partial(_affine, x[..., ::-1], unit * _BYTES, -np.array(_BLUE_FIRST))
    fix = "Prepare the images as the model was trained, by `preprocess: {{application: name}}`: {}."
    yield Alternative(
        name="the colours standardised as for ImageNet",
        fix=fix.format("`densenet` and others standardise"),
        inputs=torch,
    )
    yield Alternative(
        name="blue first and the means of ImageNet subtracted",
        fix=fix.format("`resnet`, `vgg16` and others do this"),
        inputs=caffe,
    )


def _labelled(x: np.ndarray, classes: int) -> Generator[Alternative]:
    """Yield the labels one higher and one lower; around the end, so that each class is still one."""
    count = max(classes, 2)
    for word, step in (("higher", 1), ("lower", -1))[: count - 1]:
        yield Alternative(
            name=f"each label one {word}",
            fix=f"Number the classes as the model was trained: each label must be one {word}.",
            inputs=lambda rows: x[rows],
            labels=lambda y, step=step: (y + step) % count,
        )
