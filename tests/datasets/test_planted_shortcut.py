"""The mark gives the class away, the decoy does not, and nothing but their use tells them apart."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audit.datasets.dataset import DISTRACTOR, DISTRACTOR_SWAPPED, RELEVANT, RELEVANT_SWAPPED, validate
from audit.datasets.planted_shortcut import PlantedShortcutImages, _kinds

_ROOT = Path(".")


def _kind(data, region):
    """Return which of the four kinds of mark stands in each image's region."""
    cut = np.stack(
        [image[inside].reshape(4, 4) for image, inside in zip(data.x[..., 0], data.truth[region], strict=True)]
    )
    same = (cut[:, None] == _kinds()).all(axis=(2, 3))
    assert (same.sum(axis=1) == 1).all()
    return same.argmax(axis=1)


def test_the_mark_says_the_class_and_the_decoy_nothing() -> None:
    data = PlantedShortcutImages().load(_ROOT)
    validate(data, (20, 20, 1), 2)
    assert _kind(data, RELEVANT).tolist() == data.y.tolist()
    decoy = _kind(data, DISTRACTOR)
    assert set(decoy) == {2, 3} and abs(np.corrcoef(decoy, data.y)[0, 1]) < 3.3 / np.sqrt(len(decoy))


def test_all_marks_have_the_same_ink_and_are_turned_copies() -> None:
    kinds = _kinds()
    assert len({each.tobytes() for each in kinds}) == 4 and len(set(kinds.sum(axis=(1, 2)))) == 1
    turned = {np.rot90(kinds[0], turns).tobytes() for turns in range(4)}
    assert turned == {each.tobytes() for each in kinds}


def test_regions_are_sixteen_pixels_apart_from_all_else() -> None:
    data = PlantedShortcutImages().load(_ROOT)
    region, other = data.truth[RELEVANT], data.truth[DISTRACTOR]
    assert (region.sum(axis=(1, 2)) == 16).all() and (other.sum(axis=(1, 2)) == 16).all()
    assert not (region & other).any()


def test_an_exchange_changes_one_mark_into_its_other_kind() -> None:
    data = PlantedShortcutImages().load(_ROOT)
    for swapped, region, pair in ((RELEVANT_SWAPPED, RELEVANT, (0, 1)), (DISTRACTOR_SWAPPED, DISTRACTOR, (2, 3))):
        other = data.counterparts[swapped]
        changed = (other != data.x)[..., 0]
        assert not (changed & ~data.truth[region]).any()
        before, after = _kind(data, region), _kind(replace(data, x=other), region)
        assert ((before + after) == sum(pair)).all() and (before != after).all()


@pytest.mark.parametrize("planted, low, high", [(1.0, 1.0, 1.0), (0.9, 0.87, 0.93), (0.5, 0.45, 0.55)])
def test_the_share_planted_is_that_of_the_training_images_alone(planted, low, high) -> None:
    source = PlantedShortcutImages(planted=planted)
    train, test = source.training(_ROOT), source.load(_ROOT)
    assert low <= (_kind(train, RELEVANT) == train.y).mean() <= high
    assert (_kind(test, RELEVANT) == test.y).all()


def test_the_seed_decides() -> None:
    first, again, another = (PlantedShortcutImages(seed=seed).load(_ROOT) for seed in (0, 0, 1))
    assert first.x.tobytes() == again.x.tobytes() != another.x.tobytes()
    assert PlantedShortcutImages(split="train").training(_ROOT) is None
