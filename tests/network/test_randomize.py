import dataclasses

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.errors import InputError
from audit.network.loading.load import from_model
from audit.network.network import Ref
from audit.network.params import places
from audit.network.randomize import changed_fraction, randomize, touched
from audit.record import Distribution, Randomized
from tests import networks
from tests.network.adapted import ALL_KEPT, layers_of, model_of

L = keras.layers
DECLARED = Distribution(distribution="truncated_normal", deviation=0.5, mean=2.0, biases=0.1)
REDRAWS = ["permute", "initializer", "normal", DECLARED]


@pytest.fixture(scope="module")
def cnn():
    return networks.cnn()


@pytest.fixture(scope="module")
def residual():
    return networks.residual()


def draw(network, stage, *, data=None, **fields):
    condition = Randomized(**{"mode": "cascading", "seed": 1, "stage": stage, **fields})
    return randomize(network, network.params, condition, data=data)


def changed(network, params):
    return {name for name, array in network.params.items() if params[name] is not array}


@pytest.mark.parametrize("redraw", REDRAWS)
@pytest.mark.parametrize("order", ["top_down", "bottom_up"])
@pytest.mark.parametrize("mode", ["cascading", "independent"])
def test_a_stage_changes_exactly_its_variables_and_no_bit_of_others(residual, mode, order, redraw):
    stages = residual.stages if order == "top_down" else residual.stages[::-1]
    for k in range(len(stages) + 1):
        params = draw(residual, k, mode=mode, order=order, redraw=redraw)
        expected = stages[:k] if mode == "cascading" else stages[max(k - 1, 0) : k]
        names = {name for stage in expected for name in stage.variables}
        assert changed(residual, params) == names
        assert list(params) == list(residual.params)
        for name in residual.params:
            same = params[name].tobytes() == residual.params[name].tobytes()
            # A shuffle of very few values may by chance leave them where they were.
            assert same == (name not in names) or (same and redraw == "permute" and params[name].size <= 4)
            assert params[name].dtype == np.float32 and params[name].shape == residual.params[name].shape


