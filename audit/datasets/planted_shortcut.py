"""A mark that gives the class away, planted beside the thing that the class is named after."""

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from audit.datasets.dataset import DISTRACTOR, DISTRACTOR_SWAPPED, RELEVANT, RELEVANT_SWAPPED, Dataset, Source
from audit.datasets.shared.compose import DIGIT, Split, boxes, corners, digits, pasted
from audit.declare import declared

_SIZE = 4
_MARK = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0]], np.float32)
"""An "F": turned by a quarter it is another mark each time."""


@declared
class PlantedShortcutImages(Source):
    """A handwritten digit in 20 by 20 pixels beside two small marks, of which one tells the class; values 0 to 1.

    The class is "small" (0 to 4) or "large" (5 to 9). It could be read off the digit, but the first mark, 4 by 4
    pixels at a drawn place, says it at a glance: a network learns this shortcut. The second mark, the decoy, says
    nothing. All four kinds of mark (two classes, two decoys) are one letter, each turned otherwise, so they have
    the same ink and the same edges, and places are exchangeable: a map that does not know the model's use of them
    gives each half of what it gives to both.

    Known of each image: the pixels of the mark and those of the decoy, and how the image looks with either exchanged
    for its other kind. Whether a model uses the mark is to be measured, never assumed: with ``planted: 0.5`` the mark
    says nothing, and a network trained on such images must use the digit.

    Training images are made of the training split of scikit-learn's digits, test images of its test split. An id names
    split, seed and position: ``planted-shortcut-test-0-0007``.

    Source: this project's; planted marks as ground truth follow Adebayo et al. 2022, "Post hoc Explanations may be
    Ineffective for Detecting Unknown Spurious Correlation", arXiv:2212.04629, the decoy its comparison with a signal
    that is there and not used.
    """

    planted: Annotated[float, Field(ge=0.5, le=1)] = 1.0
    """Share of the training images whose mark agrees with their class; in the test images, all do."""

    split: Split = "test"
    """Part of the digits that the images are made of. Audit a model on inputs that it was not trained on."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the places and decoys."""

    def load(self, root: Path) -> Dataset:
        """Return the images: x (N, 20, 20, 1) float32 in 0 to 1, y (N,) int32. ``root`` is not used."""
        return _composed(self.split, self.seed, self.planted)

    def training(self, root: Path) -> Dataset | None:
        """Return the training images where those of the test split are explained, else nothing."""
        return _composed("train", self.seed, self.planted) if self.split == "test" else None


def _composed(split: Split, seed: int, planted: float) -> Dataset:
    images, labels = digits(split, 10)
    y = (labels >= 5).astype(np.int32)
    generator = np.random.Generator(np.random.Philox(key=[seed, split == "train"]))
    disagree = generator.random(len(images)) >= (planted if split == "train" else 1)
    mark, decoy = y ^ disagree, (generator.random(len(images)) * 2).astype(np.int32)
    places = corners((DIGIT, _SIZE, _SIZE), len(images), generator)
    marks, decoys = np.split(_kinds(), 2)
    return Dataset(
        x=pasted([images, marks[mark], decoys[decoy]], places),
        y=y,
        ids=np.array([f"planted-shortcut-{split}-{seed}-{position:04d}" for position in range(len(images))]),
        class_names=("small", "large"),
        name=f"planted shortcut ({split})",
        truth={RELEVANT: boxes(places[:, 1], _SIZE), DISTRACTOR: boxes(places[:, 2], _SIZE)},
        counterparts={
            RELEVANT_SWAPPED: pasted([images, marks[1 - mark], decoys[decoy]], places),
            DISTRACTOR_SWAPPED: pasted([images, marks[mark], decoys[1 - decoy]], places),
        },
    )


def _kinds() -> np.ndarray:
    """Return the marks of both classes, then both decoys, (4, 4, 4)."""
    return np.stack([np.rot90(_MARK, turns) for turns in (0, 2, 1, 3)])
