"""A spec may extend a preset: sections are merged key by key, lists are taken whole, faults stand in the right file."""

import json
from pathlib import Path
from typing import Any

import pytest

from audit.errors import SpecError
from audit.record import Distribution
from audit.spec import presets
from audit.spec.spec import load_spec, spec_from_resolved

BASE = """version: 1
extends: preset:{name}
model: {{path: net.keras}}
dataset: {{source: digits}}
"""
SMALL = ("adebayo2018_paper", "adebayo2018_code")
INCEPTION = ("adebayo2018_paper_inception", "adebayo2018_code_inception")


def written(folder: Path, name: str, more: str = "", base: str = BASE) -> Path:
    path = folder / "own.yaml"
    path.write_text(base.format(name=name) + more)
    return path


def faults_of(path: Path) -> SpecError:
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    return caught.value


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_makes_a_spec_of_a_model_and_data(tmp_path, name):
    base = BASE.replace("model: {{path: net.keras}}\n", "") if name in INCEPTION else BASE
    spec = load_spec(written(tmp_path, name, base=base))
    assert spec.extends == f"preset:{name}" and len(spec.methods) == 8 and len(spec.requirements) == 4
    again = spec_from_resolved(json.loads(json.dumps(spec.resolved())), tmp_path)
    assert again.resolved() == spec.resolved() and again.digest == spec.digest


def both(folder: Path, names: tuple[str, str], base: str = BASE) -> list[Any]:
    return [load_spec(written(folder, name, base=base)) for name in names]


def test_the_small_presets_express_both_sides_of_each_disagreement(tmp_path):
    paper, code = both(tmp_path, SMALL)
    assert (paper.dataset.inputs, code.dataset.inputs) == (50, 10)
    for text, released in zip(paper.requirements[:3], code.requirements[:3], strict=True):
        assert (text.check.target, released.check.target) == ("fixed", "rechosen")
        assert (text.check.batch_norm, released.check.batch_norm) == ("reset", "keep")
        assert text.check.redraw == Distribution(distribution="truncated_normal", deviation=0.01, biases="drawn")
        assert released.check.redraw == Distribution(distribution="truncated_normal", deviation=0.1, biases=0.1)
    by_id = [{each.id: each.method for each in spec.methods} for spec in (paper, code)]
    samples = [each["integrated_gradients_smoothgrad"].samples for each in by_id]
    positions = [each["integrated_gradients"].positions for each in by_id]
    assert (
        samples == [50, 25]
        and positions == ["middles", "ends"]
        and (paper.training.epochs, code.training.epochs) == (18, 100)
    )


def test_the_inception_presets_express_both_sides_of_the_similarities(tmp_path):
    paper, code = both(tmp_path, INCEPTION, BASE.replace("model: {{path: net.keras}}\n", ""))
    assert paper.model.blocks == code.model.blocks == "auto"
    (text, text_hog), (released, released_hog) = (
        [r.check.similarity for r in s.requirements[2:]] for s in (paper, code)
    )
    assert (text.window, text.sigma, released.window, released.sigma) == (5, None, 11, 1.5)
    assert (text_hog.correlation, released_hog.correlation) == ("pearson", "spearman")
    channels = [[each.check.channels for each in spec.requirements[2:]] for spec in (paper, code)]
    assert channels == [["sum", "sum"], ["keep", "keep"]]
    assert [s.methods[3].method.baseline for s in (paper, code)] == [-1.0, "zeros"]
    assert [s.requirements[0].check.redraw for s in (paper, code)] == [
        Distribution(distribution="truncated_normal", deviation=0.01, biases="drawn"),
        "initializer",
    ]


def test_the_specs_own_words_win_key_by_key_and_lists_as_a_whole(tmp_path):
    more = "seed: 5\nmethods: [gradient]\ntraining: {epochs: 3}\nrequire:\n  - repeatability\n"
    spec = load_spec(written(tmp_path, SMALL[1], more))
    assert spec.seed == 5 and [each.id for each in spec.methods] == ["gradient"]
    assert [each.id for each in spec.requirements] == ["repeatability"]
    assert spec.training.epochs == 3 and spec.training.batch_size == 50
    assert spec.dataset.inputs == 10 and spec.dataset.name == "digits"


def test_an_unknown_preset_is_underlined_with_the_nearest_and_nothing_else(tmp_path):
    error = faults_of(written(tmp_path, "adebayo2018_cod"))
    assert [fault.code for fault in error.faults] == ["S071"]
    assert "own.yaml:2:10" in str(error) and "did you mean `adebayo2018_code`?" in str(error)


@pytest.mark.parametrize("value", ["adebayo2018_code", "7", "[a]"])
def test_what_is_no_preset_is_a_fault_at_its_place(tmp_path, value):
    path = tmp_path / "own.yaml"
    path.write_text(BASE.format(name="x").replace("preset:x", value))
    assert ("S023", 2) in {(fault.code, fault.line) for fault in faults_of(path).faults}


def test_a_fault_is_shown_in_the_file_where_it_stands(tmp_path):
    error = faults_of(written(tmp_path, SMALL[1], "target: label\nmethods: [gradient, grdient]\n"))
    own = [fault for fault in error.faults if not fault.file]
    of_preset = [fault for fault in error.faults if fault.file]
    assert [fault.code for fault in own] == ["S026"] and "own.yaml:6:21" in str(error)
    assert {fault.code for fault in of_preset} == {"S070"}
    assert "presets/adebayo2018_code.yaml" in str(error) and "- cascading_randomization:" in str(error)


def test_a_class_that_is_chosen_anew_needs_a_predicted_one(tmp_path):
    text = BASE.replace("extends: preset:{name}\n", "").format() + (
        "methods: [gradient]\ntarget: 1\nrequire:\n  - cascading_randomization: {target: rechosen}\n"
    )
    path = tmp_path / "own.yaml"
    path.write_text(text)
    assert [fault.code for fault in faults_of(path).faults] == ["S070"]


@pytest.mark.parametrize(
    "more, code, words",
    [
        ("{distribution: normal}", "S023", "`deviation`"),
        ("{distribution: normal, deviation: 1, bias: 0}", "S021", "biases"),
        ("{distribution: norma, deviation: 1}", "S023", "normal"),
        ("shuffle", "S023", "permute"),
    ],
)
def test_a_wrong_redraw_is_a_fault_with_the_way_out(tmp_path, more, code, words):
    requirement = f"require:\n  - cascading_randomization: {{redraw: {more}}}\n"
    error = faults_of(written(tmp_path, SMALL[0], requirement))
    assert code in {fault.code for fault in error.faults} and words in str(error)


@pytest.mark.parametrize("treatments", ["[]", "[keep, keep]", "[keep, rest]"])
def test_treatments_of_batch_normalisation_are_distinct_and_known(tmp_path, treatments):
    requirement = f"require:\n  - cascading_randomization: {{batch_norm: {treatments}}}\n"
    assert {fault.code for fault in faults_of(written(tmp_path, SMALL[0], requirement)).faults} <= {"S023", "S024"}


def test_stages_are_listed_or_told_by_name_not_both(tmp_path):
    path = written(tmp_path, SMALL[0], base=BASE.replace("net.keras", "net.keras, blocks: auto, stages: [[a]]"))
    assert [fault.code for fault in faults_of(path).faults] == ["S024"]
