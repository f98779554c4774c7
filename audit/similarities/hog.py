"""Correlation of histograms of oriented gradients."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from audit.declare import declared
from audit.errors import InputError
from audit.maps import USABLE, Maps, Normalise, normalise, unusable
from audit.similarities.pearson import pearson
from audit.similarities.similarity import Scores, Shuffles, Similarity, mean_over_shuffles, one_where_same, refuse_flat
from audit.similarities.spearman import spearman

Count = Annotated[int, Field(ge=1, le=1000)]


@declared
class Hog(Similarity):
    """The correlation of two maps' histograms of oriented gradients, in [-1, 1].

    Symmetric. Blind to shifts of the values, and all but blind to a positive factor: each block is normalised, and
    only where it is nearly flat does its size count. A cell with one extreme pixel has that pixel's orientations
    whatever the rest shows, so independent maps with heavy tails score 0.9; uniform ones score 0.08.
    The defaults are those of the text of Adebayo et al., Pearson's correlation of maps in [-1, 1]; their code has
    ``{correlation: spearman, normalise: min_max}`` and does not join the channels first: a check's ``channels: keep``,
    where a pixel's gradient is that of the channel in which it is largest.
    Null: the mean over ``shuffles`` copies of the other map with its pixels shuffled, drawn for each pair.
    Source: Dalal and Triggs 2005; Adebayo et al. 2018 (arXiv:1810.03292), section 4; scikit-image's ``hog``.
    """

    correlation: Literal["pearson", "spearman"] = "pearson"
    """How the two vectors of histograms are compared."""

    orientations: Count = 9
    """Number of gradient directions in a histogram."""

    pixels_per_cell: Count = 16
    """Side of a cell in pixels; each cell has a histogram."""

    cells_per_block: Count = 3
    """Side of a block in cells; the histograms of a block are normalised together."""

    block_norm: Literal["L1", "L1-sqrt", "L2", "L2-Hys"] = "L2-Hys"
    """How a block is normalised; L2-Hys also clips it."""

    normalise: Normalise = "max"
    """How each map is rescaled first: ``max`` to [-1, 1], ``min_max`` to [0, 1], ``second_moment`` or ``none``."""

    shuffles: Shuffles = 10

    quantity: ClassVar[str] = "correlation of oriented gradients"

    def refuse(self, shape: tuple[int, ...]) -> None:
        """Refuse flat maps, and those smaller than a block.

        Raises:
            InputError: in these cases.
        """
        refuse_flat(shape, "hog")
        if (side := min(shape[:2])) < self.pixels_per_cell * self.cells_per_block:
            largest = side // self.cells_per_block
            block = f"{self.cells_per_block} cells of {self.pixels_per_cell} pixels each way"
            raise InputError(
                "S062",
                f"a block of {block} does not fit in maps of {shape[0]} by {shape[1]}",
                expected=f"cells of at most {largest} pixels",
                received=str(self.pixels_per_cell),
                fix=f"use `hog: {{pixels_per_cell: {largest}}}`" if largest else "use fewer `cells_per_block`",
            )

    def between(self, a: Maps, b: Maps) -> Scores:
        """Return the correlation of the histograms of each pair of maps (n, H, W) or (n, H, W, C)."""
        correlate = pearson if self.correlation == "pearson" else spearman
        usable = (unusable(a) == USABLE) & (unusable(b) == USABLE)
        result = np.full(len(a), np.nan)
        result[usable] = correlate(self._vectors(a[usable]), self._vectors(b[usable]))
        return one_where_same(result, a, b)

    def shuffled(self, a: Maps, b: Maps, keys: Sequence[str]) -> Scores:
        """Return the mean over shuffled copies of ``b``."""
        return mean_over_shuffles(self.between, a, b, keys, self.shuffles)

    def _vectors(self, maps: Maps) -> Float64[np.ndarray, "n ..."]:
        return np.array([self._vector(each) for each in normalise(maps, self.normalise)])

    def _vector(self, image: np.ndarray) -> np.ndarray:
        from skimage.feature import hog

        return hog(
            image,
            orientations=self.orientations,
            pixels_per_cell=(self.pixels_per_cell,) * 2,
            cells_per_block=(self.cells_per_block,) * 2,
            block_norm=self.block_norm,
            feature_vector=True,
            channel_axis=2 if image.ndim == 3 else None,
        )
