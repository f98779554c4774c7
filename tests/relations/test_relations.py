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


@pytest.mark.parametrize(
    "how", [{"names": ("zzz", "aaa", "mmm")}, {"nested": True}, {"dead": True}], ids=["renamed", "nested", "dead"]
)
def test_how_a_network_is_written_leaves_every_bit(plain: Numbers, tmp_path: Path, how: dict[str, Any]) -> None:
    found = numbers(run(tmp_path / "run", Asked(model=model(**how))))
    assert without_labels(found) == without_labels(plain)


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
