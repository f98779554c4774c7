"""What every similarity must be at its default settings: identities, symmetry, invariances, undefined maps, a null."""

import numpy as np
import pytest

from audit.checks.shared.comparison import as_named, similarity_value
from audit.registry import places
from audit.similarities.similarity import mean_over_shuffles

NAMES = sorted(places("similarities"))
SIZED = {"hog": {"hog": {"pixels_per_cell": 5}}}
RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((2, 12, 16, 17)).astype(np.float32)
KEYS = [f"input {number}" for number in range(12)]

CHANGES = {
    "factor": (lambda maps: 3 * maps, NAMES),
    "shift": (lambda maps: maps + 0.5, ("spearman", "pearson", "top_k_intersection", "hog")),
    "order": (np.arctan, ("spearman", "top_k_intersection")),
}
NULL_IS_ZERO = ("spearman", "pearson")


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def similarity(name):
    return similarity_value(SIZED.get(name, name))


def test_a_map_with_itself_is_exactly_one_in_every_reading(similarity):
    """Stage 0 of a cascade, and the edge detector at all stages: no rounding may take either off 1."""
    masked = np.where(np.abs(A) > 1.5, A, 0)
    for maps in (A, np.abs(A), masked, A**3, 1e-12 * A, 1e12 * A, 1 + 1e-3 * A):
        assert (similarity.between(maps, maps.copy()) == 1).all()


def test_symmetric(similarity):
    np.testing.assert_allclose(similarity.between(A, B), similarity.between(B, A), rtol=0, atol=1e-12)


def test_each_pair_by_itself(similarity):
    alone = [similarity.between(A[[place]], B[[place]])[0] for place in range(len(A))]
    np.testing.assert_array_equal(similarity.between(A, B), alone)
    assert similarity.between(A[:0], B[:0]).shape == (0,)


@pytest.mark.parametrize("kind", CHANGES)
def test_unchanged_by_what_its_docstring_says_and_by_nothing_else(similarity, name, kind):
    change, unchanged = CHANGES[kind]
    moved = np.abs(similarity.between(change(A), B) - similarity.between(A, B)).max()
    assert moved < 1e-6 if name in unchanged else moved > 1e-3  # 1e-6: float32 sums, and HOG's steadying 1e-5


@pytest.mark.parametrize("broken", [0.0, 7.0, np.nan, np.inf])
def test_constant_or_non_finite_maps_have_no_similarity_and_no_null(similarity, broken):
    maps = A.copy()
    maps[3] = broken
    maps[5, 2, 2] = broken if not np.isfinite(broken) else maps[5, 2, 2]
    undefined = [3] if np.isfinite(broken) else [3, 5]
    for pair in ((maps, B), (B, maps), (maps, maps)):
        assert np.flatnonzero(np.isnan(similarity.between(*pair))).tolist() == undefined
        null = similarity.shuffled(*pair, KEYS)
        assert null is None or np.flatnonzero(np.isnan(null)).tolist() == undefined


def test_the_null_is_the_mean_over_shuffles(similarity, name):
    """In closed form, or drawn, against other draws: within four standard errors for every pair."""
    maps, others = np.abs(A), np.where(np.abs(B) > 1, np.abs(B), 0)
    null = similarity.shuffled(maps, others, KEYS)
    assert (null is None) == (name in NULL_IS_ZERO)
    null = np.zeros(len(maps)) if null is None else null
    draws = np.stack(
        [mean_over_shuffles(similarity.between, maps, others, [f"{n}.{key}" for key in KEYS], 1) for n in range(60)]
    )
    error = draws.std(axis=0) * np.sqrt(1 / len(draws) + 1 / getattr(similarity, "shuffles", np.inf))
    assert (np.abs(null - draws.mean(axis=0)) < 4 * error).all()


def test_shuffles_are_those_of_the_key(similarity, name):
    if not hasattr(similarity, "shuffles"):  # nothing is drawn: the key has no say
        assert (
            similarity.shuffled(A, B, KEYS) is None
            or (similarity.shuffled(A, B, KEYS) == similarity.shuffled(A, B, KEYS[::-1])).all()
        )
        return
    null, order = similarity.shuffled(A, B, KEYS), np.arange(len(A))[::-1]
    np.testing.assert_array_equal(
        similarity.shuffled(A[order], B[order], [KEYS[place] for place in order])[order], null
    )
    assert (similarity.shuffled(A, B, [f"other {key}" for key in KEYS]) != null).all()


def test_kept_channels_count_as_more_pixels_and_stay_together_in_a_shuffle(similarity):
    maps = np.stack([A, A], axis=-1)
    assert (similarity.between(maps, maps.copy()) == 1).all()
    similarity.refuse(maps.shape[1:])
    null, of_one = (similarity.shuffled(each, each, KEYS) for each in (maps, A))
    assert (null is None and of_one is None) or np.allclose(null, of_one, atol=1e-6)


def test_written_and_read_back(similarity):
    assert similarity_value(as_named(similarity)) == similarity


@pytest.mark.parametrize("name", ["spearman", "pearson"])
@pytest.mark.parametrize("side, count", [(28, 600), (224, 200)])
def test_independent_maps_spread_as_one_over_the_root_of_the_pixels(name, side, count):
    """0.036 at 28 by 28 and 0.0045 at 224 by 224; each within a bound of three of them, but for one in 370."""
    rng = np.random.default_rng(side)
    found = similarity_value(name).between(*rng.standard_normal((2, count, side, side)).astype(np.float32))
    root = np.sqrt(side**2 - 1)
    assert abs(found.std() * root - 1) < 0.1 and (np.abs(found) * root > 3).mean() < 0.01
