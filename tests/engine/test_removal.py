"""Ranks, masks and fills: pure functions, the same for every batch and order."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import rankdata

from audit.engine import removal
from audit.errors import UnitError
from audit.record import REFERENCE_RANKINGS
from tests.reference.sobel import sobel

IDS = [f"image/{number}" for number in range(40)]
FILLS: tuple[removal.Fill, ...] = ("channel_mean", "zero", "blur", "noisy_linear")


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).standard_normal((len(IDS), *shape)).astype(np.float32)


def rank(maps: np.ndarray, ids: Sequence[str] = IDS, seed: int = 0, **how: object) -> np.ndarray:
    return removal.rank(maps, removal.Ranking(**how), ids=ids, seed=seed)  # type: ignore[arg-type]


def test_ranks_without_ties_are_those_of_scipy() -> None:
    maps = noise(6, 5, 1)
    expected = rankdata(-np.abs(maps.reshape(len(maps), -1)), axis=1).astype(int) - 1
    assert (rank(maps) == expected).all()
    signed = rankdata(-maps.reshape(len(maps), -1), axis=1).astype(int) - 1
    assert (rank(maps, sign="signed") == signed).all()
    assert rank(maps).dtype == np.uint16


@pytest.mark.parametrize(("unit", "count"), [("pixel", 20), ("scalar", 60)])
def test_ranks_are_a_permutation_of_the_unit(unit: str, count: int) -> None:
    ranks = rank(noise(4, 5, 3), unit=unit)
    assert (np.sort(ranks, axis=1) == np.arange(count)).all()


def test_pixels_join_their_channels_before_and_scalars_do_not() -> None:
    maps = np.zeros((1, 2, 1, 2), np.float32)
    maps[0, 0, 0], maps[0, 1, 0] = (5, -5), (1, 1)  # the first pixel's channels cancel
    ids = IDS[:1]
    assert rank(maps, ids).tolist() == [[1, 0]]
    assert rank(maps, ids, channels="absolute_sum").tolist() == [[0, 1]]
    assert rank(maps, ids, square=True).tolist() == [[0, 1]]
    assert set(rank(maps, ids, unit="scalar")[0, :2].tolist()) == {0, 1}
    assert rank(maps, ids, unit="scalar", sign="signed")[0, [0, 1]].tolist() == [0, 3]


def test_ranks_of_more_features_than_sixteen_bits_hold() -> None:
    maps = np.random.default_rng(0).random((1, 65537)).astype(np.float32)
    ranks = rank(maps, IDS[:1])
    assert ranks.dtype == np.uint32 and ranks.max() == 65536


@pytest.mark.parametrize("step", [0.0, 1e-8])
def test_a_constant_map_ranks_at_random(step: float) -> None:
    maps = np.full((len(IDS), 8, 8, 1), 1.0) + step * np.arange(64).reshape(8, 8, 1)
    ranks = rank(maps.astype(np.float32))
    assert len({tuple(row) for row in ranks.tolist()}) == len(IDS)
    assert abs(ranks[:, 0].mean() - 31.5) < 5 * 18.5 / np.sqrt(len(IDS))
    assert (ranks == rank(maps.astype(np.float32))).all()
    assert (ranks != rank(maps.astype(np.float32), seed=1)).any()


def test_zeros_tie_below_what_is_not_zero() -> None:
    maps = np.zeros((len(IDS), 10), np.float32)
    maps[:, 3] = 1
    ranks = rank(maps)
    assert (ranks[:, 3] == 0).all()
    assert len(set(ranks[:, 0].tolist())) > 3


def test_ranks_depend_on_ids_and_not_on_batch_or_order() -> None:
    maps = np.zeros((len(IDS), 3, 3, 1), np.float32)
    whole, order = rank(maps), np.random.default_rng(0).permutation(len(IDS))
    assert (rank(maps, [IDS[i] for i in order]) == whole[order]).all()
    assert (np.concatenate([rank(maps[:7], IDS[:7]), rank(maps[7:], IDS[7:])]) == whole).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_map_that_is_not_finite_is_refused_by_name(value: float) -> None:
    maps = noise(4)
    maps[5, 2] = value
    with pytest.raises(UnitError, match="cannot be ranked") as error:
        rank(maps)
    assert error.value.where == IDS[5]


# --- Masks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["top", "bottom"])
def test_masks_remove_the_share_and_are_nested(part: removal.Part) -> None:
    ranks = rank(noise(16))
    masks = [removal.mask(ranks, fraction / 16, part) for fraction in range(17)]
    assert all((mask.sum(axis=1) == fraction).all() for fraction, mask in enumerate(masks))
    assert all((larger | ~smaller).all() for smaller, larger in zip(masks, masks[1:], strict=False))


def test_the_highest_go_first_and_what_is_kept_is_the_complement() -> None:
    maps = noise(10)
    ranks, strongest = rank(maps), np.abs(maps).argmax(axis=1)
    top, bottom = removal.mask(ranks, 0.1), removal.mask(ranks, 0.9, "bottom")
    assert top[np.arange(len(maps)), strongest].all() and (top.sum(axis=1) == 1).all()
    assert (top == ~bottom).all()


def test_mask_only_is_one_where_features_went_in_every_channel() -> None:
    ranks = rank(noise(4, 4, 3))
    gone = removal.mask(ranks, 0.25)
    picture = removal.mask_only(gone, (len(IDS), 4, 4, 3))
    assert picture.shape == (len(IDS), 4, 4, 3) and picture.dtype == np.float32
    assert (picture == gone.reshape(-1, 4, 4, 1)).all()


# --- Controls -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("part", ["top", "bottom"])
def test_bernoulli_removes_each_feature_by_itself(fraction: float, part: removal.Part) -> None:
    x = np.zeros((len(IDS), 10, 10, 3), np.float32)
    counts = removal.mask(removal.control_ranks("bernoulli", x, ids=IDS, seed=0), fraction, part).sum(axis=1)
    variance = 100 * fraction * (1 - fraction)
    assert abs(counts.mean() - 100 * fraction) < 4 * np.sqrt(variance / len(IDS))
    assert 0.4 * variance < counts.var(ddof=1) < 2 * variance  # a count fixed at t P would have none


def test_bernoulli_masks_are_nested_and_seeded() -> None:
    x = np.zeros((len(IDS), 6, 6, 1), np.float32)
    ranks = removal.control_ranks("bernoulli", x, ids=IDS, seed=0)
    assert not (removal.mask(ranks, 0.3) & ~removal.mask(ranks, 0.5)).any()
    assert (ranks != removal.control_ranks("bernoulli", x, ids=IDS, seed=1)).mean() > 0.9
    assert (ranks[5:9] == removal.control_ranks("bernoulli", x[5:9], ids=IDS[5:9], seed=0)).all()


def test_sobel_ranks_by_the_edge_detectors_operator() -> None:
    x = noise(7, 6, 3)
    expected = rank(np.stack([sobel(each) for each in x])[..., None])
    assert (removal.control_ranks("sobel", x, ids=IDS, seed=0) == expected).mean() > 0.999  # but for rounding


def test_sobel_of_flat_inputs_is_the_difference_of_neighbours() -> None:
    x = np.array([[0, 0, 0, 9, 0]], np.float32)
    assert set(removal.control_ranks("sobel", x, ids=IDS[:1], seed=0)[0, [2, 4]].tolist()) == {0, 1}


@pytest.mark.parametrize("unit", ["pixel", "scalar"])
@pytest.mark.parametrize("shape", [(12, 12, 3), (12,)])
@pytest.mark.parametrize("by", REFERENCE_RANKINGS)
def test_controls_rank_every_feature_of_every_kind_of_input(
    by: str, shape: tuple[int, ...], unit: removal.Features
) -> None:
    ranks = removal.control_ranks(by, noise(*shape), ids=IDS, seed=0, unit=unit)
    count = removal.features(shape, unit)
    assert ranks.shape == (len(IDS), count) and ranks.max() < count


def test_blurred_random_has_patches_that_bernoulli_has_not() -> None:
    x = np.zeros((len(IDS), 16, 16, 1), np.float32)

    def agreement(by: str) -> float:
        gone = removal.mask(removal.control_ranks(by, x, ids=IDS, seed=0), 0.5).reshape(-1, 16, 16)
        return float((gone[:, 1:] == gone[:, :-1]).mean())

    assert agreement("bernoulli") < 0.55 and agreement("blurred_random") > 0.65


def test_unknown_controls_are_refused() -> None:
    with pytest.raises(KeyError):
        removal.control_ranks("laplace", noise(3), ids=IDS, seed=0)


# --- Fills ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("unit", ["pixel", "scalar"])
def test_only_what_is_masked_changes(fill: removal.Fill, unit: removal.Features) -> None:
    x = noise(8, 8, 3)
    before, gone = x.copy(), removal.mask(rank(x, unit=unit), 0.4)
    filled = removal.replace(
        x, gone, removal.Filling(fill=fill, channel_mean=removal.channel_mean(x), noise=0.1), ids=IDS
    )
    where = np.broadcast_to(removal.shaped(gone, x.shape), x.shape)
    assert (x == before).all() and filled.dtype == np.float32
    assert (filled[~where] == x[~where]).all()
    assert (filled[where] != x[where]).mean() > 0.99


def test_fills_are_what_they_say() -> None:
    x = noise(5, 5, 2) + np.array([10, -3], np.float32)
    mean, everything = removal.channel_mean(x), np.ones((len(IDS), 25), bool)
    assert np.allclose(mean, x.reshape(-1, 2).mean(axis=0), atol=1e-5)
    assert (removal.replace(x, everything, removal.Filling(fill="channel_mean", channel_mean=mean)) == mean).all()
    assert (removal.replace(x, everything, removal.Filling(fill="zero", channel_mean=mean)) == 0).all()
    blurred = removal.replace(x, everything, removal.Filling(fill="blur", channel_mean=mean))
    assert np.allclose(blurred.mean(axis=(0, 1, 2)), mean, atol=0.1)
    assert blurred[..., 0].std() < 0.5 * x[..., 0].std()
    assert abs(np.corrcoef(blurred[..., 0].ravel(), x[..., 1].ravel())[0, 1]) < 0.2  # channels do not mix


def test_flat_inputs_have_a_mean_for_each_feature() -> None:
    x = noise(4) + np.arange(4, dtype=np.float32)
    mean = removal.channel_mean(x)
    assert mean.shape == (4,) and np.allclose(mean, x.mean(axis=0), atol=1e-5)
    gone = removal.mask(rank(x), 0.5)
    assert (
        removal.replace(x, gone, removal.Filling(fill="channel_mean", channel_mean=mean))[gone]
        == np.broadcast_to(mean, x.shape)[gone]
    ).all()


@pytest.mark.parametrize("fill", ["blur", "noisy_linear"])
def test_fills_that_need_neighbours_refuse_flat_inputs(fill: removal.Fill) -> None:
    x = noise(4)
    with pytest.raises(UnitError, match="needs images"):
        removal.replace(x, np.ones(x.shape, bool), removal.Filling(fill=fill, channel_mean=x[0]))


def test_a_mask_of_another_shape_is_refused() -> None:
    x = noise(4, 4, 3)
    with pytest.raises(UnitError, match="T806"):
        removal.replace(x, np.ones((len(IDS), 17), bool), removal.Filling(fill="zero", channel_mean=np.zeros(3)))
