"""Joins a model that takes the columns of a table one by one into one that takes a row: (B, F) float32.

Words cannot be explained as they stand. A column of words enters as codes, which are places in the vocabulary of the
model's own ``StringLookup``; what that layer makes of each word is a table of constants in the joined model.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from audit.errors import InputError
from audit.network.loading.canonical import is_graph
from audit.record import record

Array = Any


@record
class Joined:
    """A model of rows, the names of their columns, and the vocabulary of each column of words."""

    model: keras.Model
    columns: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]


def join_columns(model: Any) -> Joined | None:
    """Return the model with one input in place of its columns; None where its inputs are no columns.

    Raises:
        InputError: a column of words goes elsewhere than to ``StringLookup`` layers of one vocabulary.
    """
    if not is_graph(model) or not model.built or not all(_is_column(each) for each in model.inputs):
        return None
    if len(model.inputs) == 1 and model.inputs[0].dtype != "string":
        return None
    row = keras.Input((len(model.inputs),), name="columns")
    joining = _Joining()
    columns = [_column(row, place, like) for place, like in enumerate(model.inputs)]
    for column, like in zip(columns, model.inputs, strict=True):
        if like.dtype == "string":
            joining.names[id(column)] = like.name
    outputs = joining.run(model, columns)
    joined = keras.Model(row, outputs if len(outputs) > 1 else outputs[0], name=model.name)
    for layer, table in joining.tables:
        layer.table.assign(table)
    return Joined(model=joined, columns=tuple(each.name for each in model.inputs), words=joining.words)


def _is_column(tensor: Any) -> bool:
    return tuple(tensor.shape) in ((None,), (None, 1))


def _column(row: Any, place: int, like: Any) -> Any:
    column = row[:, place] if len(like.shape) == 1 else row[:, place : place + 1]
    return column if like.dtype in ("string", "float32") else keras.ops.cast(column, like.dtype)


class _Joining:
    """Calls a model's layers on the columns of a row, with tables in place of what looks words up."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}  # the column of each symbolic tensor of codes
        self.words: dict[str, tuple[str, ...]] = {}
        self.tables: list[tuple[Words, np.ndarray]] = []

    def run(self, model: keras.Model, tensors: Sequence[Any]) -> list[Any]:
        """Return the outputs of a model called on tensors, in their order; its layers are shared, not copied."""
        marks = [keras.layers.Identity() for _ in model.outputs]
        plain = keras.Model(model.inputs, [mark(each) for mark, each in zip(marks, model.outputs, strict=True)])
        found: dict[int, Any] = {}

        def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
            if operation in marks:
                found[marks.index(operation)] = args[0]
                return args[0]
            return self._call(operation, args, kwargs)

        keras.models.clone_model(
            plain, input_tensors=list(tensors), clone_function=lambda layer: layer, call_function=call
        )
        return [found[place] for place in range(len(marks))]

    def _call(self, operation: Any, args: Any, kwargs: Any) -> Any:
        given = [leaf for leaf in keras.tree.flatten(args) if isinstance(leaf, keras.KerasTensor)]
        coded = [self.names[id(each)] for each in given if id(each) in self.names]
        if not coded:
            return operation(*args, **kwargs)
        if is_graph(operation):
            outputs = self.run(operation, given)
            return outputs if len(outputs) > 1 else outputs[0]
        if not isinstance(operation, keras.layers.StringLookup) or operation.invert or operation.num_oov_indices > 1:
            raise _refused(coded[0], f"it enters `{operation.name}`, a {type(operation).__name__}")
        return self._look_up(operation, coded[0], given[0])

    def _look_up(self, lookup: keras.layers.StringLookup, column: str, codes: Any) -> Any:
        words, table = _table(lookup, column, codes.shape[1:])
        if self.words.setdefault(column, words) != words:
            raise _refused(column, f"it enters `{lookup.name}`, whose vocabulary is not that of another layer")
        layer = Words(shape=table.shape, whole=table.dtype.kind in "iu", name=lookup.name)
        outputs = layer(codes)
        self.tables.append((layer, table))
        return outputs


def _table(lookup: keras.layers.StringLookup, column: str, shape: Sequence[int]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return a layer's vocabulary, and what it makes of each word of it."""
    try:
        words = tuple(str(each) for each in lookup.get_vocabulary())
        table = keras.ops.convert_to_numpy(lookup(np.reshape(np.array(words), (-1, *shape))))
    except Exception as error:  # TensorFlow's, of a table that was never filled: an .h5 file has none
        raise _refused(column, f"`{lookup.name}` holds no vocabulary") from error
    if len(table) != len(words):
        raise _refused(column, f"`{lookup.name}` takes a batch of words for one text")
    return words, table


class Words(keras.layers.Layer):
    """What a model's own layer makes of each word of a vocabulary, by the word's place: (B,) or (B, 1) -> (B, ...).

    A code between two words counts as the nearer one, and one beyond the ends as the last: methods change inputs by any
    amount. So the derivative by a code is 0.
    """

    def __init__(self, *, shape: Sequence[int], whole: bool, **fields: Any) -> None:
        """Start with a table of zeros of ``shape`` (V, ...); ``whole`` gives whole numbers."""
        super().__init__(**fields)
        self.shape, self.whole = tuple(shape), whole

    def build(self, input_shape: Any) -> None:
        """Make the table, which no optimizer trains."""
        self.table = self.add_weight(shape=self.shape, initializer="zeros", trainable=False, name="table")

    def call(self, inputs: Array) -> Array:
        """Return the rows of the table at the codes."""
        ops = keras.ops
        places = ops.clip(ops.round(ops.reshape(inputs, (-1,))), 0, self.shape[0] - 1)
        rows = ops.take(self.table, ops.cast(places, "int32"), axis=0)
        return ops.cast(rows, "int32") if self.whole else rows

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return the shape (B, ...) and the type of the outputs."""
        return keras.KerasTensor(
            (inputs.shape[0], *self.shape[1:]), dtype="int32" if self.whole else self.compute_dtype
        )

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is built again from; the table is a weight."""
        return {**super().get_config(), "shape": self.shape, "whole": self.whole}


def _refused(column: str, why: str) -> InputError:
    return InputError(
        "M035",
        f"the column of words `{column}` cannot be explained: {why}",
        where=f"input `{column}`",
        expected="a StringLookup with at most one place for unknown words, right after the input",
        fix="look words up by such a layer, or give the model numbers and encode the words in the data",
    )
