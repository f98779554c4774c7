"""The looks of an adaptive number of seeds."""

import pytest

from audit.looks import LOOKS, Look
from audit.statistics import ALPHA


def test_the_looks_share_the_alpha_of_one_interval():
    assert sum(look.alpha for look in LOOKS) == pytest.approx(ALPHA)
    assert [look.seeds for look in LOOKS] == sorted({look.seeds for look in LOOKS})
    assert LOOKS[0].seeds >= 3  # two seeds have one degree of freedom


@pytest.mark.parametrize("look", [*LOOKS, Look(seeds=7)])
def test_a_p_value_is_spent_as_the_look_decides(look):
    assert look.spent(look.alpha) == pytest.approx(ALPHA)
    assert look.spent(look.alpha * 1.01) > ALPHA > look.spent(look.alpha * 0.99)
    assert look.spent(1.0) <= 1


def test_a_number_of_seeds_spends_everything_at_once():
    assert Look(seeds=5).spent(0.013) == 0.013
