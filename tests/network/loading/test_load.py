import hashlib
import sys

import keras
import numpy as np
import pytest

from audit.backend import active
from audit.errors import EnvironmentStop, InputError, RefusedError
from audit.network.loading.load import from_model, load_application, load_build, load_file
from audit.network.params import architecture, digest
from tests import networks

L = keras.layers


def outputs(network, x):
    return active().to_numpy(active().compile(network.apply)(network.params, x))


@pytest.fixture(params=["model.keras", "model.h5"])
def saved(request, tmp_path):
    path = tmp_path / request.param
    networks.cnn_model().save(path)
    return path


def test_a_saved_model_is_the_model(saved):
    network, original = load_file(saved), networks.cnn()
    x = np.random.default_rng(0).standard_normal((3, 8, 8, 1)).astype("float32")
    np.testing.assert_array_equal(outputs(network, x), outputs(original, x))
    assert digest(network.params) == digest(original.params)
    assert network.input_shape == (8, 8, 1) and network.classes == 3


def test_loading_twice_gives_the_same_names_whatever_was_built_before(tmp_path):
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((4,)), L.Dense(3), L.Dense(2, activation="softmax")]).save(path)
    first = load_file(path)
    networks.mlp()
    second = load_file(path)
    assert (digest(first.params), architecture(first)) == (digest(second.params), architecture(second))


def test_a_compiled_model_with_nested_models_and_operations_loads(tmp_path):
    model = networks.residual_model()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.save(tmp_path / "model.keras")
    assert digest(load_file(tmp_path / "model.keras").params) == digest(networks.residual().params)


def test_the_pinned_digest_must_be_the_files(saved):
    found = hashlib.sha256(saved.read_bytes()).hexdigest()
    assert load_file(saved, sha256=found.upper()).classes == 3
    with pytest.raises(InputError) as caught:
        load_file(saved, sha256="0" * 64)
    assert caught.value.code == "M003" and caught.value.received == found


def test_a_missing_file_and_a_folder_are_one_clear_error(tmp_path):
    for path in (tmp_path / "none.keras", tmp_path):
        with pytest.raises(InputError) as caught:
            load_file(path)
        assert caught.value.code == "M001" and str(path) in str(caught.value)
    assert "a folder" in caught.value.what


