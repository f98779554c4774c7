"""Gives a model that takes columns by name those of a table: in its order, words by the places of its vocabulary."""

from dataclasses import replace

import numpy as np

from audit.datasets.dataset import Dataset
from audit.datasets.shared.words import coded
from audit.errors import InputError
from audit.network.network import Network
from audit.record import TableColumns


def fitted(data: Dataset, network: Network) -> Dataset:
    """Return a data set with the columns that a network takes; the same one for a network that takes plain inputs.

    What the network does not take is left out, and the data set's name says so.

    Raises:
        InputError: a column is missing, or holds words where the network takes numbers, or the other way round.
    """
    columns = data.columns
    if not network.columns:
        if columns is not None and columns.words and not columns.declared:
            raise _refused(data, f"the model takes numbers in `{next(iter(columns.words))}`", "words alone")
        return data
    if columns is None:
        raise _refused(data, "the model takes columns by name", "inputs without names")
    missing = [name for name in network.columns if name not in columns.names]
    if missing:
        raise _refused(data, f"the model takes a column `{missing[0]}`", ", ".join(columns.names[:12]))
    parts = [_column(data, columns, network, name) for name in network.columns]
    words = {name: each for name, each in columns.words.items() if name in network.columns}
    known = TableColumns(names=network.columns, words={**words, **network.words}, declared=True)
    left = [f"`{name}`" for name in columns.names if name not in network.columns]
    name = f"{data.name}, without {', '.join(left)}" if left else data.name
    return replace(data, x=np.stack(parts, axis=1), columns=known, name=name)


def _column(data: Dataset, columns: TableColumns, network: Network, name: str) -> np.ndarray:
    values, own = data.x[:, columns.names.index(name)], columns.words.get(name)
    if name not in network.words:
        if own is not None and not columns.declared:
            raise _refused(data, f"the model takes numbers in `{name}`", "words")
        return values
    if own is None:
        raise _refused(data, f"the model takes words in `{name}`", "numbers")
    words = [own[int(value)] for value in values]
    return coded(words, network.words[name], f"{data.name}:{name}, for {network.name}")


def _refused(data: Dataset, expected: str, received: str) -> InputError:
    return InputError(
        "D042",
        f"the columns of `{data.name}` do not fit the model",
        where="dataset",
        expected=expected,
        received=received,
        fix="use `source: table`; name columns as the model's inputs, and say in `words` what is coded how: `model` "
        "where the model looks words up itself, else a vocabulary for each column",
    )
