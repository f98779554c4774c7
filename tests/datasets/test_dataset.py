"""Choosing and validating: every fault has one clear error, and a choice is stratified, seeded and nested."""

from dataclasses import replace

import numpy as np
import pytest

from audit.datasets.dataset import Dataset, choose, identified, identities, validate, validate_training
from audit.errors import InputError


def _dataset(labels: list[int] | None, shape: tuple[int, ...] = (2, 2, 1), **changes: object) -> Dataset:
    count = 6 if labels is None else len(labels)
    fields: dict[str, object] = {
        "x": np.arange(count * np.prod(shape), dtype=np.float32).reshape(count, *shape),
        "y": None if labels is None else np.array(labels, np.int32),
        "ids": np.array([f"toy-{position}" for position in range(count)], np.str_),
        "class_names": (),
        "name": "toy",
    }
    return Dataset(**{**fields, **changes})  # type: ignore[arg-type]


def _unequal(seed: int = 3) -> Dataset:
    return _dataset(np.random.default_rng(seed).permutation([0] * 50 + [1] * 30 + [2] * 20).tolist())


@pytest.mark.parametrize("count", [1, 7, 10, 33, 99, 100])
def test_every_prefix_keeps_the_class_proportions(count: int) -> None:
    dataset = _unequal()
    assert dataset.y is not None
    chosen = np.bincount(dataset.y[choose(dataset, count, seed=0)], minlength=3)
    assert chosen.sum() == count
    assert (abs(chosen - count * np.array([0.5, 0.3, 0.2])) < 1).all()


def test_a_class_gets_what_sainte_lague_gives_it() -> None:
    dataset = _dataset([0] * 7 + [1] * 2 + [2] * 4)
    assert dataset.y is not None
    for count in range(1, 14):
        seats = [0, 0, 0]
        for _ in range(count):
            quotients = [size / (won + 0.5) if won < size else 0 for size, won in zip((7, 2, 4), seats, strict=True)]
            seats[int(np.argmax(quotients))] += 1
        quotients = sorted(round(size / (k + 0.5), 9) for size in (7, 2, 4) for k in range(size))[::-1]
        if count < 13 and quotients[count - 1] == quotients[count]:
            continue  # a tie, which the seed decides
        assert np.bincount(dataset.y[choose(dataset, count, seed=1)], minlength=3).tolist() == seats


def test_a_choice_repeats_no_input_and_a_larger_one_extends_it() -> None:
    dataset = _unequal()
    everything = choose(dataset, 100, seed=5)
    assert sorted(everything) == list(range(100))
    assert np.array_equal(choose(dataset, 40, seed=5), everything[:40])


def test_the_seed_decides_and_decides_alone() -> None:
    dataset = _unequal()
    assert np.array_equal(choose(dataset, 30, seed=1), choose(dataset, 30, seed=1))
    assert not np.array_equal(choose(dataset, 30, seed=1), choose(dataset, 30, seed=2))


def test_ties_between_classes_are_not_always_won_by_the_first() -> None:
    dataset = _dataset([0, 1] * 20)
    assert dataset.y is not None
    assert {int(dataset.y[choose(dataset, 1, seed)[0]]) for seed in range(20)} == {0, 1}


def test_unlabelled_inputs_are_chosen_at_random() -> None:
    chosen = choose(_dataset(None), 6, seed=0)
    assert sorted(chosen) == list(range(6))


def test_asking_for_more_inputs_than_exist_names_both_numbers() -> None:
    with pytest.raises(InputError, match="too few inputs: `toy` has 6, and `inputs` is 7") as caught:
        choose(_dataset(None), 7, seed=0)
    assert caught.value.code == "D010"


def test_a_data_set_that_fits_is_accepted() -> None:
    validate(_dataset([0, 1, 2]), (2, 2, 1), 3)
    validate(_dataset([0, 1, 2]), (None, None, 1), 3)
    validate(_dataset(None), (2, 2, 1), 3)
    validate(_dataset([0, 1, 1]), (2, 2, 1), 1)  # one logit: two classes


_NAN = np.full((3, 2, 2, 1), np.nan, np.float32)
_INFINITE = np.ones((3, 2, 2, 1), np.float32)
_INFINITE[1, 0, 1, 0] = np.inf


