"""Structural similarity."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from audit.declare import declared
from audit.errors import InputError
from audit.maps import Maps, Normalise, normalise
from audit.similarities.similarity import Scores, Shuffles, Similarity, mean_over_shuffles, pairwise, refuse_flat

_TRUNCATE = 3.5  # scikit-image ends Gaussian weights at so many sigma

Small = Annotated[float, Field(gt=0, lt=1)]


@declared
class Ssim(Similarity):
    """Structural similarity of means, variances and covariance in a sliding window, averaged; in [-1, 1].

    Symmetric. Unchanged by a positive factor on either map, unless ``normalise: none``; a shift or an increasing
    function changes it. Where both maps are flat beside their range, K1 and K2 alone make them alike: of maps divided
    by their maximum, independent ones with heavy tails score 0.9.
    The default differs from Adebayo et al., who scale by the extremes: of maps of mean square 1 with a fixed range of
    2, independent ones stay below 0.02 whatever their tails, which leaves the most room above the null. Their settings
    are ``{window: 5, normalise: max}`` in the text and ``{window: 11, sigma: 1.5, normalise: min_max}`` in the code,
    which does not join the channels first: a check's ``channels: keep``.
    Null: the mean over ``shuffles`` copies of the other map with its pixels shuffled, drawn for each pair.
    Source: Wang et al. 2004, Image Quality Assessment; scikit-image's ``structural_similarity`` computes it.
    """

    window: Annotated[int, Field(ge=3, le=1001)] = 5
    """Width of the window in pixels, odd."""

    sigma: Annotated[float, Field(gt=0, le=100)] | None = None
    """Width of Gaussian weights in the window. Default: equal weights."""

    k1: Small = 0.01
    """Stabilises the comparison of means: the constant is (k1 times the range) squared."""

    k2: Small = 0.03
    """Stabilises the comparison of variances in the same way."""

    data_range: Annotated[float, Field(gt=0)] | Literal["pair"] = 2.0
    """Range of the values: a number, or ``pair`` for the range over both maps."""

    sample_covariance: bool = True
    """Whether variances divide by the number of the window's pixels minus one, or by their number."""

    normalise: Normalise = "second_moment"
    """How each map is rescaled first: ``none``, ``max``, ``min_max`` or ``second_moment``."""

    shuffles: Shuffles = 10

    quantity: ClassVar[str] = "structural similarity"

    @model_validator(mode="after")
    def _fits(self) -> "Ssim":
        if self.window % 2 == 0:
            raise ValueError(f"expected an odd window, received {self.window}")
        own = self.window if self.sigma is None else 2 * int(_TRUNCATE * self.sigma + 0.5) + 1
        if self.window != own:
            raise ValueError(f"Gaussian weights with `sigma: {self.sigma:g}` need `window: {own}`")
        return self

    def refuse(self, shape: tuple[int, ...]) -> None:
        """Refuse flat maps, and those smaller than the window.

        Raises:
            InputError: in these cases.
        """
        refuse_flat(shape, "ssim")
        if (side := min(shape[:2])) < self.window:
            largest = side - (side + 1) % 2
            raise InputError(
                "S061",
                f"a window of {self.window} pixels does not fit in maps of {shape[0]} by {shape[1]}",
                expected=f"an odd window of at most {largest}",
                received=str(self.window),
                fix=f"use `ssim: {{window: {largest}}}`" if largest >= 3 else "use another similarity",
            )

    def between(self, a: Maps, b: Maps) -> Scores:
        """Return the mean structural similarity of each pair of maps (n, H, W), or (n, H, W, C) channel by channel."""
        return pairwise(self._score, a, b)

    def shuffled(self, a: Maps, b: Maps, keys: Sequence[str]) -> Scores:
        """Return the mean over shuffled copies of ``b``."""
        return mean_over_shuffles(self.between, a, b, keys, self.shuffles)

    def _score(self, a: np.ndarray, b: np.ndarray) -> float:
        from skimage.metrics import structural_similarity

        a, b = normalise(np.stack([a, b]), self.normalise)
        observed = max(a.max(), b.max()) - min(a.min(), b.min())
        score = structural_similarity(
            a,
            b,
            win_size=self.window,
            gaussian_weights=self.sigma is not None,
            sigma=self.sigma or 1.5,
            data_range=observed if self.data_range == "pair" else self.data_range,
            K1=self.k1,
            K2=self.k2,
            use_sample_covariance=self.sample_covariance,
            channel_axis=2 if a.ndim == 3 else None,
        )
        return float(np.asarray(score))