def test_every_truncation_of_a_model_file_is_one_clear_error(saved):
    whole = saved.read_bytes()
    for length in [0, 1, 7, 100, *range(1000, len(whole) - 1, max(len(whole) // 12, 1))]:
        saved.write_bytes(whole[:length])
        with pytest.raises(InputError) as caught:
            load_file(saved)
        assert caught.value.code == "M002" and str(saved) in caught.value.where


def test_a_file_of_weights_is_not_a_model(tmp_path):
    networks.cnn_model().save_weights(tmp_path / "only.weights.h5")
    with pytest.raises(InputError) as caught:
        load_file(tmp_path / "only.weights.h5")
    assert caught.value.code == "M022"


def test_the_legacy_loader_is_refused(saved, monkeypatch):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    with pytest.raises(EnvironmentStop) as caught:
        load_file(saved)
    assert caught.value.code == "E012"


def test_a_file_that_changes_keras_itself_is_refused_and_undone(saved, monkeypatch):
    before = keras.config.epsilon()
    load_model = keras.saving.load_model

    def meddling(*args, **kwargs):
        keras.config.set_epsilon(0.5)
        return load_model(*args, **kwargs)

    monkeypatch.setattr(keras.saving, "load_model", meddling)
    with pytest.raises(RefusedError) as caught:
        load_file(saved)
    assert caught.value.code == "X006" and "epsilon" in caught.value.received
    assert keras.config.epsilon() == before


def test_an_application_is_built_as_asked():
    network = load_application("MobileNetV2", weights=None, input_shape=[32, 32, 3], classes=5)
    assert network.input_shape == (32, 32, 3) and network.classes == 5 and "softmax was removed" in network.head


@pytest.mark.parametrize(
    "fields", [{"name": "MobileNet9"}, {"name": "MobileNetV2", "weights": "no such file"}, {"name": "mobilenet"}]
)
def test_an_application_that_cannot_be_built_is_one_clear_error(fields):
    with pytest.raises(InputError) as caught:
        load_application(**{"weights": None, **fields})
    assert caught.value.code == "M013" and fields["name"] in caught.value.what


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "their_models.py").write_text(
        "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n"
        "import keras\nLOADED = True\n"
        "def build():\n    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])\n"
        "def broken():\n    raise OSError('no disk')\n"
        "def ends():\n    raise SystemExit(0)\n"
        "def other():\n    return 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("their_models", None)


def test_code_runs_only_where_the_command_line_trusts_exactly_it(module):
    with pytest.raises(RefusedError) as caught:
        load_build("their_models:build", trusted=["their_models", "their_models:broken"])
    assert caught.value.code == "X005" and "--trust-code their_models:build" in caught.value.fix
    assert not (module / "ran").exists()
    assert load_build("their_models:build", trusted=["their_models:build"]).classes == 3


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("their_models:broken", "M014"),
        ("their_models:none", "M014"),
        ("their_models:ends", "M014"),
        ("no_such_module:build", "M014"),
        ("their_models", "M014"),
        ("their_models:other", "M002"),
    ],
)
def test_code_that_does_not_give_a_model_is_one_clear_error(module, reference, code):
    with pytest.raises(InputError) as caught:
        load_build(reference, trusted=[reference])
    assert caught.value.code == code


def two_inputs():
    first, second = keras.Input((2,)), keras.Input((2,))
    return keras.Model([first, second], L.Dense(2)(first + second))


def two_outputs():
    inputs = keras.Input((2,))
    return keras.Model(inputs, [L.Dense(2)(inputs), L.Dense(3)(inputs)])


def of(*layers, shape=(8, 8, 3), **fields):
    return lambda: keras.Sequential([keras.Input(shape, **fields), *(layer() for layer in layers)])


def quantised():
    model = of(L.Flatten, lambda: L.Dense(2))()
    model.quantize("int8")
    return model


FAULTS = {
    "several inputs": (two_inputs, "M004"),
    "several outputs": (two_outputs, "M004"),
    "open size": (of(lambda: L.Conv2D(2, 3), L.GlobalAveragePooling2D, shape=(None, None, 3)), "M005"),
    "images as output": (of(lambda: L.Conv2D(2, 3)), "M008"),
    "channels first": (of(lambda: L.Conv2D(2, 3, data_format="channels_first"), L.Flatten, lambda: L.Dense(2)), "M006"),
    "half precision": (of(L.Flatten, lambda: L.Dense(2, dtype="mixed_float16")), "M007"),
    "double precision": (of(L.Flatten, lambda: L.Dense(2, dtype="float64")), "M007"),
    "nothing to train": (of(L.Flatten), "M015"),
    "whole numbers": (of(lambda: L.Embedding(5, 3), L.Flatten, lambda: L.Dense(2), shape=(4,), dtype="int32"), "M021"),
    "not built": (lambda: keras.Sequential([L.Dense(2)]), "M020"),
    "not a model": (lambda: L.Dense(2), "M002"),
    "only a softmax": (of(L.Softmax, shape=(4,)), "M019"),
    "a softmax over one class": (of(L.Flatten, lambda: L.Dense(1, activation="softmax")), "M031"),
    "whole numbers for weights": (quantised, "M007"),
}


@pytest.mark.filterwarnings("ignore:Layer .* does not have a .quantize. method:UserWarning")
@pytest.mark.parametrize("name", FAULTS)
def test_a_model_that_cannot_be_audited_is_one_clear_error(name):
    build, code = FAULTS[name]
    model = build()
    with pytest.raises(InputError) as caught:
        from_model(model)
    assert caught.value.code == code and str(caught.value).startswith(f"error[{code}]: ")


def test_a_subclassed_model_must_give_logits():
    def build(activation):
        model = networks.Subclassed(3, activation)
        model(np.zeros((1, 4), np.float32))
        return model

    with pytest.raises(InputError) as caught:
        from_model(build("softmax"))
    assert caught.value.code == "M009"
    with pytest.raises(InputError) as caught:
        from_model(build(None), output="softmax")
    assert caught.value.code == "M010"
    model = build(None)
    network, x = from_model(model, output="logits"), np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    np.testing.assert_allclose(outputs(network, x), model(x), rtol=1e-6)


def test_the_network_has_its_own_weights():
    model = networks.cnn_model()
    network = from_model(model)
    before = digest(network.params)
    model.set_weights([np.zeros_like(array) for array in model.get_weights()])
    assert digest(network.params) == before
    assert outputs(network, np.ones((1, 8, 8, 1), np.float32)).any()


def test_random_weights_of_an_application_are_the_same_each_time() -> None:
    digests = {digest(load_application("MobileNetV2", input_shape=[32, 32, 3], classes=3).params) for _ in range(2)}
    assert len(digests) == 1