@pytest.mark.parametrize(
    ("dataset", "code", "words"),
    [
        (_dataset([]), "D001", ["toy", "empty"]),
        (_dataset([0, 1, 2], ids=np.array(["a", "b"])), "D002", ["3 inputs", "2 ids", "3 labels"]),
        (_dataset([0, 1, 2], ids=np.array(["a", "b", "a"])), "D003", ["unique"]),
        (_dataset([0, 1, 2], (2, 2)), "D005", ["(2, 2, 1)", "(2, 2)", "channels: add"]),
        (_dataset([0, 1, 2], (1, 2, 2)), "D005", ["(N, H, W, C)"]),
        (_dataset([0, 1, 2], (4,)), "D005", ["(4,)", "reshape"]),
        (_dataset([0, 1, 2], (3, 3, 1)), "D005", ["(3, 3, 1)", "(2, 2, 1)"]),
        (_dataset([0, 1, 2], x=_NAN), "D006", ["3 of 3", "toy-0"]),
        (_dataset([0, 1, 2], x=_INFINITE), "D006", ["1 of 3", "toy-1"]),
        (_dataset([0, 1, 2], class_names=("a", "b")), "D007", ["2 class names", "3"]),
        (_dataset([0, 1, 3]), "D008", ["1 labels", "0 to 2", "3 at position 2", "toy-2"]),
        (_dataset([0, -1, 2]), "D008", ["-1 at position 1"]),
    ],
)
def test_what_does_not_fit_is_one_clear_error(dataset: Dataset, code: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        validate(dataset, (2, 2, 1), 3)
    assert caught.value.code == code
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("training", "test", "code", "words"),
    [
        (_dataset(None), _dataset([0, 1, 2]), "D011", ["toy", "a label for each input"]),
        (_dataset([0, 1, 2]), _dataset(None), "D011", ["training and test data"]),
        (_dataset([]), _dataset([0, 1, 2]), "D001", ["empty"]),
        (_dataset([0, 1, 2], (3, 3, 1)), _dataset([0, 1, 2]), "D005", ["(3, 3, 1)", "(2, 2, 1)"]),
        (_dataset([0, 1, 2], (2, 2)), _dataset([0, 1, 2]), "D005", ["channels: add"]),
        (_dataset([0, 1, 2], x=_INFINITE), _dataset([0, 1, 2]), "D006", ["toy-1"]),
        (_dataset([0, 1, 2], class_names=("a",)), _dataset([0, 1, 2]), "D012", ["different class names", "a"]),
    ],
)
def test_training_data_that_do_not_fit_the_test_data_are_one_clear_error(
    training: Dataset, test: Dataset, code: str, words: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        validate_training(training, test)
    assert caught.value.code == code
    assert all(word in str(caught.value) for word in words)


def test_training_data_that_fit_are_accepted() -> None:
    validate_training(_dataset([2, 2]), _dataset([0, 1, 2]))


def test_equal_inputs_have_one_identity_whatever_they_are_called_and_wherever_they_stand() -> None:
    x = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    x[4], x[0, 0], x[4] = x[1], 0.0, x[1]
    known = identities(x, 3)
    assert known[4] == known[1] and len(set(known)) == 5
    order = np.array([3, 0, 5, 1, 4, 2])
    assert identities(x[order], 3) == [known[position] for position in order]
    assert not set(identities(x, 4)) & set(known)
    minus = np.where(x == 0, np.float32(-0.0), x)
    assert identities(minus, 3) == known


def test_the_same_inputs_are_chosen_in_whatever_order_they_are_stored() -> None:
    dataset = _unequal()
    order = np.random.default_rng(1).permutation(100)
    moved = replace(dataset, x=dataset.x[order], y=dataset.y[order], ids=dataset.ids[order])
    for count in (1, 10, 55, 100):
        assert np.array_equal(dataset.x[choose(dataset, count, 2)], moved.x[choose(moved, count, 2)])


def test_training_data_stand_in_the_order_of_their_identities() -> None:
    dataset = _unequal()
    order = np.random.default_rng(1).permutation(100)
    moved = replace(dataset, x=dataset.x[order], y=dataset.y[order], ids=dataset.ids[order][::-1])
    one, other = identified(dataset, 7), identified(moved, 7)
    for name in ("x", "y", "ids"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert not np.array_equal(one.x, identified(dataset, 8).x)


def test_copies_that_differ_in_their_label_alone_stand_in_one_order_too() -> None:
    dataset = _unequal()
    same = replace(dataset, x=np.repeat(dataset.x[:50], 2, axis=0))
    order = np.random.default_rng(1).permutation(100)
    moved = replace(same, x=same.x[order], y=same.y[order])
    assert np.array_equal(identified(same, 7).y, identified(moved, 7).y)


@pytest.mark.parametrize("labelled", [True, False])
def test_copies_of_some_inputs_change_no_choice_among_different_ones(labelled: bool) -> None:
    dataset = _unequal()
    dataset = dataset if labelled else replace(dataset, y=None)
    again = np.concatenate([np.arange(100), [3, 3, 8, 50, 51, 51, 51]])
    more = replace(dataset, x=dataset.x[again], y=dataset.y[again] if labelled else None, ids=np.arange(107))
    for count in (1, 30, 99):
        assert np.array_equal(dataset.x[choose(dataset, count, 4)], more.x[choose(more, count, 4)])
    assert sorted(choose(more, 107, 4)) == list(range(107))
