"""Agreement statistics equal their definitions and their closed forms."""

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from scipy.stats import spearmanr

from audit.checks.repeatability import Repeatability
from audit.report.page.agreement import agreement, krippendorff_alpha, table
from tests.audits import SOUND, judged

_RANDOM = np.random.default_rng(0)


def slow_alpha(values: np.ndarray) -> float:
    """Krippendorff's alpha by its coincidences: every pair of values within an item, and every pair of all values."""
    raters, items = values.shape
    within = [
        (values[i, item] - values[j, item]) ** 2 / (raters - 1)
        for item in range(items)
        for i, j in permutations(range(raters), 2)
    ]
    every = [(a - b) ** 2 for a, b in permutations(values.ravel(), 2)]
    return 1 - (sum(within) / values.size) / (sum(every) / (values.size * (values.size - 1)))


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (10, 4), (40, 5)])
def test_alpha_is_its_definition_and_for_rankings_without_ties_its_closed_form(shape):
    raters, items = shape
    rankings = np.array([_RANDOM.permutation(items) + 1.0 for _ in range(raters)])
    rbar = np.mean([spearmanr(a, b).statistic for a, b in combinations(rankings, 2)])
    alpha = krippendorff_alpha(rankings)
    assert alpha == pytest.approx(slow_alpha(rankings), abs=1e-12)
    assert alpha == pytest.approx(rbar + (1 - rbar) / (raters * items), abs=1e-12)


def test_alpha_with_ties_is_its_definition():
    values = _RANDOM.integers(1, 4, (6, 5)).astype(float)
    assert krippendorff_alpha(values) == pytest.approx(slow_alpha(values), abs=1e-12)


def test_alpha_of_full_agreement_is_one_and_of_nothing_to_agree_on_undefined():
    assert krippendorff_alpha(np.tile([1.0, 2.0, 3.0], (4, 1))) == 1
    assert np.isnan(krippendorff_alpha(np.ones((4, 3))))
    assert np.isnan(krippendorff_alpha(np.ones((1, 3)))) and np.isnan(krippendorff_alpha(np.ones((3, 1))))


def audit_of(scores):
    """An audit with these scores (n,) by requirement and method."""
    base = judged(Repeatability(), {"gradient": 1.0, **SOUND}, name="repeatability")
    verdict = base.verdicts[0]
    verdicts = [
        replace(verdict, requirement=requirement, method=method, per_input=tuple(each))
        for (requirement, method), each in scores.items()
    ]
    return replace(base, verdicts=tuple(verdicts))


def test_inputs_that_order_the_methods_alike_are_reliable():
    level = _RANDOM.normal(size=12)
    scores = {("one", name): (level + shift).tolist() for name, shift in (("a", 0.0), ("b", 0.1), ("c", 0.2))}
    (found,) = agreement(audit_of(scores)).reliability
    assert (found.alpha, found.between_methods, found.methods, found.inputs) == (1.0, pytest.approx(1.0), 3, 12)


def test_an_input_that_ties_all_methods_has_equal_ranks():
    values = np.array([[0.3, 0.1, 0.5, 0.2], [0.4, 0.1, 0.6, 0.1], [0.5, 0.1, 0.7, 0.3]])
    (found,) = agreement(audit_of({("one", n): v.tolist() for n, v in zip("abc", values, strict=True)})).reliability
    rankings = np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0], [1.0, 2.0, 3.0], [2.0, 1.0, 3.0]])
    assert found.alpha == pytest.approx(slow_alpha(rankings), abs=1e-12)


def test_scores_without_relation_do_not_agree_and_each_statistic_is_scipy_s():
    values = _RANDOM.normal(size=(3, 2000))
    found = agreement(audit_of({("one", name): each.tolist() for name, each in zip("abc", values, strict=True)}))
    (reliability,) = found.reliability
    expected = np.mean([spearmanr(a, b).statistic for a, b in combinations(values, 2)])
    assert reliability.between_methods == pytest.approx(expected, abs=1e-12)
    assert abs(reliability.between_methods) < 4 / np.sqrt(3 * 2000) and abs(reliability.alpha) < 0.05


def test_requirements_are_compared_by_method_over_the_inputs_that_both_scored():
    first, second = _RANDOM.normal(size=10), _RANDOM.normal(size=10)
    holed = [None, *first[1:]]
    found = agreement(audit_of({("one", "a"): holed, ("two", "a"): second.tolist(), ("two", "b"): first.tolist()}))
    (consistency,) = found.consistency
    assert (consistency.method, consistency.first, consistency.second, consistency.inputs) == ("a", "one", "two", 9)
    assert consistency.correlation == pytest.approx(spearmanr(first[1:], second[1:]).statistic, abs=1e-12)
    assert [each.alpha for each in found.reliability if each.requirement == "one"] == [None]  # one method only


def test_maps_are_compared_by_pairs_of_methods_where_both_are_usable():
    maps = {name: _RANDOM.normal(size=(4, 6, 6)) for name in "abc"}
    maps["c"][2] = 0.0
    found = agreement(audit_of({}), maps).likeness
    assert [(each.first, each.second, each.inputs) for each in found] == [("a", "b", 4), ("a", "c", 3), ("b", "c", 3)]
    rows = [spearmanr(x.ravel(), y.ravel()).statistic for x, y in zip(maps["a"], maps["b"], strict=True)]
    assert found[0].correlation == pytest.approx(np.mean(rows), abs=1e-12)


def test_the_table_says_what_is_not_defined():
    scores = {
        ("one", "a"): [1.0, 1.0, 1.0, 1.0],
        ("one", "b"): [1.0, 1.0, 1.0, 1.0],
        ("two", "a"): [1.0, 2.0, 3.0, 4.0],
    }
    rows = table(agreement(audit_of(scores)))
    assert ("between inputs (Krippendorff's alpha)", "one", "not defined", "4") in rows
    assert ("between requirements, of a", "one and two", "not defined", "4") in rows
    assert len(rows) == 5
