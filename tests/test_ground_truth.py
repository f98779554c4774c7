"""Whole audits where the truth is known: a network that learned the shortcut, one that did not, and the controls."""

from pathlib import Path

import keras
import pytest

from audit.datasets.planted_shortcut import PlantedShortcutImages
from audit.errors import InputError
from audit.running import loop
from audit.spec.spec import spec_from_resolved

METHODS = ["gradient", {"smoothgrad": {"samples": 10}}]


def _network(classes):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((20, 20, 1)),
            layers.Conv2D(8, 4, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(classes, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network that learned the shortcut, and untrained ones."""
    folder = tmp_path_factory.mktemp("truth")
    keras.utils.set_random_seed(0)
    data, model = PlantedShortcutImages().training(Path()), _network(2)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(data.x, data.y, batch_size=64, epochs=12, verbose=0)
    model.save(folder / "trained.keras", include_optimizer=False)
    for classes in (2, 4):
        _network(classes).save(folder / f"untrained{classes}.keras")
    return folder


def _spec(folder, model, source, check, **more):
    return spec_from_resolved(
        {
            "version": 1,
            "audit": {"id": "truth"},
            "model": {"path": str(folder / f"{model}.keras")},
            "dataset": {"inputs": 60, **source},
            "methods": METHODS,
            "require": [check],
            "report": {"formats": ["html"], "gallery": 1},
            **more,
        }
    )


def test_a_network_that_uses_the_mark_gives_verdicts_and_the_controls_fail(folder):
    spec = _spec(folder, "trained", {"source": "planted_shortcut"}, "planted_shortcut")
    audit = loop.run(spec, out=folder / "used").audit
    assert audit.valid and {each.verdict.outcome for each in audit.controls} == {"fail"}
    (smooth,) = (each for each in audit.verdicts if each.method == "smoothgrad")
    assert smooth.outcome in ("pass", "inconclusive")  # re-drawn networks as small as this one may reach as much
    assert min(each.interval[0] - each.threshold for each in smooth.criteria if each.interval) > 0, smooth.reason
    blind = {each.method: each.verdict.curve[1] for each in audit.controls}
    assert blind["input"].interval == (0.5, 0.5) and blind["edge_detector"].excess == pytest.approx(0.5, abs=0.03)


def test_an_untrained_network_gives_none(folder):
    spec = _spec(folder, "untrained2", {"source": "planted_shortcut"}, "planted_shortcut")
    audit = loop.run(spec, out=folder / "unused").audit
    assert {each.outcome for each in audit.verdicts} == {"inconclusive"}
    assert all("does not use what it should" in each.reason for each in audit.verdicts)


def test_twins_learn_the_other_labels_and_too_short_a_training_decides_nothing(folder):
    spec = _spec(
        folder,
        "untrained4",
        {"source": "two_objects"},
        {"two_object_task": {"seeds": 2}},
        training={"epochs": 1, "optimizer": {"adam": {"learning_rate": 0.01}}},
    )
    audit = loop.run(spec, out=folder / "twins").audit
    assert [(each.labels, each.seed, each.error) for each in audit.trainings] == [
        ("other", 0, None),
        ("other", 1, None),
    ]
    assert {each.outcome for each in audit.verdicts} == {"inconclusive"}
    assert all(len(each.curve) == 3 for each in audit.verdicts)


def test_data_that_do_not_say_which_pixels_matter_are_refused_before_anything_runs(folder):
    spec = _spec(folder, "untrained2", {"source": "planted_shortcut"}, "two_object_task", training={"epochs": 1})
    with pytest.raises(InputError, match="ground truth") as caught:
        loop.prepare(spec, out=folder / "refused")
    assert caught.value.code == "D050" and "without other_labels" in str(caught.value)
