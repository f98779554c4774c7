"""How an adaptive number of seeds is spent: at which numbers a verdict is looked at, and how sure each look must be.

Looking again and again until an interval leaves the limit decides wrongly more and more often. So each look takes a
share of the alpha of one 95 % interval, and their sum is never above it, however the looks depend on one another. The
first look, at three seeds, must be the surest: it has seen the least of how seeds differ.

Source: the looks and shares are this project's (``tests/test_calibration.py``); spending alpha in unequal shares is
Lan and DeMets 1983, adding them up Bonferroni's.
"""

from audit.record import record
from audit.statistics import ALPHA


@record
class Look:
    """One look at the evidence: of so many seeds, with intervals of this one-sided alpha."""

    seeds: int
    alpha: float = ALPHA

    def spent(self, p_value: float) -> float:
        """Return a p-value at this look as one of the whole procedure, whose p-value is the least over its looks.

        At most 0.025 exactly where the p-value is at most this look's alpha.
        """
        return min(1.0, p_value * ALPHA / self.alpha)


LOOKS = (
    Look(seeds=3, alpha=0.002),
    Look(seeds=5, alpha=0.004),
    Look(seeds=8, alpha=0.007),
    Look(seeds=12, alpha=0.012),
)
"""Of an adaptive number of seeds, in order. The first that decides ends it."""
