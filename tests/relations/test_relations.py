"""Nothing that does not matter, matters: whole audits that are asked for in other words give the same numbers."""

import locale
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.relations.whole_audits import (
    COUNT,
    METHODS,
    REQUIREMENTS,
    Asked,
    largest_difference,
    model,
    numbers,
    run,
    run_elsewhere,
    without_labels,
)

Numbers = dict[tuple[str, str], tuple[Any, ...]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Numbers:
    return numbers(run(tmp_path_factory.mktemp("plain") / "here", Asked()))


SHUFFLED = np.random.default_rng(5).permutation(COUNT).tolist()

SAME_BITS = {
    "inputs in another order": Asked(order=SHUFFLED),
    "other names of file and arrays": Asked(file="zzz.npz", arrays=("images", "classes")),
    "methods in another order": Asked(methods=METHODS[::-1]),
    "requirements in another order": Asked(requirements=REQUIREMENTS[::-1]),
}


@pytest.mark.parametrize("what", SAME_BITS)
def test_names_and_orders_leave_every_bit(plain: Numbers, tmp_path: Path, what: str) -> None:
    assert numbers(run(tmp_path / "other place" / "run", SAME_BITS[what])) == plain


WRITTEN: dict[str, dict[str, Any]] = {
    "renamed": {"names": ("zzz", "aaa", "mmm")},
    "nested": {"nested": True},
    "dead": {"dead": True},
    "activations inside layers, softmax behind": {"inside": True},
    "layers that change nothing": {"identities": True},
}


@pytest.mark.parametrize("how", WRITTEN.values(), ids=WRITTEN)
def test_how_a_network_is_written_leaves_every_bit(plain: Numbers, tmp_path: Path, how: dict[str, Any]) -> None:
    found = numbers(run(tmp_path / "run", Asked(model=model(**how))))
    assert without_labels(found) == without_labels(plain)


@pytest.mark.exhaustive
def test_the_file_s_format_leaves_every_bit(plain: Numbers, tmp_path: Path) -> None:
    found = numbers(run(tmp_path / "run", Asked(model_file="model.h5")))
    assert without_labels(found) == without_labels(plain)


@pytest.mark.parametrize("how", [{"shift": 3.0}, {"scale": 4.0}], ids=["shifted logits", "scaled head"])
def test_what_the_logits_are_measured_in_moves_nothing(plain: Numbers, tmp_path: Path, how: dict[str, Any]) -> None:
    """But for the random map, whose key is a digest of all parameters: it must be another one for another model."""
    found = numbers(run(tmp_path / "run", Asked(model=model(**how))))
    assert {key: value[0] for key, value in found.items()} == {key: value[0] for key, value in plain.items()}
    _moves_nothing(*({key: each[key] for key in each if key[1] != "random_map"} for each in (found, plain)))


def test_permuted_channels_move_no_verdict_and_numbers_within_their_intervals(plain: Numbers, tmp_path: Path) -> None:
    """A re-draw permutes values between places, so another order of channels is another draw."""
    found = numbers(run(tmp_path / "run", Asked(model=model(channels=(2, 0, 3, 1)))))
    for key, (outcome, criteria, *_) in found.items():
        assert outcome == plain[key][0], key
        for (_, one, ends), (_, other, _) in zip(criteria, plain[key][1], strict=True):
            assert one is None or ends[0] - 1e-9 <= other <= ends[1] + 1e-9, key


def test_copies_leave_every_bit(plain: Numbers, tmp_path: Path) -> None:
    assert numbers(run(tmp_path / "run", Asked(order=[*SHUFFLED, 3, 3, 8, 20]))) == plain


def test_another_process_and_one_thread_move_nothing(plain: Numbers, tmp_path: Path) -> None:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    found = run_elsewhere(tmp_path / "run", Asked(), PYTHONHASHSEED="17", LC_ALL="C", TZ="Asia/Kathmandu", **threads)
    _moves_nothing(numbers(found), plain)


def test_the_other_backend_moves_nothing(plain: Numbers, tmp_path: Path) -> None:
    other = {"tensorflow": "jax", "jax": "tensorflow"}[os.environ["KERAS_BACKEND"]]
    found = run_elsewhere(tmp_path / "run", Asked(changes={"runtime": {"backend": other}}), KERAS_BACKEND=other)
    _moves_nothing(numbers(found), plain)


RETRAINED = Asked(
    methods=("gradient",),
    requirements=(
        {"label_permutation": {"seeds": 2, "null_draws": 2}},
        {"roar": {"fractions": [0.5], "seeds": 2}},
        {"reproducibility": {"seeds": 2, "null_draws": 2}},
    ),
    changes={"training": {"epochs": 2, "batch_size": 8}},
    trains=True,
)


@pytest.mark.exhaustive
def test_orders_and_names_leave_every_bit_of_retrainings(tmp_path: Path) -> None:
    ways = {
        "plain": RETRAINED,
        "order": replace(RETRAINED, order=SHUFFLED),
        "names": replace(RETRAINED, file="zzz.npz"),
        "layers": replace(RETRAINED, model=model(names=("zzz", "aaa", "mmm"))),
        "requirements": replace(RETRAINED, requirements=RETRAINED.requirements[::-1]),
    }
    found = {name: without_labels(numbers(run(tmp_path / name, each))) for name, each in ways.items()}
    for name, each in found.items():
        assert each == found["plain"], name


def test_time_zone_locale_and_folder_leave_every_bit(
    plain: Numbers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.chdir(tmp_path)
    before = locale.setlocale(locale.LC_ALL)
    time.tzset()
    try:
        locale.setlocale(locale.LC_ALL, "C.UTF-8")
        assert numbers(run(Path("a folder with ünusual name"), Asked())) == plain
    finally:
        locale.setlocale(locale.LC_ALL, before)
        os.environ.pop("TZ", None)
        time.tzset()


def _batched(batch: int) -> Asked:
    return Asked(changes={"runtime": {"batch": batch}})


def _moves_nothing(found: Numbers, plain: Numbers) -> None:
    assert {key: value[0] for key, value in found.items()} == {key: value[0] for key, value in plain.items()}
    assert largest_difference(found, plain) <= 1e-4


@pytest.mark.parametrize("batch", [1, 5, 32])  # one input; more rows than inputs; half the values of an input
def test_the_batch_moves_no_verdict_and_no_number(plain: Numbers, tmp_path: Path, batch: int) -> None:
    _moves_nothing(numbers(run(tmp_path / "run", _batched(batch))), plain)


@pytest.mark.exhaustive
@pytest.mark.parametrize("batch", [2, 3, 4, 6, 7, 8, 9, 12, 16, 31, 33, 63, 64, 65, 100, 127, 128, 129])
def test_no_batch_moves_anything(plain: Numbers, tmp_path: Path, batch: int) -> None:
    _moves_nothing(numbers(run(tmp_path / "run", _batched(batch))), plain)


def test_the_seed_moves_every_number_that_is_random(plain: Numbers, tmp_path: Path) -> None:
    asked = Asked(changes={"seed": 1})
    everything = {"source": "npz", "path": "data.npz", "inputs": COUNT}
    asked = replace(asked, changes={"seed": 1, "dataset": everything})
    base = replace(asked, changes={"seed": 0, "dataset": everything})
    one, other = (numbers(run(tmp_path / name, each)) for name, each in (("one", asked), ("base", base)))
    for key, (_, _, curve, _) in one.items():
        before = {point[0]: point for point in other[key][2]}
        moved = [point for point in curve if point[1:] != before[point[0]][1:]]
        random = [point for point in curve if point[1] is not None and point[1] < 1.0 - 1e-9]
        assert [point[0] for point in moved] == [point[0] for point in random] or len(moved) > len(random), key
