"""Every exit code of the table, each produced by the real command; and bad input, which writes nothing."""

import fcntl
import json
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from audit.cli.commands import main
from tests.commands import SMALL, command, expect, run, save_model, write_spec

CASCADE = {"seeds": 2, "half_at_most": 0.9, "last_at_most": 0.9}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    save_model(folder)
    return folder


def results(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text())


def audit(folder: Path, out: Path, code: int, **changes) -> dict:
    """Run the small audit with changes, expect an exit code, and return what results.json says."""
    expect(run("run", write_spec(folder, **changes), "--out", out, cwd=folder), code)
    found = results(out)
    assert found["exit_code"] == code
    return found


def test_0_every_gating_requirement_passes(folder, tmp_path):
    found = audit(folder, tmp_path, 0, require=[{"cascading_randomization": CASCADE}], methods=["gradient"])
    assert found["outcome"] == "pass" and found["valid"]
    for name in ("report.html", "junit.xml", "metrics.csv", "summary.md", "MANIFEST.json"):
        assert (tmp_path / name).stat().st_size > 0


def test_1_a_requirement_fails(folder, tmp_path):
    noisy = [{"smoothgrad": {"samples": 1, "noise": 1.0}}]
    found = audit(folder, tmp_path, 1, require=[{"repeatability": {"at_least": 0.99, "seeds": 2}}], methods=noisy)
    assert [verdict["outcome"] for verdict in found["verdicts"]] == ["fail"]


def test_2_the_spec_is_wrong(folder, tmp_path):
    finished = run("run", write_spec(folder, taget="label"), "--out", tmp_path / "out", cwd=folder)
    expect(finished, 2)
    assert "did you mean `target`?" in finished.stderr and not (tmp_path / "out").exists()


def test_2_the_command_line_is_wrong(folder):
    expect(run("runn", cwd=folder), 2)


def test_3_a_control_breaks(folder, tmp_path):
    """With limits of 1 even the edge detector passes: such a test cannot fail anything, and the audit is invalid."""
    lax = {"seeds": 2, "half_at_most": 1.0, "last_at_most": 1.0}
    found = audit(folder, tmp_path, 3, require=[{"cascading_randomization": lax}], methods=["gradient"])
    assert found["outcome"] == "invalid" and not found["valid"]
    assert "pass" not in {verdict["outcome"] for verdict in found["verdicts"]}


def test_3_the_model_answers_by_more_than_its_input(tmp_path):
    (tmp_path / "own_model.py").write_text(
        "import keras\n"
        "def build():\n"
        "    x = keras.Input((8, 8, 1))\n"
        "    hidden = keras.layers.Dropout(0.5, name='special')(keras.layers.Flatten()(x), training=True)\n"
        "    return keras.Model(x, keras.layers.Dense(10)(hidden))\n"
    )
    repeats = [{"repeatability": {"seeds": 2}}]
    spec = write_spec(tmp_path, model={"build": "own_model:build"}, methods=["gradient"], require=repeats)
    options = {"cwd": tmp_path, "PYTHONPATH": str(tmp_path)}
    finished = run("run", spec, "--trust-code", "own_model:build", "--out", "out", **options)
    expect(finished, 3)
    found = results(tmp_path / "out")
    assert "randomness" in [reason["kind"] for reason in found["invalid"]]
    assert [verdict["outcome"] for verdict in found["verdicts"]] != ["pass"]
    for text in (finished.stdout, *((tmp_path / "out" / name).read_text() for name in ("summary.md", "junit.xml"))):
        assert "special" in text


def test_3_a_required_check_cannot_be_measured(tmp_path):
    """A layer whose weights have no initializer that could be rebuilt, and a spec that asks for one."""
    (tmp_path / "own_model.py").write_text(
        "import keras\n"
        "class Scale(keras.layers.Layer):\n"
        "    def build(self, shape):\n"
        "        self.scale = self.add_weight(shape=(shape[-1],), initializer=lambda *a, **k: keras.ops.ones(*a[:1]))\n"
        "    def call(self, x):\n"
        "        return x * self.scale\n"
        "def build():\n"
        "    keras.utils.set_random_seed(0)\n"
        "    x = keras.Input((8, 8, 1))\n"
        "    return keras.Model(x, keras.layers.Dense(10)(Scale()(keras.layers.Flatten()(x))))\n"
    )
    spec = write_spec(
        tmp_path,
        model={"build": "own_model:build", "accuracy": "any"},
        methods=["gradient"],
        require=[{"cascading_randomization": {"seeds": 2, "redraw": "initializer"}}],
    )
    finished = run(
        "run", spec, "--trust-code", "own_model:build", "--out", "out", cwd=tmp_path, PYTHONPATH=str(tmp_path)
    )
    expect(finished, 3)
    found = results(tmp_path / "out")
    assert found["outcome"] == "error" and "initializer" in found["verdicts"][0]["reason"]


def test_3_an_unforeseen_error_never_exits_1(folder, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.path[:0] = [path for path in __import__('os').environ['PYTHONPATH'].split(':') if path]\n"
        "import audit.planning.units\n"
        "def broken(*a, **k):\n    raise RuntimeError('unforeseen')\n"
        "audit.planning.units.plan = broken\n"
    )
    finished = run("run", write_spec(folder), "--out", tmp_path / "out", cwd=folder, PYTHONPATH=str(tmp_path))
    expect(finished, 3)
    assert "error[E900]" in finished.stderr


