"""Where maps are compared: never by the zeros of a method's own maps."""

import numpy as np
import pytest

from audit.checks.shared.support import FEWEST, NOWHERE, between, flaws_on
from audit.similarities.cosine import Cosine
from audit.similarities.pearson import Pearson
from audit.similarities.spearman import Spearman, spearman
from audit.similarities.ssim import Ssim
from audit.similarities.top_k_intersection import TopKIntersection

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((2, 6, 9, 9)).astype(np.float32)


def supports(share=0.5):
    where = RNG.random((6, 9, 9)) < share
    return where


@pytest.mark.parametrize("similarity", [Spearman(), Pearson(), Cosine(), TopKIntersection(k=0.2)])
def test_only_the_support_counts_and_each_input_has_its_own(similarity):
    where = supports()
    found = between(similarity, A, B, where, None)[0]
    slow = [similarity.between(a[w][None], b[w][None])[0] for a, b, w in zip(A, B, where, strict=True)]
    np.testing.assert_array_equal(found, slow)
    moved = np.where(where, A, RNG.standard_normal(A.shape)).astype(np.float32)
    np.testing.assert_array_equal(between(similarity, moved, B, where, None)[0], found)


def test_a_support_that_all_inputs_share_gives_the_same_as_one_by_one():
    where = np.broadcast_to(supports()[0], A.shape)
    slow = [spearman(a[w][None], b[w][None])[0] for a, b, w in zip(A, B, where, strict=True)]
    np.testing.assert_array_equal(between(Spearman(), A, B, where, None)[0], slow)


def test_a_similarity_of_neighbours_sees_zeros_elsewhere():
    where, similarity = supports(), Ssim(window=3)
    expected = similarity.between(np.where(where, A, 0), np.where(where, B, 0))
    np.testing.assert_array_equal(between(similarity, A, B, where, None)[0], expected)


def test_maps_that_are_constant_on_the_support_alone_are_compared_as_a_whole():
    where = supports()
    flat = np.where(where, 1, A).astype(np.float32)
    np.testing.assert_array_equal(between(Spearman(), flat, B, where, None)[0], spearman(flat, B))


@pytest.mark.parametrize("left, code", [(FEWEST, 0), (FEWEST - 1, NOWHERE)])
def test_hardly_an_entry_left_is_a_flaw_of_larger_maps(left, code):
    where = np.zeros((6, 81), bool)
    where[:, :left] = True
    assert flaws_on(A, where.reshape(A.shape)).tolist() == [code] * 6


def test_a_small_map_may_be_compared_whole():
    maps = RNG.standard_normal((3, 5)).astype(np.float32)
    assert flaws_on(maps, np.ones((3, 5), bool)).tolist() == [0, 0, 0]
