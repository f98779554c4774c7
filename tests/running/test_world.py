"""What is known before any unit runs: whose code decides what is explained, and the model's own randomness."""

from dataclasses import replace

import numpy as np
import pytest

from audit.record import Original, Rekeyed
from audit.running import world
from audit.spec.model import Model
from audit.spec.spec import load_spec
from tests.commands import save_model, write_spec
from tests.plans import spec_of


def test_a_model_that_is_built_counts_with_the_code_that_builds_it(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    spec = replace(spec_of("repeatability"), model=Model(build="builds_a_model:build"))
    seen = []
    for code in ("def build(): return 1", "def build(): return 2"):
        (tmp_path / "builds_a_model.py").write_text(code)
        seen.append(world._code_of_inputs(spec))
    assert [set(each) for each in seen] == [{"builds_a_model:build"}] * 2 and seen[0] != seen[1]


def test_a_model_file_and_a_shipped_data_source_are_no_code_from_outside():
    assert world._code_of_inputs(spec_of("repeatability")) == {}


@pytest.fixture(scope="module")
def dropped(tmp_path_factory):
    """Return a folder with a model whose dropout is always on."""
    import keras

    folder, inputs = tmp_path_factory.mktemp("dropped"), keras.Input((8, 8, 1))
    hidden = keras.layers.Dense(30, activation="relu", name="middle")(keras.layers.Flatten()(inputs))
    hidden = keras.layers.Dropout(0.5, name="always_on")(hidden, training=True)
    keras.utils.set_random_seed(0)
    keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(hidden)).save(folder / "small.keras")
    return folder


def observed(folder, **changes):
    model = {"path": "small.keras", **changes.pop("model", {})}
    return world.observe(load_spec(write_spec(folder, model=model, **changes)))


def maps_under(found, *seeds):
    return [found.bench.maps("gradient", Rekeyed(seed=seed)) for seed in seeds]


def far(one, other):
    return np.linalg.norm(one - other) / np.linalg.norm(one)


def test_another_key_gives_another_draw_of_a_model_that_drops_units(dropped):
    found = observed(dropped)
    assert found.facts.network.randomness.drawing == ("always_on",) and found.facts.network.draws == 1
    own, (first, second) = found.bench.maps("gradient", Original()), maps_under(found, 1, 2)
    assert min(far(own, first), far(first, second)) > 0.3
    np.testing.assert_array_equal(found.bench.maps("gradient", Rekeyed(seed=1)), first)


def test_where_it_is_allowed_answers_and_maps_are_means_over_the_draws(dropped):
    one, many = observed(dropped), observed(dropped, model={"stochastic": "allowed", "draws": 64})
    assert many.facts.network.randomness.averaged == many.facts.network.draws == 64
    assert "64 draws" in many.facts.network.randomness.words
    assert far(*maps_under(many, 1, 2)) < far(*maps_under(one, 1, 2)) / 4  # 1 / sqrt(64) is an eighth
    inputs = many.bench.explained.inputs
    answers = [each.bench.outputs(inputs) for each in (one, many)]
    assert far(*answers) > 0.05
    np.testing.assert_allclose(many.bench.outputs(inputs[:1]), answers[1][:1], rtol=1e-5, atol=1e-5)


def test_draws_are_those_of_the_audits_seed(dropped):
    seeds = [observed(dropped, seed=seed, model={"stochastic": "allowed", "draws": 2}) for seed in (0, 1, 0)]
    inputs = seeds[0].bench.explained.inputs
    first, second, again = (each.bench.outputs(inputs) for each in seeds)
    np.testing.assert_array_equal(first, again)
    assert far(first, second) > 0.01
    assert seeds[0].facts.world == seeds[2].facts.world != seeds[1].facts.world


def test_a_model_that_draws_nothing_is_computed_once_whatever_is_allowed(tmp_path):
    save_model(tmp_path)
    found = observed(tmp_path, model={"stochastic": "allowed"})
    assert found.facts.network.draws == 1 and found.bench.network.draws == ()
    assert found.facts.network.randomness.words.startswith("none")