def test_4_inconclusive_and_nothing_failed(folder, tmp_path):
    few = {**SMALL["dataset"], "inputs": 4}
    found = audit(
        folder, tmp_path, 4, dataset=few, methods=["gradient"], require=[{"cascading_randomization": CASCADE}]
    )
    assert found["outcome"] == "inconclusive"


def test_5_nothing_gates(folder, tmp_path):
    only_warning = [{"repeatability": {"seeds": 2, "severity": "warning"}}]
    found = audit(folder, tmp_path, 5, require=only_warning, methods=["gradient"])
    assert found["outcome"] == "nothing"


def test_6_code_is_not_run_unless_the_command_line_trusts_it(folder, tmp_path):
    (tmp_path / "own_model.py").write_text("from pathlib import Path\nPath('canary').touch()\n")
    spec = write_spec(tmp_path, model={"build": "own_model:build"})
    finished = run("run", spec, "--out", tmp_path / "out", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    expect(finished, 6)
    assert "--trust-code own_model:build" in finished.stderr
    assert not (tmp_path / "canary").exists() and not (tmp_path / "out").exists()


def test_7_a_run_that_is_in_use(folder, tmp_path):
    with (tmp_path / "run.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        finished = run("run", write_spec(folder), "--out", tmp_path, cwd=folder)
    expect(finished, 7)
    assert "error[R003]" in finished.stderr


def test_7_an_environment_that_fakes_results(folder, tmp_path):
    finished = run("run", write_spec(folder), "--out", tmp_path / "out", cwd=folder, KERAS_MAX_EPOCHS="1")
    expect(finished, 7)
    assert "KERAS_MAX_EPOCHS" in finished.stderr and not (tmp_path / "out").exists()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_130_interrupted_and_resumed(folder, tmp_path, stop):
    many = [{"cascading_randomization": {"seeds": 40}}]
    spec = write_spec(folder, require=many)
    words, options = command("run", spec, "--out", tmp_path, cwd=folder)
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    evidence, limit = tmp_path / "evidence", time.monotonic() + 120
    while not (evidence.exists() and any(evidence.iterdir())) and time.monotonic() < limit:
        time.sleep(0.01)
    process.send_signal(stop)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "run again to resume" in said and "Traceback" not in said
    assert not (tmp_path / "MANIFEST.json").exists()


BAD_INPUT = {
    "a model file that is missing": ({"model": {"path": "absent.keras"}}, "M001", "absent.keras"),
    "a file that is no model": ({"model": {"path": "text.keras"}}, "M0", "text.keras"),
    "a model of another digest": ({"model": {"path": "small.keras", "sha256": "0" * 64}}, "M003", "0" * 64),
    "data that are missing": ({"dataset": {"source": "npz", "path": "absent.npz"}}, "D0", "absent.npz"),
    "data of the wrong shape": ({"dataset": {"source": "npz", "path": "shape.npz", "inputs": 4}}, "D005", "(9, 9, 1)"),
    "labels out of range": ({"dataset": {"source": "npz", "path": "labels.npz", "inputs": 4}}, "D008", "10"),
    "NaN in the data": ({"dataset": {"source": "npz", "path": "nan.npz", "inputs": 4}}, "D006", "NaN"),
    "more inputs than there are": ({"dataset": {"source": "npz", "path": "good.npz", "inputs": 90}}, "D010", "90"),
    "a layer that does not exist": ({"methods": [{"grad_cam": {"layer": "frist"}}]}, "M0", "first"),
    "a class that does not exist": ({"target": 10}, "T002", "0 to 9"),
    "Grad-CAM without a convolution": ({"model": {"path": "dense.keras"}, "methods": ["grad_cam"]}, "T", "convolution"),
}


@pytest.fixture(scope="module")
def bad_folder(folder) -> Path:
    import keras

    images, labels = np.zeros((20, 8, 8, 1), np.float32), np.arange(20) % 10
    broken = images.copy()
    broken[3, 1, 1] = np.nan
    np.savez(folder / "good.npz", x_test=images, y_test=labels)
    np.savez(folder / "shape.npz", x_test=np.zeros((20, 9, 9, 1), np.float32), y_test=labels)
    np.savez(folder / "labels.npz", x_test=images, y_test=labels + 1)
    np.savez(folder / "nan.npz", x_test=broken, y_test=labels)
    (folder / "text.keras").write_text("this is no model")
    keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10, name="dense")]).save(
        folder / "dense.keras"
    )
    return folder


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_one_clear_error_and_nothing_is_written(bad_folder, tmp_path, capfd, name):
    """Run in this process, which has started its framework already; the exit codes above are the real command's."""
    changes, code, hint = BAD_INPUT[name]
    spec = write_spec(bad_folder, **changes)
    before = {path.name for path in bad_folder.iterdir()}
    assert main(["run", str(spec), "--out", str(tmp_path / "out")]) == 2
    said = capfd.readouterr().err
    assert said.count("error[") == 1 and f"error[{code}" in said and hint in said and "Traceback" not in said
    assert not (tmp_path / "out").exists()
    assert {path.name for path in bad_folder.iterdir()} == before
