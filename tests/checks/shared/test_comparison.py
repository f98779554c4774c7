"""What a unit stores, against a slow derivation on a made-up bench."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from audit.checks.cascading_randomization import CascadingRandomization
from audit.checks.independent_randomization import IndependentRandomization
from audit.checks.label_permutation import LabelPermutation
from audit.checks.repeatability import Repeatability
from audit.errors import InputError
from audit.record import Null, Randomized, Rekeyed
from audit.similarities.spearman import spearman
from tests.audits import MadeUpBench, make_facts, measured

CHECKS = (CascadingRandomization, IndependentRandomization, Repeatability)
ALL = (*CHECKS, LabelPermutation)
RNG = np.random.default_rng(0)
TRAINED, OTHER = RNG.standard_normal((2, 5, 6, 6, 3)).astype(np.float32)
FACTS = make_facts(5)


def noise(draw):
    return np.random.default_rng([7, draw]).standard_normal((5, 6, 6, 1)).astype(np.float32)


def other_maps(condition):
    moved = isinstance(condition, Rekeyed) or (isinstance(condition, Randomized) and condition.stage > 0)
    return OTHER if moved else TRAINED


@pytest.fixture(params=CHECKS, ids=lambda check: check.__name__)
def check(request):
    rule = {} if request.param is Repeatability else {"rule": "published"}
    return request.param(seeds=2, null_draws=3, **rule)


def test_similarities_are_of_reduced_maps(check):
    for condition, found in measured(check, MadeUpBench(other_maps, noise), FACTS):
        if isinstance(condition, Null):
            continue
        a, b = TRAINED.sum(-1), other_maps(condition).sum(-1)
        np.testing.assert_array_equal(found.scores["similarity_signed"], spearman(a, b))
        np.testing.assert_array_equal(found.scores["similarity_absolute"], spearman(abs(a), abs(b)))
        assert (found.scores["undefined"] == 0).all()


def test_the_null_is_the_mean_over_independent_pairs(check):
    null = measured(check, MadeUpBench(other_maps, noise), FACTS)[0][1].scores
    pairs = [(noise(2 * draw)[..., 0], noise(2 * draw + 1)[..., 0]) for draw in range(3)]
    np.testing.assert_allclose(null["null_signed"], np.mean([abs(spearman(a, b)) for a, b in pairs], axis=0))
    np.testing.assert_allclose(null["null_absolute"], np.mean([spearman(abs(a), abs(b)) for a, b in pairs], axis=0))


def test_a_draw_with_a_constant_noise_map_is_left_out_and_no_draw_gives_no_null(check):
    def sometimes(draw):
        maps = noise(draw)
        maps[0] = 0
        if draw < 2:
            maps[1] = 1
        return maps

    null = measured(check, MadeUpBench(other_maps, sometimes), FACTS)[0][1].scores["null_absolute"]
    expected = np.mean([spearman(abs(noise(d)[1:2, ..., 0]), abs(noise(d + 1)[1:2, ..., 0])) for d in (2, 4)])
    assert np.isnan(null[0]) and null[1] == pytest.approx(expected) and np.isfinite(null[2:]).all()


@pytest.mark.parametrize("value, code", [(0.0, 1), (np.nan, 2), (np.inf, 2)])
def test_constant_and_non_finite_maps_are_counted_and_have_no_similarity(check, value, code):
    def broken(condition):
        maps = other_maps(condition).copy()
        if maps is not TRAINED and not isinstance(condition, Null):
            maps[3] = value
        return maps

    for condition, found in measured(check, MadeUpBench(broken, noise), FACTS):
        if not isinstance(condition, Null):
            assert found.scores["undefined"].tolist() == [0, 0, 0, code, 0]
            for sign in ("absolute", "signed"):
                assert np.isnan(found.scores[f"similarity_{sign}"]).tolist() == [False, False, False, True, False]


def test_gallery_maps_are_kept_once_in_the_gallerys_order(check):
    kept = [(c, m.maps) for c, m in measured(check, MadeUpBench(other_maps, noise), FACTS) if m.maps]
    stages = {getattr(condition, "stage", None) for condition, _ in kept}
    assert stages == ({None} if isinstance(check, Repeatability) else {0, 1, 2, 3}) and len(kept) == len(stages)
    for condition, maps in kept:
        np.testing.assert_array_equal(maps["signed"], other_maps(condition)[[2, 0]].sum(-1))
        np.testing.assert_array_equal(maps["absolute"], abs(other_maps(condition)[[2, 0]].sum(-1)))


def test_magnitude_reductions_have_no_signed_similarity():
    check = CascadingRandomization(rule="published", channels="absolute_max", seeds=2)
    for _, found in measured(check, MadeUpBench(other_maps, noise), FACTS):
        assert not any("signed" in name for name in (*found.scores, *found.maps))


def test_the_channel_reduction_is_that_of_the_check():
    check = Repeatability(channels="absolute_sum", seeds=2)
    found = measured(check, MadeUpBench(other_maps, noise), FACTS)[1][1].scores
    np.testing.assert_array_equal(found["similarity_absolute"], spearman(abs(TRAINED).sum(-1), abs(OTHER).sum(-1)))


def test_channels_that_are_kept_are_compared_apart_and_shown_joined():
    """Both signs are there, and so is a map in one piece to look at."""
    found = measured(Repeatability(channels="keep", seeds=2), MadeUpBench(other_maps, noise), FACTS)[1][1]
    for sign, made in (("signed", lambda maps: maps), ("absolute", np.abs)):
        np.testing.assert_array_equal(found.scores[f"similarity_{sign}"], spearman(made(TRAINED), made(OTHER)))
        np.testing.assert_array_equal(found.maps[sign], made(OTHER[[2, 0]].sum(-1)))


def test_single_channel_noise_of_a_map_that_drops_channels_is_fine(check):
    assert np.isfinite(measured(check, MadeUpBench(other_maps, noise), FACTS)[0][1].scores["null_absolute"]).all()


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize(
    "fields",
    [
        {"seeds": 1},
        {"seeds": 2.5},
        {"similarity": "speerman"},
        {"similarity": ["spearman"]},
        {"similarity": {"ssim": {"windows": 7}}},
        {"similarity": {"ssim": {"window": 6}}},
        {"similarity": {"ssim": {}, "hog": {}}},
        {"null_at_most": 1.5},
        {"null_draws": 0},
        {"undefined_at_most": float("nan")},
        {"at_mots": 0.3},
        {"channels": "absolute_sum", "sign": "signed"},
    ],
)
def test_faults_are_refused(cls, fields):
    with pytest.raises(ValidationError):
        cls(**fields)


@pytest.mark.parametrize("cls", ALL)
def test_settings_hold_what_changes_a_unit_and_never_a_threshold(cls):
    settings = cls().settings()
    assert not set(settings) & cls.judged
    assert settings == cls(sign="signed", seeds=7, null_at_most=0.5, channels="sum").settings()
    assert settings != cls(channels="absolute_max").settings()


@pytest.mark.parametrize("cls", ALL)
def test_judged_fields_change_no_condition(cls):
    other = {name: "signed" if name == "sign" else 0.123 for name in cls.judged}
    rule = {"rule": "published"} if "half_at_most" in other or cls is IndependentRandomization else {}
    assert cls(**other, **rule).conditions(FACTS) == cls(**rule).conditions(FACTS)


@pytest.mark.parametrize("cls", ALL)
def test_the_docstring_has_its_five_parts_in_order(cls):
    text = " ".join((cls.__doc__ or "").split())
    titles = ("What it does.", "Why it matters.", "Expected relation.", "How it can mislead.", "Source.")
    places = [text.index(title) for title in titles]
    assert places == sorted(places)


SPEARMAN = "3c145e57f551904a9e69740177bc4a080b2a79bc1aec83d68563e98e128db1dd"


def test_the_scores_of_spearman_are_what_they_always_were():
    """Ranks are whole numbers and their sums exact, so not a bit may change, and no other score of maps be added."""
    seen = hashlib.sha256()
    for check in (
        CascadingRandomization(rule="published", seeds=2, null_draws=3),
        Repeatability(seeds=2, null_draws=3),
    ):
        assert check.settings().items() >= {"similarity": "spearman", "channels": "sum"}.items()
        for condition, found in measured(check, MadeUpBench(other_maps, noise), FACTS):
            names = {"null"} if isinstance(condition, Null) else {"similarity"}
            scored = {f"{name}_{sign}" for name in names for sign in ("absolute", "signed")}
            assert scored == set(found.scores) - {"undefined", "changed", "logits_kept"}
            exact = sorted(scored - {"null_signed"})  # a mean of magnitudes, where once it was one of signed numbers
            seen.update(b"".join(np.asarray(found.scores[name], np.float64).tobytes() for name in exact))
    assert seen.hexdigest() == SPEARMAN


IMAGES = ({"ssim": {"window": 3, "shuffles": 4}}, {"hog": {"pixels_per_cell": 2, "shuffles": 4}})


@pytest.mark.parametrize("similarity", [*IMAGES, "cosine", {"top_k_intersection": {"k": 5}}])
def test_other_similarities_have_a_null_of_each_pair(similarity):
    check = CascadingRandomization(rule="published", seeds=2, null_draws=3, similarity=similarity)
    a = TRAINED.sum(-1)
    for condition, found in measured(check, MadeUpBench(other_maps, noise), FACTS):
        if isinstance(condition, Null):
            assert not any("shuffled" in name for name in found.scores)
            assert np.isfinite(found.scores["null_signed"]).all()
            continue
        b = other_maps(condition).sum(-1)
        np.testing.assert_array_equal(found.scores["similarity_signed"], check.similarity.between(a, b))
        np.testing.assert_array_equal(found.scores["similarity_absolute"], check.similarity.between(abs(a), abs(b)))
        assert (np.abs(found.scores["shuffled_signed"]) < 0.9).all()
        if condition.stage == 0:
            assert (found.scores["similarity_signed"] == 1).all() and (found.scores["similarity_absolute"] == 1).all()


def shuffled_by(check, inputs=range(5)):
    bench = MadeUpBench(lambda condition: other_maps(condition)[list(inputs)], noise)
    bench.explained = replace(bench.explained, ids=tuple(map(str, inputs)))
    return {condition: found.scores.get("shuffled_signed") for condition, found in measured(check, bench, FACTS)}


@pytest.mark.parametrize("similarity", IMAGES)
def test_shuffles_belong_to_an_input_and_a_condition(similarity):
    check = CascadingRandomization(rule="published", seeds=2, null_draws=1, similarity=similarity)
    every, again, some = shuffled_by(check), shuffled_by(check), shuffled_by(check, (3, 1, 4))
    first, other = (Randomized(mode="cascading", stage=1, seed=seed) for seed in range(2))
    np.testing.assert_array_equal(every[first], again[first])
    np.testing.assert_array_equal(every[first][[3, 1, 4]], some[first])
    assert (every[first] != every[other]).all()


def bench_of(other):
    return MadeUpBench(lambda condition: other if isinstance(condition, Rekeyed) else TRAINED, noise)


@pytest.mark.parametrize("similarity", IMAGES)
def test_unusable_maps_have_no_null_and_keep_the_shuffles_of_the_others(similarity):
    check = Repeatability(seeds=2, null_draws=1, similarity=similarity)
    broken = OTHER.copy()
    broken[1], broken[3, 0, 0, 0] = 0, np.nan
    flawed, whole = (measured(check, bench_of(each), FACTS)[1][1].scores for each in (broken, OTHER))
    for name in ("similarity_signed", "shuffled_signed", "shuffled_absolute"):
        assert np.isnan(flawed[name]).tolist() == [False, True, False, True, False]
        np.testing.assert_array_equal(flawed[name][[0, 2, 4]], whole[name][[0, 2, 4]])


@pytest.mark.parametrize("similarity", IMAGES)
def test_no_usable_pair_at_all(similarity):
    check = Repeatability(seeds=2, null_draws=1, similarity=similarity)
    blank = MadeUpBench(lambda condition: np.zeros_like(TRAINED), noise)
    scores = measured(check, blank, FACTS)[1][1].scores
    assert np.isnan(scores["similarity_signed"]).all() and np.isnan(scores["shuffled_signed"]).all()


def test_every_field_of_a_similarity_is_a_setting():
    plain = Repeatability(similarity="ssim").settings()
    assert plain["similarity"] == {
        "ssim": {
            "window": 5,
            "sigma": None,
            "k1": 0.01,
            "k2": 0.03,
            "data_range": 2.0,
            "sample_covariance": True,
            "normalise": "second_moment",
            "shuffles": 10,
        }
    }
    assert (
        plain
        == Repeatability(similarity={"ssim": {}}).settings()
        == Repeatability(similarity={"ssim": None}).settings()
    )
    assert plain != Repeatability(similarity={"ssim": {"normalise": "max"}}).settings()


def test_maps_that_a_similarity_cannot_compare_are_refused_when_measured_too():
    bench = MadeUpBench(lambda condition: TRAINED[:, :4], lambda draw: noise(draw)[:, :4])
    with pytest.raises(InputError, match="window"):
        measured(Repeatability(seeds=2, similarity="ssim"), bench, FACTS)
