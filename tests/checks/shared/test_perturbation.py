"""Draws belong to inputs, not to places; undefined stays undefined."""

import numpy as np

from audit.checks.shared import perturbation


def test_draws_belong_to_the_purpose_the_seed_and_the_id():
    drawn = perturbation.signs("a", 0, ["x", "y", "z"], (50,))
    assert set(np.unique(drawn)) == {-1.0, 1.0} and drawn.dtype == np.float32
    np.testing.assert_array_equal(perturbation.signs("a", 0, ["z", "x"], (50,)), drawn[[2, 0]])
    others = [perturbation.signs("b", 0, ["x"], (50,)), perturbation.signs("a", 1, ["x"], (50,)), drawn[1:2]]
    assert not any(np.array_equal(each, drawn[:1]) for each in others)


def test_clipping_keeps_the_range_of_all_inputs():
    inputs = np.array([[0.0, 2.0], [1.0, 1.0]], np.float32)
    clipped = perturbation.clip(np.array([[-1.0, 3.0], [0.5, 1.5]]), inputs)
    np.testing.assert_array_equal(clipped, np.array([[0.0, 2.0], [0.5, 1.5]], np.float32))
    assert perturbation.span(inputs) == 2.0


def test_a_single_logit_predicts_by_its_sign():
    assert perturbation.predicted(np.array([[0.2], [-0.2]])).tolist() == [1, 0]
    assert perturbation.predicted(np.array([[0.2, 0.1, 0.0], [-1.0, -2.0, 0.0]])).tolist() == [0, 2]


def test_lengths_are_of_each_entry_and_logits_of_the_explained_class():
    np.testing.assert_allclose(perturbation.lengths(np.array([[[3.0, 4.0]], [[0.0, 1.0]]])), [5.0, 1.0])
    np.testing.assert_array_equal(perturbation.explained_logit(np.array([[1.0, 2.0], [3.0, 4.0]]), [1, 0]), [2.0, 3.0])


def test_a_ratio_with_nothing_below_it_is_undefined():
    found = perturbation.ratio(np.array([1.0, 1.0, np.nan, np.inf, 0.0]), np.array([2.0, 0.0, 1.0, 1.0, 4.0]))
    np.testing.assert_array_equal(found, [0.5, np.nan, np.nan, np.nan, 0.0])


def test_too_few_tells_how_many_and_why():
    defined = np.arange(10) > 1
    assert perturbation.too_few(defined, 0.2, because="of rain") is None
    found = perturbation.too_few(defined, 0.1, because="of rain")
    assert found is not None and found.code == "undefined-inputs"
    assert found.text == "2 of 10 inputs are undefined, more than the 10 % allowed: of rain."
