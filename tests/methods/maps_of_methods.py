"""Computes methods on the backend of this process: as a function, or as a script with the folder as its argument."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from audit.backend import active
from audit.engine.compiled import compiled
from audit.methods.fitted import learner
from audit.methods.method import method_value
from audit.network.loading.load import from_model


def maps_of_methods(folder: Path) -> Mapping[str, np.ndarray]:
    """Return the maps of every method in ``methods.json``, for the model and the inputs beside it."""
    network = from_model(keras.models.load_model(folder / "model.keras"))
    methods = json.loads((folder / "methods.json").read_text(encoding="utf-8"))
    with np.load(folder / "given.npz") as given:
        inputs, targets, keys = given["inputs"], given["targets"], given["keys"]
    found = {}
    for name, declared in methods.items():
        method = method_value(declared)
        function, learn = compiled(method, network), learner(method, network)
        params = {**network.params, **(learn(network.params, inputs) if learn else {})}
        found[name] = active().to_numpy(function(params, inputs, targets, keys))
    return found


if __name__ == "__main__":
    place = Path(sys.argv[1])
    np.savez(place / f"{keras.backend.backend()}.npz", allow_pickle=False, **maps_of_methods(place))
