"""How networks are trained anew is declared, filled in and checked without a framework."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from audit.recipe import AUGMENTATIONS, OPTIMIZERS, Recipe
from audit.spec.schema import json_schema
from audit.spec.spec import load_spec, spec_from_resolved
from tests.spec.test_schema import accepts
from tests.spec.written import MINIMAL, one, shown, spec_of

FULL = """\
training:
  optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9, nesterov: true}}
  loss: categorical_crossentropy
  batch_size: 50
  epochs: 90
  target_accuracy: 0.95
  schedule: {steps: {at: [30, 60], factor: 0.1, warmup: 5}}
  augmentation: [random_flip, random_zoom: {height_factor: 0.1}]
  early_stop: {patience: 3, validation_fraction: 0.2}
"""


def test_no_training_is_none_and_an_empty_one_is_filled_in(tmp_path: Path) -> None:
    assert spec_of(tmp_path, MINIMAL).training is None
    assert spec_of(tmp_path, MINIMAL + "training: null\n").training is None
    training = spec_of(tmp_path, MINIMAL + "training: {}\n").training
    assert training == Recipe()
    assert (training.optimizer, training.loss, training.batch_size, training.epochs) == ({"adam": {}}, None, 128, 20)
    assert (training.target_accuracy, training.schedule, training.augmentation) == (None, None, ())
    assert (training.early_stop, training.solver) == (None, "gradient")


def test_every_field_is_read(tmp_path: Path) -> None:
    training = spec_of(tmp_path, MINIMAL + FULL).training
    assert training is not None
    assert training.optimizer == {"sgd": {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}}
    assert (training.loss, training.batch_size, training.epochs) == ("categorical_crossentropy", 50, 90)
    assert training.schedule is not None and training.schedule.steps is not None
    assert (training.schedule.steps.at, training.schedule.steps.warmup) == ((30, 60), 5)
    assert training.augmentation == ({"random_flip": {}}, {"random_zoom": {"height_factor": 0.1}})
    assert training.early_stop is not None
    assert (training.early_stop.patience, training.early_stop.validation_fraction) == (3, 0.2)


def test_a_name_alone_and_a_name_without_fields_are_the_same_spec(tmp_path: Path) -> None:
    written = ("adam", "{adam: }", "{adam: {}}")
    digests = {spec_of(tmp_path, MINIMAL + f"training: {{optimizer: {each}}}\n").digest for each in written}
    assert digests == {spec_of(tmp_path, MINIMAL + "training: {}\n").digest}
    assert spec_of(tmp_path, MINIMAL + "training: {optimizer: sgd}\n").digest not in digests
    assert spec_of(tmp_path, MINIMAL).digest not in digests


@pytest.mark.parametrize("section", ["training: {}\n", FULL, "training: {solver: least_squares}\n"])
def test_a_resolved_recipe_is_read_back_as_itself_and_fits_the_schema(tmp_path: Path, section: str) -> None:
    spec = spec_of(tmp_path, MINIMAL + section)
    stored = json.loads(json.dumps(spec.resolved()))
    again = spec_from_resolved(stored, tmp_path)
    assert again.training == spec.training
    assert again.digest == spec.digest
    assert accepts(json_schema(), json_schema(), stored)


@pytest.mark.parametrize(
    ("section", "code", "underlined", "what"),
    [
        ("{optimiser: adam}", "S021", "optimiser", "unknown key `optimiser` in `training`"),
        ("{optimizer: adm}", "S024", "adm", "`training.optimizer`: unknown optimizer `adm`: did you mean `adam`?"),
        ("{optimizer: {adm: {}}}", "S024", "{adm: {}}", "unknown optimizer `adm`"),
        ("{optimizer: {adam: {}, sgd: {}}}", "S024", "{adam: {}, sgd: {}}", "or one name with its fields"),
        ("{optimizer: {adam: 3}}", "S023", "3", "received 3"),
        ("{optimizer: 3}", "S024", "3", "expected the name of an optimizer"),
        ("{loss: crossentropy}", "S023", "crossentropy", "expected `sparse_categorical_crossentropy`"),
        ("{epochs: 0}", "S023", "0", "`training.epochs`: expected an integer >= 1 and <= 100000, received 0"),
        ("{batch_size: 1.5}", "S023", "1.5", "expected an integer >= 1 and <= 65536"),
        ("{target_accuracy: 95}", "S023", "95", "expected a number > 0 and <= 1, received 95"),
        ("{augmentation: [random_flop]}", "S024", "random_flop", "did you mean `random_flip`?"),
        ("{augmentation: random_flip}", "S023", "random_flip", "expected a list"),
        ("{schedule: {}}", "S024", "{}", "exactly one of `cosine` and `steps`"),
        ("{schedule: {steps: {}}}", "S022", "{}", "missing key `at`"),
        ("{schedule: {cosine: {final: 2}}}", "S023", "2", "expected a number >= 0 and <= 1"),
        ("{early_stop: {validation_fraction: 1}}", "S023", "1", "expected a number > 0 and < 1"),
        ("{solver: exact}", "S023", "exact", "expected `gradient` or `least_squares`"),
        (
            "{solver: least_squares, early_stop: {}}",
            "S024",
            "{",
            "`early_stop` cannot be combined",
        ),
        (
            "{solver: least_squares, loss: binary_crossentropy}",
            "S024",
            "{",
            "`loss` cannot be combined",
        ),
        ("[adam]", "S023", "[adam]", "`training`: expected a mapping"),
    ],
)
def test_a_fault_of_a_recipe_is_shown_at_its_place(
    tmp_path: Path, section: str, code: str, underlined: str, what: str
) -> None:
    fault = one(tmp_path, MINIMAL + f"training: {section}\n")
    assert fault.code == code
    assert fault.underlined.startswith(underlined)
    assert what in fault.what


@pytest.mark.parametrize("section", ["", "training: null\n"])
def test_a_requirement_that_retrains_needs_a_training_section(tmp_path: Path, section: str) -> None:
    text = MINIMAL + "  - label_permutation\n  - roar: {methods: [gradient]}\n" + section
    found = shown(tmp_path, text)
    assert [(each.code, each.line, each.underlined) for each in found] == [
        ("S031", 8, "label_permutation"),
        ("S031", 9, "roar"),
    ]
    assert all("training" in each.hint and "missing `training:` section" in each.what for each in found)
    with_section = text.removesuffix(section) + "training: {epochs: 3}\n"
    assert spec_of(tmp_path, with_section).training == Recipe(epochs=3)


def test_a_faulty_recipe_is_one_fault_however_many_requirements_retrain(tmp_path: Path) -> None:
    fault = one(tmp_path, MINIMAL + "  - label_permutation\n  - roar\ntraining: {epoch: 3}\n")
    assert (fault.code, fault.hint) == ("S021", "did you mean `epochs`?")


@pytest.mark.parametrize("fields", [{"optimizer": "adm"}, {"epochs": 0}, {"augmentation": ["mix_up"]}, {"epoch": 1}])
def test_a_recipe_made_in_python_is_checked_too(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Recipe(**fields)


def test_the_schema_offers_every_name() -> None:
    definitions = json_schema()["definitions"]
    offered = definitions["Recipe"]["properties"]
    assert offered["optimizer"]["anyOf"][0]["enum"] == list(OPTIMIZERS)
    assert set(offered["augmentation"]["items"]["anyOf"][1]["properties"]) == set(AUGMENTATIONS)
    assert all(
        "description" in each
        for name in ("Recipe", "Schedule", "EarlyStop", "CosineDecay", "StepDecay")
        for each in definitions[name]["properties"].values()
    )


def test_the_ready_specs_that_retrain_say_how(specs: Path) -> None:
    found = [load_spec(path) for path in sorted(specs.glob("*.yaml"))]
    retraining = [spec for spec in found if any(getattr(each.check, "retrains", False) for each in spec.requirements)]
    assert retraining and all(spec.training is not None for spec in retraining)
