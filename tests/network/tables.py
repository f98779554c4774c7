"""Small tables of numbers and words, and models that take their columns one by one."""

import keras
import numpy as np

from tests.network.adapted import L

COLOURS = ("red", "green", "blue", "grey")


def rows(count=200, seed=0):
    """Ages, sizes and colours, and classes that depend on all of them."""
    generator = np.random.default_rng(seed)
    age = generator.normal(50, 20, count).astype(np.float32)
    size = generator.normal(3e-3, 1e-3, count).astype(np.float32)
    colour = np.array(COLOURS, "U9")[generator.integers(0, 4, count)]
    score = (age - 50) / 20 + (size - 3e-3) / 1e-3 + 2 * (colour == "red") - 2 * (colour == "blue")
    return {"age": age, "size": size, "colour": colour}, (score > 0).astype(np.int32)


def lookup(mode="int", **fields):
    layer = L.StringLookup(output_mode=mode, name="look_up", **fields)
    layer.adapt(rows()[0]["colour"])
    return layer


def column_model(mode="int", shape="functional", rank=2, **fields):
    """A model of two numbers, normalised, and a word, looked up and embedded or one-hot."""
    data, _ = rows()
    size = () if rank == 1 else (1,)
    inputs = {
        "age": keras.Input(size, name="age"),
        "colour": keras.Input(size, name="colour", dtype="string"),
        "size": keras.Input(size, name="size"),
    }
    parts = []
    for name in ("age", "size"):
        normal = L.Normalization(axis=None, name=f"normal_{name}")
        normal.adapt(data[name])
        parts.append(L.Reshape((1,))(normal(inputs[name])))
    words = lookup(mode, **fields)(inputs["colour"])
    embedded = L.Flatten()(L.Embedding(6, 3, name="embedding")(words)) if mode == "int" else words
    hidden = L.Concatenate()([*parts, embedded])
    if shape == "nested":
        preparing = keras.Model(inputs, hidden, name="preparing")
        inputs = {name: keras.Input(each.shape[1:], name=name, dtype=each.dtype) for name, each in inputs.items()}
        hidden = preparing(inputs)
    hidden = L.Dense(8, activation="relu", name="hidden")(hidden)
    return keras.Model(inputs, L.Dense(2, activation="softmax", name="last")(hidden))


def coded(network, data):
    """Rows of a network's columns: words as their places in its vocabulary."""
    columns = []
    for name in network.columns:
        places = {word: place for place, word in enumerate(network.words.get(name, ()))}
        columns.append([places.get(each, places.get("[UNK]")) for each in data[name]] if places else data[name])
    return np.array(columns, np.float32).T


def answers(model, data):
    """What the model itself says of the columns, words as they are."""
    rank = len(model.inputs[0].shape)
    given = {name: each.reshape(-1, *[1] * (rank - 1)) for name, each in data.items()}
    return keras.ops.convert_to_numpy(model([_tensor(given[each.name]) for each in model.inputs]))


def _tensor(values):
    if values.dtype.kind != "U":
        return keras.ops.convert_to_tensor(values)
    import tensorflow as tf

    return tf.constant(values)
