"""Tables from end to end: a model that normalises numbers, and one that looks words up, are retrained as they were."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from audit.network.loading.columns import join_columns
from audit.record import Trained
from audit.running.world import observe
from audit.spec.spec import load_spec
from tests.commands import run, write_spec
from tests.network.adapted import L
from tests.network.tables import coded, column_model, rows

RECIPE = {"optimizer": {"adam": {"learning_rate": 0.02}}, "epochs": 40, "batch_size": 32}
COUNT = 400


def of_numbers(data):
    """A model of two numbers of scales far apart, normalised, whose word stays outside."""
    inputs = keras.Input((2,))
    normal = L.Normalization()
    normal.adapt(np.stack([data["age"], data["size"]], 1))
    hidden = L.Dense(8, activation="relu")(normal(inputs))
    return keras.Model(inputs, L.Dense(2, activation="softmax")(hidden))


def learn(model, x, y):
    """Train as the recipe says."""
    keras.utils.set_random_seed(1)
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=32, epochs=40, verbose=0)


def write(folder, kind):
    """Write a model and its table, train it on the training rows, and return the spec's changes."""
    data, y = rows(2 * COUNT, seed=5)
    halves = [slice(0, COUNT), slice(COUNT, None)]
    for name, part in zip(("train", "test"), halves, strict=True):
        pd.DataFrame({**{key: each[part] for key, each in data.items()}, "y": y[part]}).to_csv(
            folder / f"{name}.csv", index=False, float_format="%.9g"
        )
    first = {name: each[halves[0]] for name, each in data.items()}
    source = {"source": "table", "path": "test.csv", "train_path": "train.csv", "label": "y", "inputs": 16}
    if kind == "normalization":
        model = of_numbers(first)
        learn(model, np.stack([first["age"], first["size"]], 1), y[halves[0]])
        source["features"] = ["age", "size"]
    else:
        model = column_model("int", kind)
        learn_by_rows(model, first, y[halves[0]])
        source["words"] = "model"
    model.save(folder / "small.keras")
    return {"dataset": source, "training": RECIPE, "methods": ["gradient", {"kernel_shap": {"samples": 64}}]}


def learn_by_rows(model, data, y):
    """Train a model of columns on rows of codes, since Keras on JAX trains none on words; the layers are shared."""
    joined = join_columns(model)
    learn(joined.model, coded(joined, data), y)


@pytest.mark.parametrize("kind", ["normalization", "functional", "nested"])
def test_retraining_reaches_the_audited_accuracy_within_its_interval(tmp_path, kind):
    spec = load_spec(write_spec(tmp_path, **write(tmp_path, kind), require=[{"label_permutation": {"seeds": 2}}]))
    world = observe(spec)
    audited = world.facts.data.accuracy
    retrained = [world.retraining.train(Trained(labels="true", seed=seed)).scores["test_accuracy"] for seed in range(3)]
    share = (audited * COUNT + 2) / (COUNT + 4)  # of Agresti and Coull, since no error is not certainty
    error = np.sqrt(share * (1 - share) / COUNT)
    assert audited > (0.75 if kind == "normalization" else 0.93)
    assert abs(np.mean(retrained) - audited) <= 1.96 * np.sqrt(2) * error


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normalization", "functional"])
def test_an_audit_with_retraining_runs_from_file_to_verdict(tmp_path, kind):
    write_spec(tmp_path, **write(tmp_path, kind), require=[{"roar": {"seeds": 2, "fractions": [0.5]}}])
    finished = run("run", "small.yaml", "--out", "out", cwd=tmp_path)
    assert "Traceback" not in finished.stderr and finished.returncode in (0, 1, 4), finished.stderr
    verdicts = json.loads((tmp_path / "out" / "results.json").read_text())["verdicts"]
    assert {each["method"] for each in verdicts} == {"gradient", "kernel_shap"}
    for each in verdicts:  # the trained networks were like the audited one, so that the area was judged
        assert each["outcome"] != "error" and each["criteria"][0]["statistic"] is not None, each["reason"]
