"""A similarity in a spec: a name, or one name with its fields; what it may say, and where its faults are shown."""

import json
from typing import Annotated

import pytest
from pydantic import Field

from audit.declare import JUDGED, as_json, declared, judged_fields, named_value, without_judged
from audit.errors import SpecError
from audit.registry import places
from audit.similarities.spearman import Spearman
from audit.spec.schema import json_schema
from audit.spec.spec import load_spec, spec_from_resolved

SPEC = """version: 1
model: {path: model.keras}
dataset: {source: digits}
methods: [gradient]
require:
  - repeatability: {similarity: SIMILARITY}
"""


def spec_of(folder, similarity):
    path = folder / "s.yaml"
    path.write_text(SPEC.replace("SIMILARITY", similarity), encoding="utf-8")
    return load_spec(path)


def similarity_of(spec):
    return spec.requirements[0].check.similarity


@pytest.mark.parametrize("name", sorted(places("similarities")))
def test_a_name_stands_for_the_defaults(tmp_path, name):
    spec = spec_of(tmp_path, name)
    assert similarity_of(spec) == similarity_of(spec_of(tmp_path, f"{{{name}: {{}}}}"))
    assert similarity_of(spec_from_resolved(spec.resolved())) == similarity_of(spec)


def test_spearman_is_the_default_and_is_written_as_it_always_was(tmp_path):
    spec = spec_of(tmp_path, "spearman")
    (tmp_path / "t.yaml").write_text(SPEC.replace(": {similarity: SIMILARITY}", ""), encoding="utf-8")
    assert similarity_of(spec) == similarity_of(load_spec(tmp_path / "t.yaml")) == Spearman()
    assert spec.resolved()["require"][0]["repeatability"]["similarity"] == "spearman"


def test_fields_come_back_from_the_resolved_spec(tmp_path):
    spec = spec_of(tmp_path, "{ssim: {window: 11, sigma: 1.5, normalise: min_max}}")
    written = json.loads(json.dumps(spec.resolved()))
    assert written["require"][0]["repeatability"]["similarity"]["ssim"]["shuffles"] == 10
    again = similarity_of(spec_from_resolved(written))
    assert again == similarity_of(spec) and (again.window, again.sigma, again.normalise) == (11, 1.5, "min_max")
    assert spec.digest != spec_of(tmp_path, "ssim").digest


@pytest.mark.parametrize(
    ("written", "code", "place", "words"),
    [
        ("speerman", "S024", "speerman", "did you mean `spearman`?"),
        ("gradient", "S024", "gradient", "the similarities are cosine, "),
        ("3", "S024", "3", "the name of a similarity, or one name with its fields, as in {ssim: {}}"),
        ("{ssim: {windows: 7}}", "S021", "windows", "did you mean `window`?"),
        ("{ssim: {window: large}}", "S023", "large", "`window` of similarity `ssim`: expected an integer >= 3"),
        ("{ssim: {normalise: maximum}}", "S023", "maximum", "expected `none`, `max`, `min_max` or `second_moment`"),
        ("{ssim: {window: 8}}", "S024", "ssim", "expected an odd window, received 8"),
        ("{ssim: {window: 7, sigma: 1.5}}", "S024", "ssim", "`sigma: 1.5` need `window: 11`"),
        ("{top_k_intersection: {k: 1.0}}", "S023", "1.0", "an integer >= 1 or a number > 0 and < 1, received 1.0"),
    ],
)
def test_a_fault_is_shown_at_its_place(tmp_path, written, code, place, words):
    with pytest.raises(SpecError) as caught:
        spec_of(tmp_path, written)
    (fault,) = caught.value.faults
    line = SPEC.replace("SIMILARITY", written).splitlines()[fault.line - 1]
    assert (fault.code, line[fault.column - 1 :].startswith(place)) == (code, True), str(caught.value)
    assert words in str(caught.value)


def test_all_wrong_fields_are_named_in_python_too():
    with pytest.raises(ValueError, match=r"hog.block_norm: (.|\n)*hog.shuffles: "):
        named_value("similarities", {"hog": {"block_norm": "l2", "shuffles": 0}}, "ssim")


def test_the_schema_knows_each_similarity_and_its_fields():
    schema = json_schema()
    field = schema["definitions"]["requirement"]["anyOf"][1]["properties"]["repeatability"]["anyOf"][0]["properties"]
    assert field["similarity"]["allOf"] == [{"$ref": "#/definitions/similarity"}]
    assert field["similarity"]["default"] == "spearman"
    names, by_name = schema["definitions"]["similarity"]["anyOf"]
    assert set(names["enum"]) == set(by_name["properties"]) == set(places("similarities"))
    window = by_name["properties"]["ssim"]["anyOf"][0]["properties"]["window"]
    assert (window["default"], window["minimum"], window["type"]) == (5, 3, "integer")


@declared
class Inner:
    limit: Annotated[float | None, Field(ge=0), JUDGED] = None
    size: int = 1


@declared
class Outer:
    inner: Inner = Inner()
    limit: Annotated[float, JUDGED] = 0.5
    name: str = ""


def test_fields_are_measured_unless_they_are_marked():
    assert judged_fields(Outer) == judged_fields(Inner) == {"limit"} and judged_fields(int) == frozenset()
    measured = {"inner": {"size": 1}, "name": ""}
    assert without_judged(Outer(), as_json(Outer())) == without_judged(Outer(), as_json(Outer(limit=1.0))) == measured
    assert without_judged(Outer(), {"limit": 1, "other": {"limit": 2}, "inner": None}) == {
        "other": {"limit": 2},
        "inner": None,
    }
    assert without_judged(3, 4) == 4