@pytest.mark.parametrize("redraw", REDRAWS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(cnn, redraw):
    first, again, other = (draw(cnn, 3, redraw=redraw, seed=seed) for seed in (5, 5, 6))
    assert all(first[name].tobytes() == again[name].tobytes() for name in first)
    kernels = [name for name in first if name.endswith("kernel")]
    assert kernels and all(first[name].tobytes() != other[name].tobytes() for name in kernels)


@pytest.mark.parametrize("redraw", REDRAWS)
def test_a_variables_draw_depends_on_the_seed_and_the_variable_alone(cnn, redraw):
    cascading = draw(cnn, 3, redraw=redraw)
    for stage in (1, 2, 3):
        independent = draw(cnn, stage, mode="independent", redraw=redraw)
        for name in cnn.stages[stage - 1].variables:
            assert independent[name].tobytes() == cascading[name].tobytes()
    first = (draw(cnn, 1, mode=mode, redraw=redraw) for mode in ("cascading", "independent"))
    assert len({tuple(array.tobytes() for array in params.values()) for params in first}) == 1


def test_equal_tensors_are_not_redrawn_alike():
    inputs = keras.Input((16,))
    model = keras.Model(inputs, L.Dense(16, name="b")(L.Dense(16, name="a")(inputs)))
    model.set_weights([np.arange(256.0).reshape(16, 16), np.arange(16.0)] * 2)
    for redraw in REDRAWS:
        params = draw(from_model(model), 2, redraw=redraw)
        assert not np.array_equal(params["a/kernel"], params["b/kernel"])


def test_permuting_keeps_every_tensors_values_and_moves_them_along_every_axis(cnn):
    params = draw(cnn, 3)
    for stage in cnn.stages:
        for name in stage.variables:
            np.testing.assert_array_equal(np.sort(params[name].ravel()), np.sort(cnn.params[name].ravel()))
    before, after = cnn.params["second/kernel"], params["second/kernel"]
    assert before.shape[:2] == (1, 1) and (before != after).mean() > 0.5
    assert any(set(before[..., i, :].ravel()) != set(after[..., i, :].ravel()) for i in range(before.shape[2]))
    assert any(set(before[..., i].ravel()) != set(after[..., i].ravel()) for i in range(before.shape[3]))


def test_a_normal_draw_has_the_tensors_mean_and_deviation():
    generator = np.random.default_rng(0)
    network = networks.linear(generator.uniform(2, 5, (200, 50)).tolist(), [0.0] * 50)
    before, after = network.params["dense/kernel"], draw(network, 1, redraw="normal")["dense/kernel"]
    error = before.std() / np.sqrt(before.size)
    assert abs(after.mean() - before.mean()) < 5 * error
    assert abs(after.std() - before.std()) < 5 * error
    fourth = ((after - after.mean()) ** 4).mean() / after.var() ** 2
    assert abs(fourth - 3) < 5 * np.sqrt(24 / before.size)  # the uniform distribution has 1.8


def test_the_initializer_is_the_variables_own_even_where_its_seed_is_fixed():
    inputs = keras.Input((100,))
    dense = L.Dense(
        100,
        kernel_initializer=keras.initializers.RandomUniform(3.0, 4.0, seed=7),
        bias_initializer=keras.initializers.Constant(0.1),
        name="dense",
    )
    network = from_model(keras.Model(inputs, dense(inputs)))
    first, second = (draw(network, 1, redraw="initializer", seed=seed) for seed in (0, 1))
    for params in (first, second):
        assert 3 <= params["dense/kernel"].min() and params["dense/kernel"].max() <= 4
        assert np.all(params["dense/bias"] == np.float32(0.1))
    assert not np.array_equal(first["dense/kernel"], second["dense/kernel"])
    assert not np.array_equal(first["dense/kernel"], network.params["dense/kernel"])


@pytest.mark.parametrize(
    "layer",
    [
        lambda: L.SeparableConv2D(3, 3),
        lambda: L.DepthwiseConv2D(3),
        lambda: L.Conv2DTranspose(3, 3),
        lambda: L.LayerNormalization(),
        lambda: L.GroupNormalization(1),
        lambda: L.PReLU(),
    ],
    ids=["separable", "depthwise", "transposed", "layer norm", "group norm", "prelu"],
)
def test_every_variable_of_keras_layers_has_its_initializer(layer):
    inputs = keras.Input((6, 6, 2))
    network = from_model(keras.Model(inputs, L.Dense(2)(L.Flatten()(layer()(inputs)))))
    params = draw(network, len(network.stages), redraw="initializer")
    assert changed(network, params) == set(network.params)


def test_a_variable_whose_initializer_is_not_known_is_one_clear_error(cnn):
    unknown = dataclasses.replace(cnn, initializers={})
    with pytest.raises(InputError) as caught:
        draw(unknown, 1, redraw="initializer")
    assert caught.value.code == "M016" and "logits/kernel" in caught.value.what and "permute" in caught.value.fix


@pytest.mark.parametrize("redraw", ["permute", "normal", "initializer"])
@pytest.mark.parametrize("name", [*ALL_KEPT, "code book", "own average"])
def test_what_no_optimizer_trains_is_never_drawn(name, redraw):
    """An adapted normalisation's mean, a constant, a table of words: they belong to the data."""
    model = model_of(layers_of(name), "nested")
    network = from_model(model)
    learned = {each for stage in network.stages for each in stage.variables}
    assert len(learned) == len(model.trainable_weights)
    params = draw(network, len(network.stages), redraw=redraw)
    assert changed(network, params) <= learned and any(each.endswith("kernel") for each in changed(network, params))


def test_what_could_not_change_is_reported():
    network = networks.linear([[2.0, 2.0], [2.0, 2.0]], [0.0, 0.0])
    assert changed_fraction(network.params, draw(network, 1), network.stages[0]) == 0.0
    network = networks.linear([[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0])
    params = draw(network, 1, redraw="normal")
    assert changed_fraction(network.params, params, network.stages[0]) == pytest.approx(4 / 6)


def test_moving_statistics_are_kept_or_reset_with_their_stage(cnn):
    mean, variance = cnn.stages[1].statistics[0]
    assert draw(cnn, 3)[mean] is cnn.params[mean]
    assert draw(cnn, 1, batch_norm="reset")[mean] is cnn.params[mean]
    params = draw(cnn, 2, batch_norm="reset")
    assert not params[mean].any() and np.all(params[variance] == 1)
    assert changed(cnn, params) == {name for stage in cnn.stages[:2] for name in stage.variables} | {mean, variance}


def test_recalibrated_statistics_are_the_moments_of_the_activations(cnn):
    data = np.random.default_rng(0).standard_normal((40, 8, 8, 1)).astype("float32")
    params = draw(cnn, 2, batch_norm="recalibrate", data=data)
    mean, variance = cnn.stages[1].statistics[0]
    hidden = np.maximum(correlate(data, params["first/kernel"]) + params["first/bias"], 0)
    values = hidden @ params["second/kernel"][0, 0].astype(float) + params["second/bias"]
    np.testing.assert_allclose(params[mean], values.mean(axis=(0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(params[variance], values.var(axis=(0, 1, 2)), rtol=1e-4)
    assert draw(cnn, 1, batch_norm="recalibrate", data=data)[mean] is cnn.params[mean]
    assert changed(cnn, draw(cnn, 0, batch_norm="recalibrate", data=data)) == set()


def correlate(images, kernel):
    size = images.shape[1] - 2
    windows = [images[:, i : i + size, j : j + size] @ kernel[i, j].astype(float) for i in range(3) for j in range(3)]
    return np.sum(windows, axis=0)


def test_recalibrating_reaches_what_lies_behind_a_redrawn_stage_and_uses_what_it_has_set(residual):
    inputs = keras.Input((5,))
    x = L.BatchNormalization(name="n1")(L.Dense(4, name="d1")(inputs))
    x = L.BatchNormalization(name="n2")(L.Dense(4, name="d2")(x))
    network = from_model(networks.fill(keras.Model(inputs, L.Dense(2, name="last")(x)), 0))
    data = np.random.default_rng(0).standard_normal((50, 5)).astype("float32")
    fields = {"mode": "independent", "order": "bottom_up", "batch_norm": "recalibrate", "data": data}
    params = draw(network, 1, **fields)
    stage = {"d1/kernel", "d1/bias", "n1/gamma", "n1/beta"}
    assert changed(network, params) == stage | {f"n{n}/moving_{what}" for n in (1, 2) for what in ("mean", "variance")}
    first = (data @ params["d1/kernel"] + params["d1/bias"]).astype(float)
    normal = (first - first.mean(0)) / np.sqrt(first.var(0) + 1e-3) * params["n1/gamma"] + params["n1/beta"]
    second = normal @ params["d2/kernel"] + params["d2/bias"]
    np.testing.assert_allclose(params["n2/moving_mean"], second.mean(0), atol=1e-4)
    np.testing.assert_allclose(params["n2/moving_variance"], second.var(0), rtol=1e-3)


def test_what_is_missing_for_recalibrating_is_said(cnn):
    with pytest.raises(InputError) as caught:
        draw(cnn, 1, batch_norm="recalibrate")
    assert caught.value.code == "M018"
    with pytest.raises(InputError) as caught:
        draw(networks.subclassed(), 1, batch_norm="recalibrate", data=np.ones((2, 4), np.float32))
    assert caught.value.code == "M012"


@pytest.mark.parametrize("stage", [-1, 4])
def test_a_stage_that_does_not_exist_is_an_error(cnn, stage):
    with pytest.raises(InputError) as caught:
        touched(cnn, Randomized(mode="cascading", stage=stage, seed=0))
    assert caught.value.code == "M017"


def test_twenty_redrawn_networks_share_one_trace(cnn):
    compiled = active().compile(cnn.apply)
    x = np.random.default_rng(0).standard_normal((2, 8, 8, 1)).astype("float32")
    logits = [active().to_numpy(compiled(draw(cnn, 3, seed=seed), x)) for seed in range(20)]
    assert compiled.traces == 1
    assert len({each.tobytes() for each in logits}) == 20


@pytest.mark.parametrize("distribution", ["truncated_normal", "normal", "uniform"])
@pytest.mark.parametrize("over_root_fan_in", [False, True])
def test_a_declared_distribution_has_its_moments(distribution, over_root_fan_in):
    model = keras.Sequential([keras.Input((100,)), L.Dense(400, name="wide")])
    how = Distribution(
        distribution=distribution, deviation=2.0, mean=1.0, biases=0.3, over_root_fan_in=over_root_fan_in
    )
    params = draw(from_model(model), 1, redraw=how)
    kernel, deviation = params["wide/kernel"].astype(np.float64), 0.2 if over_root_fan_in else 2.0
    cut = {"truncated_normal": 0.8796, "normal": 1.0, "uniform": 1.0}[distribution]  # a normal cut at two deviations
    assert abs(kernel.mean() - 1) < 5 * deviation / 200 and abs(kernel.std() / (cut * deviation) - 1) < 0.02
    furthest = {"truncated_normal": 2.0, "normal": np.inf, "uniform": np.sqrt(3)}[distribution]
    assert np.abs(kernel - 1).max() <= furthest * deviation * (1 + 1e-6)
    assert (params["wide/bias"] == np.float32(0.3)).all()


def test_biases_are_drawn_as_weights_of_one_input():
    model = keras.Sequential([keras.Input((4,)), L.Dense(5000, name="wide")])
    how = Distribution(distribution="uniform", deviation=2.0, mean=1.0, biases="drawn", over_root_fan_in=True)
    bias = draw(from_model(model), 1, redraw=how)["wide/bias"].astype(np.float64)
    assert (
        abs(bias.mean() - 1) < 0.15
        and abs(bias.std() / 2 - 1) < 0.05
        and np.abs(bias - 1).max() <= 2 * np.sqrt(3) + 1e-5
    )


@pytest.mark.parametrize("biases", [0.1, "drawn"])
def test_a_declared_distribution_starts_normalisations_anew(cnn, biases):
    params = draw(cnn, 3, redraw=dataclasses.replace(DECLARED, biases=biases))
    assert (params["normalise/gamma"] == 1).all() and (params["normalise/beta"] == 0).all()
    assert (params["second/bias"] == np.float32(0.1)).all() == (biases == 0.1)


@pytest.mark.parametrize("redraw", REDRAWS)
def test_the_audits_seed_moves_every_draw(cnn, redraw):
    condition = Randomized(mode="cascading", seed=1, stage=3, redraw=redraw)
    drawn = [randomize(cnn, cnn.params, condition, seed=seed) for seed in (0, 0, 1, 12345)]
    kernels = [name for name in cnn.params if name.endswith("kernel")]
    assert all(np.array_equal(drawn[0][name], drawn[1][name]) for name in kernels)
    for first, second in ((0, 2), (0, 3), (2, 3)):
        assert all(not np.array_equal(drawn[first][name], drawn[second][name]) for name in kernels)


def _written(how: str) -> keras.Model:
    """The same function, written in several ways."""
    names = {"renamed": ["z", "y", "x"]}.get(how, ["a", "b", "c"])
    first, second, third = L.Conv2D(3, 3, name=names[0]), L.Conv2D(4, 3, name=names[1]), L.Dense(2, name=names[2])
    inputs = keras.Input((8, 8, 1))
    if how == "sequential":
        return keras.Sequential([inputs, first, L.ReLU(), second, L.Flatten(), third])
    if how == "nested":
        inner = keras.Sequential([L.ReLU(), second], name="inner")
        return keras.Sequential([inputs, first, inner, keras.Sequential([L.Flatten(), third], name="outer")])
    value = first(inputs)
    rectified = L.ReLU()(value)
    if how == "dead branch":
        L.Dense(5, name="aa")(L.Flatten()(value))
    return keras.Model(inputs, third(L.Flatten()(second(rectified))))


@pytest.mark.parametrize("how", ["renamed", "sequential", "nested", "dead branch"])
def test_neither_names_nor_how_a_network_is_written_move_a_draw(how):
    plain = from_model(networks.fill(_written("functional"), 3))
    other_model = _written(how)
    other_model.set_weights([np.asarray(array) for array in plain.params.values()])
    other = from_model(other_model)
    assert len(other.stages) == len(plain.stages) == 3
    for stage in (1, 2, 3):
        found, expected = (list(draw(each, stage).values()) for each in (other, plain))
        assert all(np.array_equal(one, two) for one, two in zip(found, expected, strict=True))


def test_branches_that_lead_nowhere_move_no_place():
    """Operations that the logits do not depend on, as a variant's graph may hold them."""
    network = from_model(networks.fill(_written("functional"), 3))
    graph = network.graph
    unused = dataclasses.replace(graph[0], name="unused", variables=("unused/kernel", "unused/bias"))
    longer = dataclasses.replace(network, graph=(graph[0], unused, *(_later(node) for node in graph[1:])))
    assert {name: places(longer)[name] for name in network.params} == places(network)


def _later(node):
    """A node behind one that was put in at position 1."""
    moved = keras.tree.map_structure(
        lambda leaf: Ref(node=leaf.node + 1) if isinstance(leaf, Ref) and leaf.node > 0 else leaf, node.arguments
    )
    return dataclasses.replace(node, arguments=moved)
