"""How many of the highest values two maps share."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float64, Int
from pydantic import Field

from audit.declare import declared
from audit.errors import InputError
from audit.maps import USABLE, Maps, unusable
from audit.record import record
from audit.similarities.similarity import Scores, Similarity, as_rows, one_where_same

Many = Annotated[int, Field(ge=1, strict=True)] | Annotated[float, Field(gt=0, lt=1)]


@declared
class TopKIntersection(Similarity):
    """The share of the ``k`` highest pixels that two maps have in common, in [0, 1].

    Pixels that tie for the last places share them, so of a map with fewer than k values above 0 each zero has a part.
    What two maps have in common of a pixel is the smaller of its two memberships, so a map has all in common with
    itself. Depends on the order of the values only: unchanged by increasing functions; symmetric.
    Null: k of n pixels share k / n by chance, with ties somewhat more: exactly the mean over all shuffles.
    Source: Ghorbani et al. 2019, Interpretation of Neural Networks Is Fragile (arXiv:1710.10547), with k = 1000 of
    50,176; sharing by ties is this project's, and so is a tenth, which leaves enough pixels on small images.
    """

    k: Many = 0.1
    """Number of pixels, or their share, rounded."""

    quantity: ClassVar[str] = "overlap of the highest pixels"
    spatial: ClassVar[bool] = False

    def refuse(self, shape: tuple[int, ...]) -> None:
        """Refuse maps with no pixels beside the k highest.

        Raises:
            InputError: in that case.
        """
        pixels = int(np.prod(shape))
        if self._count(pixels) >= pixels:
            raise InputError(
                "S063",
                f"`k: {self.k}` selects all pixels of the maps",
                expected=f"at most {pixels - 1}",
                received=str(self._count(pixels)),
                fix="use a smaller `k`",
            )

    def between(self, a: Maps, b: Maps) -> Scores:
        """Return the shared part of each pair of maps."""
        left, right = self._top(a), self._top(b)
        shared = np.minimum(left.membership, right.membership).sum(axis=1) / self._count(left.membership.shape[1])
        return one_where_same(shared, left.membership, right.membership)

    def shuffled(self, a: Maps, b: Maps, keys: Sequence[str]) -> Scores:
        """Return the mean over all shuffles, in closed form: each pixel meets each of the other map equally often."""
        left, right = self._top(a), self._top(b)
        pixels = left.membership.shape[1]
        tied = left.tied * right.tied * np.minimum(left.share, right.share)
        partly = left.above * right.tied * right.share + right.above * left.tied * left.share
        return (left.above * right.above + partly + tied) / (pixels * self._count(pixels))

    def _top(self, maps: Maps) -> "_Top":
        rows = as_rows(maps).astype(np.float64)
        rows[unusable(maps) != USABLE] = np.nan
        count, pixels = self._count(rows.shape[1]), rows.shape[1]
        last = np.partition(rows, pixels - count, axis=1)[:, pixels - count, None]
        above, tied = (rows > last).sum(axis=1), (rows == last).sum(axis=1)
        share = np.divide(count - above, tied, out=np.full(len(rows), np.nan), where=tied > 0)  # none: not usable
        membership = np.where(rows > last, 1.0, np.where(rows == last, share[:, None], 0.0))
        membership[tied == 0] = np.nan
        return _Top(membership=membership, above=above, tied=tied, share=share)

    def _count(self, pixels: int) -> int:
        return min(self.k, pixels) if isinstance(self.k, int) else max(1, round(self.k * pixels))


@record
class _Top:
    """How much each pixel belongs to the highest ones (n, pixels), NaN for maps that are not usable.

    Of each map (n,): how many pixels are above the last place, how many tie for it, and which share each of these has.
    """

    membership: Float64[np.ndarray, "n pixels"]
    above: Int[np.ndarray, "n"]
    tied: Int[np.ndarray, "n"]
    share: Float64[np.ndarray, "n"]
