import json
import stat
import zipfile

import h5py
import keras
import numpy as np
import pytest

from audit.errors import InputError, RefusedError
from audit.network.loading.inspect import check_config, inspect_file
from tests import networks

L = keras.layers


def edit(path, change):
    """Write a copy of a .keras archive whose configuration was changed."""
    edited = path.with_name("edited.keras")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(edited, "w") as target:
        for member in source.infolist():
            data = source.read(member)
            if member.filename == "config.json":
                config = json.loads(data)
                change(config)
                data = json.dumps(config).encode()
            target.writestr(member.filename, data)
    return edited


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "model.keras"
    networks.cnn_model().save(path)
    return path


@pytest.fixture
def legacy(tmp_path):
    path = tmp_path / "model.h5"
    networks.cnn_model().save(path)
    return path


def test_layers_of_all_kinds_are_let_through(tmp_path):
    inputs = keras.Input((8, 8, 3))
    x = L.Rescaling(1 / 255)(inputs)
    x = L.SeparableConv2D(4, 3, activation="gelu", depthwise_regularizer="l2", bias_constraint="max_norm")(x)
    x = L.SpatialDropout2D(0.1)(L.GroupNormalization(2)(L.PReLU()(x)))
    x = L.LayerNormalization()(L.UpSampling2D()(keras.ops.maximum(x, 0.0) + keras.ops.tanh(x)))
    x = L.MultiHeadAttention(1, 2)(*[L.Reshape((144, 4))(x)] * 2)
    x = L.Bidirectional(L.LSTM(3))(x[:, ::16])
    model = keras.Model(inputs, L.Dense(2, activation="softmax", dtype=keras.DTypePolicy("float32"))(x))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(), metrics=[keras.metrics.Accuracy()])
    model.save(tmp_path / "model.keras")
    inspect_file(tmp_path / "model.keras")


@pytest.mark.parametrize("form", ["model.keras", "model.h5"])
def test_a_lambda_layer_is_refused_with_its_name(tmp_path, form):
    layers = [keras.Input((4,)), L.Lambda(lambda x: x, name="sneaky"), L.Dense(2)]
    keras.Sequential(layers).save(tmp_path / form)
    with pytest.raises(RefusedError) as caught:
        inspect_file(tmp_path / form)
    assert caught.value.code == "X001" and "sneaky" in caught.value.what and "layers[1]" in caught.value.where
    assert "--trust-code" in caught.value.fix


