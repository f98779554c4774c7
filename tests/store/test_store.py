"""A run's folder: what was published is read back, and what was damaged is not."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from audit.errors import InputError
from audit.record import Code, Evidence, Null, Randomized, Unit
from audit.store.store import Store, to_json

CONDITIONS = [Null(draws=3), Randomized(mode="cascading", stage=2, seed=1)]


def unit_of(condition):
    return Unit(check="c", settings={"seeds": 2}, method={"name": "m"}, condition=condition, world="w")


def evidence_of(condition):
    scores = {"similarity": np.array([0.25, np.nan]), "changed": np.array(1.0)}
    return Evidence(unit=unit_of(condition), status="done", scores=scores, maps={"absolute": np.ones((1, 2, 2), "f4")})


@pytest.mark.parametrize("condition", CONDITIONS)
def test_evidence_is_read_back_bit_for_bit(tmp_path, condition):
    written = evidence_of(condition)
    Store(folder=tmp_path).put(written)
    read = Store(folder=tmp_path).get(written.unit)
    for group in ("scores", "maps"):
        for name, array in getattr(written, group).items():
            again = getattr(read, group)[name]
            assert again.dtype == array.dtype and again.shape == array.shape
            np.testing.assert_array_equal(again, array)
    assert (read.unit, read.status, read.error) == (written.unit, "done", None)


def test_each_setting_has_its_own_key():
    units = [
        unit_of(Null(draws=3)),
        unit_of(Null(draws=4)),
        unit_of(Randomized(mode="cascading", stage=1, seed=1)),
        unit_of(Randomized(mode="independent", stage=1, seed=1)),
        Unit(check="c", settings={}, method={"name": "m"}, condition=Null(draws=3), world="w"),
        Unit(check="c", settings={"seeds": 2}, method={"name": "m"}, condition=Null(draws=3), world="v"),
        replace(unit_of(Null(draws=3)), code={"m:C": Code(name="c", package="p 1", digest="d")}),
        replace(unit_of(Null(draws=3)), code={"m:C": Code(name="c", package="p 2", digest="d")}),
    ]
    assert len({unit.key for unit in units}) == len(units)


def test_the_units_of_all_evidence_that_can_be_read_are_listed(tmp_path):
    store = Store(folder=tmp_path)
    assert store.units() == ()
    coded = replace(unit_of(Null()), code={"m:C": Code(name="c", package="p 1", digest="d")})
    units = [coded, *map(unit_of, CONDITIONS)]
    for unit in units:
        store.put(Evidence(unit=unit, status="failed", error="why"))
    found = store.units()
    assert {unit.key for unit in found} == {unit.key for unit in units} and coded in found
    (tmp_path / "evidence" / coded.key / "record.json").write_text('{"unit": {}}')
    assert {unit.key for unit in store.units()} == {unit.key for unit in units[1:]}


def test_absent_evidence_is_none(tmp_path):
    assert Store(folder=tmp_path).get(unit_of(Null())) is None


@pytest.mark.parametrize("name", ["record.json", "scores.similarity.npy", "maps.absolute.npy"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_damaged_evidence_is_measured_again_and_replaced(tmp_path, name, damage):
    store, written = Store(folder=tmp_path), evidence_of(Null())
    store.put(written)
    path = tmp_path / "evidence" / written.unit.key / name
    content = path.read_bytes()
    if damage == "remove":
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2] if damage == "truncate" else content[:-1] + b"\x00")
    assert store.get(written.unit) is None
    store.put(written)
    assert store.get(written.unit) is not None


@pytest.mark.parametrize("damage", [("status", "statvs"), ("done", "dune"), ("files", "filer")])
def test_a_record_with_a_wrong_character_is_no_evidence(tmp_path, damage):
    store, written = Store(folder=tmp_path), evidence_of(Null())
    store.put(written)
    path = tmp_path / "evidence" / written.unit.key / "record.json"
    path.write_text(path.read_text().replace(*damage))
    assert store.get(written.unit) is None


def test_a_record_of_another_form_is_no_evidence(tmp_path):
    store, written = Store(folder=tmp_path), evidence_of(Null())
    store.put(written)
    (tmp_path / "evidence" / written.unit.key / "record.json").write_text("[]")
    assert store.get(written.unit) is None


def test_evidence_in_the_place_of_another_unit_is_none(tmp_path):
    store, (one, other) = Store(folder=tmp_path), map(evidence_of, CONDITIONS)
    store.put(other)
    (tmp_path / "evidence" / other.unit.key).rename(tmp_path / "evidence" / one.unit.key)
    assert store.get(one.unit) is None


def test_a_draft_left_by_a_kill_is_no_evidence(tmp_path):
    store, written = Store(folder=tmp_path), evidence_of(Null())
    store.put(written)
    place = tmp_path / "evidence" / written.unit.key
    place.rename(place.with_name(f".{place.name}"))
    assert store.get(written.unit) is None
    store.put(written)
    assert store.get(written.unit) is not None
    assert [path.name for path in (tmp_path / "evidence").iterdir()] == [written.unit.key]


def test_the_manifest_holds_the_digest_of_every_file_and_nothing_else(tmp_path):
    store = Store(folder=tmp_path)
    with store.lock():
        store.put(evidence_of(Null()))
        store.write("results.json", b"{}\n")
        manifest = json.loads(store.seal().read_bytes())["files"]
    assert manifest["results.json"] == hashlib.sha256(b"{}\n").hexdigest()
    assert "run.lock" not in manifest and "MANIFEST.json" not in manifest
    assert sum(name.startswith("evidence/") for name in manifest) == 4


def test_records_are_read_back_equal_and_faults_are_named(tmp_path):
    store, unit = Store(folder=tmp_path), unit_of(CONDITIONS[1])
    store.write_record("unit.json", unit)
    assert store.read_record("unit.json", Unit) == unit
    with pytest.raises(InputError, match="R001"):
        store.read_record("absent.json", Unit)
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(InputError, match="R002"):
        store.read_record("broken.json", Unit)


def test_json_refuses_numbers_that_are_not_numbers():
    with pytest.raises(ValueError, match="Out of range float"):
        to_json({"value": float("nan")})
