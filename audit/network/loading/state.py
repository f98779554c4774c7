"""What a model holds that no optimizer trains: adapted statistics, tables and constants; and what batches fill.

An adapted normalisation's mean belongs to the data, as a vocabulary does: a retrained model keeps it. The statistics of
batch normalisation, and whatever else a training step assigns, belong to the weights: they start anew with them.
"""

from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np

from audit.errors import InputError


def copy_state(source: keras.Model, target: keras.Model) -> None:
    """Give a model that was built again all that the first one holds: weights, and what is kept outside of them.

    By Keras's own protocol of saving, layer by layer: tables of words are assets, the copies that a ``Normalization``
    computes with are made anew.

    Raises:
        InputError: the models do not have the same layers.
    """
    for old, new in _pairs(source, target):
        store: dict[str, Any] = {}
        old.save_own_variables(store)
        new.load_own_variables(store)
        copy_assets(old, new)


def copy_assets(source: keras.Layer, target: keras.Layer) -> None:
    """Give a layer what another one of its kind keeps beside its weights: a table of words, say."""
    save, load = getattr(source, "save_assets", None), getattr(target, "load_assets", None)
    if save is not None and load is not None:
        with TemporaryDirectory() as folder:
            save(folder)
            load(folder)


def filled(model: keras.Model, x: np.ndarray) -> frozenset[int]:
    """Return the identities of the variables that a training step assigns itself, measured by one on inputs ``x``.

    What the optimizer trains and random states are not among them. The model stays as it is.
    """
    with keras.StatelessScope() as scope:
        model(keras.ops.convert_to_tensor(x, dtype="float32"), training=True)
    held = [variable for layer in model._flatten_layers() for variable in layer._non_trainable_variables]
    return frozenset(id(variable) for variable in held if scope.get_current_value(variable) is not None)


def _pairs(source: keras.Layer, target: keras.Layer) -> Iterator[tuple[keras.Layer, keras.Layer]]:
    """Yield each layer with the one built in its place: by name where all agree, since Keras numbers its own names."""
    yield source, target
    old, new = (
        {layer.name: layer for layer in each._flatten_layers(include_self=False, recursive=False)}
        for each in (source, target)
    )
    if len(old) != len(new):
        raise InputError(
            "M028",
            "the rebuilt model has other layers than the audited one",
            where=source.path or source.name,
            expected=f"{len(old)} layers: {', '.join(list(old)[:3])}",
            received=f"{len(new)} layers: {', '.join(list(new)[:3])}",
            fix="return every argument that the model's layers depend on from get_config()",
        )
    by_name = new if set(old) == set(new) else dict(zip(old, new.values(), strict=True))
    for name, layer in old.items():
        yield from _pairs(layer, by_name[name])
