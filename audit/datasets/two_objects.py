"""Two objects in each image and a task about one of them: what a map must show is known."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from audit.datasets.dataset import (
    DISTRACTOR,
    DISTRACTOR_SWAPPED,
    OTHER_LABELS,
    RELEVANT,
    RELEVANT_SWAPPED,
    Dataset,
    Source,
)
from audit.datasets.shared.compose import DIGIT, Split, boxes, corners, digits, pasted
from audit.declare import declared

_CLASSES = 4
_COPIES = {"train": 4, "test": 1}  # how often each digit's image is used, each time with a shape and places of its own
_NAMES = {"digit": ("0", "1", "2", "3"), "shape": ("square", "plus", "cross", "disc")}


@declared
class TwoObjects(Source):
    """A handwritten digit and a geometric shape at places of their own in 20 by 20 pixels, values 0 to 1.

    The digit is 0, 1, 2 or 3, the shape a square, a plus, a cross or a disc; they are drawn independently of each
    other and of their places, which are uniform over all that leave a blank pixel between the two. ``task`` says which
    of them the label names. Both tasks have the same images, so a network trained on the one is the twin of a network
    trained on the other, and what differs between their explanations is due to the task.

    Known of each image: the 8 by 8 pixels of the object that the task concerns and those of the other, the label of
    the other task, and how the image looks with either object exchanged for one of the next class.

    Training images are made of the training split of scikit-learn's digits, test images of its test split. An id names
    split, seed and position, not the task: ``two-objects-test-0-0007``.

    Source: Yona and Greenfeld 2021, "Revisiting Sanity Checks for Saliency Maps", arXiv:2110.14297 (a digit and a
    shape, two tasks on the same images); sizes, classes and places are this project's.
    """

    task: Literal["digit", "shape"] = "digit"
    """The object that the label refers to."""

    split: Split = "test"
    """Part of the digits that the images are made of. Audit a model on inputs that it was not trained on."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the shapes and places."""

    def load(self, root: Path) -> Dataset:
        """Return the images: x (N, 20, 20, 1) float32 in 0 to 1, y (N,) int32. ``root`` is not used."""
        return _composed(self.task, self.split, self.seed)

    def training(self, root: Path) -> Dataset | None:
        """Return the training images where those of the test split are explained, else nothing."""
        return _composed(self.task, "train", self.seed) if self.split == "test" else None


def _composed(task: Literal["digit", "shape"], split: Split, seed: int) -> Dataset:
    images, labels = digits(split, _CLASSES)
    images, labels = (np.repeat(each, _COPIES[split], axis=0) for each in (images, labels))
    generator = np.random.Generator(np.random.Philox(key=[seed, split == "train"]))
    kinds = (generator.random(len(images)) * _CLASSES).astype(np.int32)
    places = corners((DIGIT, DIGIT), len(images), generator)
    objects = {"digit": images, "shape": _shapes()[kinds]}
    others = {"digit": _of_next_class(images, labels, generator), "shape": _shapes()[(kinds + 1) % _CLASSES]}
    regions = {name: boxes(places[:, number], DIGIT) for number, name in enumerate(objects)}
    swapped = {name: pasted([*{**objects, name: others[name]}.values()], places) for name in objects}
    known = {"digit": labels.astype(np.int32), "shape": kinds}
    other = "shape" if task == "digit" else "digit"
    return Dataset(
        x=pasted([*objects.values()], places),
        y=known[task],
        ids=np.array([f"two-objects-{split}-{seed}-{position:04d}" for position in range(len(images))]),
        class_names=_NAMES[task],
        name=f"two objects, task {task} ({split})",
        truth={RELEVANT: regions[task], DISTRACTOR: regions[other], OTHER_LABELS: known[other]},
        counterparts={RELEVANT_SWAPPED: swapped[task], DISTRACTOR_SWAPPED: swapped[other]},
    )


def _of_next_class(images: np.ndarray, labels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return for each image (n, 8, 8) a drawn one of the next class, the first after the last."""
    chosen = np.zeros(len(images), np.int64)
    for label in range(_CLASSES):
        rows, members = labels == label, np.flatnonzero(labels == (label + 1) % _CLASSES)
        chosen[rows] = members[(generator.random(int(rows.sum())) * len(members)).astype(np.int64)]
    return images[chosen]


def _shapes() -> np.ndarray:
    """Return the shapes (4, 8, 8) float32 of zeros and ones."""
    rows, columns = np.indices((DIGIT, DIGIT)) - (DIGIT - 1) / 2
    outermost = np.maximum(abs(rows), abs(columns))
    square = (outermost > 1) & (outermost < 3)
    plus = ((abs(rows) < 1) | (abs(columns) < 1)) & (outermost <= 3)
    cross = (abs(abs(rows) - abs(columns)) < 1) & (outermost <= 3)
    disc = np.hypot(rows, columns) < 3
    return np.stack([square, plus, cross, disc]).astype(np.float32)
