"""Killed at any moment, while it explains or trains, an audit goes on where it was and ends with the same bytes."""

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.commands import command, expect, run, save_model, write_spec

KILLS = int(os.environ.get("KILLS", "6"))  # before a release: KILLS=20
AUDIT = {
    "require": [
        {"cascading_randomization": {"seeds": 5}},
        {"label_permutation": {"seeds": 2, "null_draws": 2}},
        {"roar": {"fractions": [0.3, 0.6], "seeds": 2}},
    ],
    "training": {"epochs": 2, "batch_size": 256},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    save_model(folder)
    return folder


def finished_units(out: Path) -> dict[str, int]:
    """Return the published units with the time of their publication."""
    places = (out / "evidence").glob("[0-9a-f]*")
    return {place.name: (place / "record.json").stat().st_mtime_ns for place in places}


def kill_during(words, options, out: Path, delay: float) -> bool:
    """Start the command, wait for one more unit than before and a random while, and kill. False: it was done first."""
    before = len(finished_units(out))
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
    while process.poll() is None and len(finished_units(out)) == before:
        time.sleep(0.002)
    time.sleep(delay)
    process.kill()
    process.communicate()
    return process.returncode == -9


@pytest.mark.slow
def test_kills_lose_at_most_the_unit_in_flight_and_change_no_byte(folder, tmp_path):
    spec = write_spec(folder, **AUDIT)
    whole, out = tmp_path / "whole", tmp_path / "killed"
    expect_done(spec, whole, folder)
    expected, moments = (whole / "results.json").read_bytes(), random.Random(0)
    words, options = command("run", spec, "--out", out, cwd=folder)
    kills = 0
    while kills < KILLS:
        kept = finished_units(out)
        kills += kill_during(words, options, out, moments.uniform(0, 0.5))
        after = finished_units(out)
        assert kept.items() <= after.items(), "a finished unit was lost or measured again"
        if (out / "MANIFEST.json").exists():
            assert (out / "results.json").read_bytes() == expected
            shutil.rmtree(out)
    expect_done(spec, out, folder)
    assert (out / "results.json").read_bytes() == expected
    assert finished_units(out).keys() == finished_units(whole).keys()


def expect_done(spec: Path, out: Path, cwd: Path) -> None:
    finished = run("run", spec, "--out", out, "--quiet", cwd=cwd)
    expect(finished, finished.returncode if finished.returncode in (0, 1, 4) else 0)