NAMED = [
    {"module": "os", "class_name": "system"},
    {"module": "builtins", "class_name": "exec"},
    {"module": "builtins", "class_name": "function", "config": "config.set_epsilon"},
    {"module": "keras", "class_name": "config.set_max_epochs"},
    {"module": "keras.config", "class_name": "set_floatx"},
    {"module": "keras.utils", "class_name": "get_file"},
    {"module": "keras.models", "class_name": "load_model"},
    {"module": "keras.src.ops.core", "class_name": "Switch"},
    {"module": "keras.layers", "class_name": "TFSMLayer"},
    {"module": "keras.layers", "class_name": "TextVectorization"},
    {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
    {"module": "keras.src.layers", "class_name": "StringLookup", "config": "words"},
    {"module": "keras.src.layers", "class_name": "IntegerLookup", "config": {"vocabulary": "https://a.b/words.txt"}},
    {"module": "keras.layers", "class_name": "deserialize"},
    {"module": "keras.src.layers", "class_name": "Lambda"},
    {"module": "keras.src.saving.saving_lib", "class_name": "KerasFileEditor"},
    {"module": "my_package", "class_name": "Layer"},
    {"module": None, "class_name": "__lambda__", "config": {"value": "code"}},
    {"module": None, "class_name": "Dense", "registered_name": "mine>Dense"},
    {"module": ["keras.layers"], "class_name": "Dense"},
    {"module": "keras.layers", "class_name": 3},
]


@pytest.mark.parametrize("named", NAMED, ids=lambda named: f"{named['module']}.{named['class_name']}")
def test_whatever_is_not_part_of_a_model_is_refused_wherever_it_stands(archive, named):
    def as_layer(config):
        config["config"]["layers"][1] = {"config": {}, **named}

    def as_activation(config):
        config["config"]["layers"][1]["config"]["activation"] = {"config": {}, **named}

    def as_argument(config):
        config["config"]["layers"][1]["inbound_nodes"] = [{"args": [1, {"config": {}, **named}], "kwargs": {}}]

    for change in (as_layer, as_activation, as_argument):
        with pytest.raises(RefusedError) as caught:
            inspect_file(edit(archive, change))
        assert caught.value.code in ("X001", "X002") and "$.config.layers[1]" in caught.value.where


def test_no_function_that_keras_exports_can_be_named_as_a_class():
    exported = [
        (f"keras.{module}".rstrip("."), name)
        for module in ("", "layers", "models", "ops", "activations", "config", "saving", "utils", "backend", "random")
        for name, value in vars(getattr(keras, module) if module else keras).items()
        if callable(value) and not isinstance(value, type) and name != "Input" and not name.startswith("_")
    ]
    assert len(exported) > 300
    for module, name in exported:
        with pytest.raises(RefusedError):
            check_config({"module": module, "class_name": name, "config": {}}, "here")


def rewrite(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "added",
    [
        [("../outside", b"")],
        [("/etc/outside", b"")],
        [("config.json", b"{}")],
        [("assets/zeros", bytes(50_000_000))],
        [(f"assets/{number}", b"") for number in range(1001)],
    ],
    ids=["traversal", "absolute", "repeated", "bomb", "many"],
)
def test_an_archive_that_keras_would_not_write_is_refused(archive, added):
    with zipfile.ZipFile(archive) as source:
        members = [(member.filename, source.read(member)) for member in source.infolist()]
    rewrite(archive, [*members, *added])
    with pytest.raises(RefusedError) as caught:
        inspect_file(archive)
    assert caught.value.code == "X003"


@pytest.mark.parametrize("kind", ["link", "encrypted"])
def test_an_archive_with_more_than_plain_files_is_refused(archive, kind):
    with zipfile.ZipFile(archive, "a") as target:
        member = zipfile.ZipInfo("assets/added")
        member.external_attr = (stat.S_IFLNK if kind == "link" else stat.S_IFREG) << 16
        target.writestr(member, "/etc/hostname")
        member.flag_bits |= kind == "encrypted"  # the directory is written when the archive is closed
    with pytest.raises(RefusedError) as caught:
        inspect_file(archive)
    assert caught.value.code == "X003" and caught.value.received == "assets/added"


def test_a_damaged_stream_is_one_clear_error(archive):
    with zipfile.ZipFile(archive) as source:
        members = {member.filename: source.read(member) for member in source.infolist()}
    rewrite(archive, members.items())
    with zipfile.ZipFile(archive) as source:
        first = source.getinfo("config.json")
    data = bytearray(archive.read_bytes())
    start = first.header_offset + 30 + len(first.filename)
    data[start : start + 8] = b"\xff" * 8
    archive.write_bytes(data)
    with pytest.raises(InputError) as caught:
        inspect_file(archive)
    assert caught.value.code == "M002" and caught.value.fix


def test_a_damaged_tree_of_weights_is_one_clear_error(legacy):
    data = bytearray(legacy.read_bytes())
    place = data.rindex(b"SNOD")
    data[place : place + 4] = b"DONS"
    legacy.write_bytes(data)
    with pytest.raises(InputError) as caught:
        inspect_file(legacy)
    assert caught.value.code == "M002" and caught.value.fix


def test_a_very_deep_configuration_is_one_clear_error(archive):
    with zipfile.ZipFile(archive) as source:
        members = {member.filename: source.read(member) for member in source.infolist()}
    members["config.json"] = b"[" * 100_000 + b"]" * 100_000
    rewrite(archive, members.items())
    with pytest.raises(InputError) as caught:
        inspect_file(archive)
    assert caught.value.code == "M002"


def external(file, folder):
    other = folder / "other.h5"
    with h5py.File(other, "w") as made:
        made["secret"] = np.ones(3)
    file["linked"] = h5py.ExternalLink(str(other), "/secret")


def soft(file, folder):
    file["linked"] = h5py.SoftLink("/model_weights")


def raw(file, folder):
    (folder / "raw").write_bytes(bytes(40))
    file.create_dataset("linked", (10,), "f4", external=[(str(folder / "raw"), 0, 40)])


def virtual(file, folder):
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "secret", (3,))
    file.create_virtual_dataset("linked", layout)


def bomb(file, folder):
    file.create_dataset("linked", (2**30,), "f4", chunks=(2**20,))


@pytest.mark.parametrize("attack", [external, soft, raw, virtual, bomb])
@pytest.mark.parametrize("nested", [False, True])
def test_weights_that_point_outside_or_declare_too_much_are_refused(legacy, tmp_path, attack, nested):
    inspect_file(legacy)
    with h5py.File(legacy, "a") as file:
        attack(file.create_group("a/b") if nested else file, tmp_path)
    with pytest.raises(RefusedError) as caught:
        inspect_file(legacy)
    assert caught.value.code in ("X003", "X004") and "linked" in caught.value.what


def test_weights_inside_an_archive_are_inspected_too(archive, tmp_path):
    with zipfile.ZipFile(archive) as source:
        members = {member.filename: source.read(member) for member in source.infolist()}
    (tmp_path / "weights.h5").write_bytes(members["model.weights.h5"])
    with h5py.File(tmp_path / "weights.h5", "a") as file:
        external(file, tmp_path)
    rewrite(archive, {**members, "model.weights.h5": (tmp_path / "weights.h5").read_bytes()}.items())
    with pytest.raises(RefusedError) as caught:
        inspect_file(archive)
    assert caught.value.code == "X004"


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.bin", "model"])
def test_another_format_is_one_clear_error(tmp_path, name):
    (tmp_path / name).write_bytes(b"not a model at all")
    with pytest.raises(InputError) as caught:
        inspect_file(tmp_path / name)
    assert caught.value.code == "M002"
