"""Both tasks have the same images, and what is known of them is true by construction."""

from pathlib import Path

import numpy as np
import pytest

from audit.datasets.dataset import DISTRACTOR, DISTRACTOR_SWAPPED, OTHER_LABELS, RELEVANT, RELEVANT_SWAPPED, validate
from audit.datasets.two_objects import TwoObjects, _shapes

_ROOT = Path(".")


def test_both_tasks_have_the_same_images_and_each_others_labels() -> None:
    digit, shape = (TwoObjects(task=task).load(_ROOT) for task in ("digit", "shape"))
    assert digit.x.tobytes() == shape.x.tobytes() and digit.ids.tolist() == shape.ids.tolist()
    for one, other in ((digit, shape), (shape, digit)):
        assert one.truth[OTHER_LABELS].tolist() == other.y.tolist()
        np.testing.assert_array_equal(one.truth[RELEVANT], other.truth[DISTRACTOR])
        np.testing.assert_array_equal(one.counterparts[RELEVANT_SWAPPED], other.counterparts[DISTRACTOR_SWAPPED])
        validate(one, (20, 20, 1), 4)


def test_the_regions_hold_the_objects_and_all_that_is_drawn() -> None:
    data = TwoObjects(task="shape").load(_ROOT)
    region, other = data.truth[RELEVANT], data.truth[DISTRACTOR]
    assert (region.sum(axis=(1, 2)) == 64).all() and not (region & other).any()
    assert not data.x[~(region | other)].any()
    for image, inside, label in zip(data.x[..., 0], region, data.y, strict=True):
        np.testing.assert_array_equal(image[inside].reshape(8, 8), _shapes()[label])


@pytest.mark.parametrize("task", ["digit", "shape"])
def test_an_exchange_changes_one_object_into_one_of_the_next_class(task) -> None:
    data = TwoObjects(task=task).load(_ROOT)
    for swapped, region, other in (
        (RELEVANT_SWAPPED, RELEVANT, DISTRACTOR),
        (DISTRACTOR_SWAPPED, DISTRACTOR, RELEVANT),
    ):
        changed = (data.counterparts[swapped] != data.x)[..., 0]
        assert changed.any(axis=(1, 2)).all() and not (changed & ~data.truth[region]).any()
        assert not (changed & data.truth[other]).any()
    by_pixels = {
        image[inside].tobytes(): label
        for image, inside, label in zip(data.x[..., 0], data.truth[RELEVANT], data.y, strict=True)
    }
    swapped = data.counterparts[RELEVANT_SWAPPED][..., 0]
    found = [by_pixels[image[inside].tobytes()] for image, inside in zip(swapped, data.truth[RELEVANT], strict=True)]
    assert found == ((data.y + 1) % 4).tolist()


def test_the_other_object_says_nothing_of_the_label() -> None:
    train = TwoObjects().training(_ROOT)
    table = np.histogram2d(train.y, train.truth[OTHER_LABELS], bins=4)[0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    assert ((table - expected) ** 2 / expected).sum() < 27.88  # chi-squared with 9 degrees of freedom, p = 0.001


def test_the_seed_decides_and_the_splits_share_no_digit() -> None:
    first, again, another = TwoObjects().load(_ROOT), TwoObjects().load(_ROOT), TwoObjects(seed=1).load(_ROOT)
    assert first.x.tobytes() == again.x.tobytes() != another.x.tobytes()
    assert all(first.truth[name].tobytes() == again.truth[name].tobytes() for name in first.truth)
    assert not set(first.ids) & set(another.ids)
    train = TwoObjects().training(_ROOT)
    cut = [
        {image[inside].tobytes() for image, inside in zip(each.x[..., 0], each.truth[RELEVANT], strict=True)}
        for each in (train, first)
    ]
    assert not cut[0] & cut[1] and TwoObjects(split="train").training(_ROOT) is None
