"""A plug-in whose code changes after a run: its units are measured again, the log says why, and no verdict is stale.

One package for each family, each edited in turn; the others get comments, which are no change.
"""

import json
import shutil
from pathlib import Path

import pytest

from tests.commands import expect, run, save_model, write_spec

PLUGINS = {
    "methods": (
        "their_gradient",
        """
from typing import ClassVar

from audit.declare import declared
from audit.methods.gradient import Gradient


@declared
class Theirs(Gradient):
    def attribute(self, network):
        gradient = Gradient().attribute(network)
        return lambda params, x, target, key: gradient(params, x, target, key) * 2.0
""",
        ("gradient(params, x, target, key) * 2.0", "x + 0.0"),
    ),
    "checks": (
        "their_repeatability",
        """
from audit.checks.repeatability import Repeatability
from audit.declare import declared


@declared
class Theirs(Repeatability):
    def measure(self, method, condition, bench):
        found = super().measure(method, condition, bench)
        return found
""",
        ("return found", "return type(found)(scores={name: each * 0.5 for name, each in found.scores.items()})"),
    ),
    "similarities": (
        "their_cosine",
        """
from audit.declare import declared
from audit.similarities.cosine import Cosine


@declared
class Theirs(Cosine):
    def between(self, a, b):
        return super().between(a, b)
""",
        ("super().between(a, b)", "super().between(a, b) ** 2"),
    ),
    "datasets": (
        "their_digits",
        """
from audit.datasets.digits import Digits
from audit.declare import declared


@declared
class Theirs(Digits):
    def load(self, root):
        found = super().load(root)
        return found
""",
        ("found = super().load(root)", "found = super(Theirs, self).load(root)"),
    ),
}
SPEC = {
    "dataset": {"source": "their_digits", "inputs": 6, "preprocess": {"scale": 0.0625}},
    "methods": ["gradient", {"smoothgrad": {"base": "their_gradient", "samples": 2}}],
    "require": [
        {"repeatability": {"seeds": 2, "null_draws": 1}},
        {"their_repeatability": {"seeds": 2, "null_draws": 1}},
        {"repeatability": {"similarity": "their_cosine", "seeds": 2, "null_draws": 1, "id": "by_their_cosine"}},
    ],
}
METHODS, CHECKS = {"gradient", "smoothgrad"}, {"repeatability", "their_repeatability"}
CONTROLS = {"edge_detector", "input", "random_map"}


def install(site: Path, family: str) -> Path:
    """Leave what an installation of a plug-in leaves, and return its module."""
    name, code, _ = PLUGINS[family]
    metadata = site / f"{name}-1.2.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.2.0\n")
    (metadata / "entry_points.txt").write_text(f"[audit.{family}]\n{name} = {name}_plugin.inner:Theirs\n")
    module = site / f"{name}_plugin" / "inner.py"
    module.parent.mkdir()
    (module.parent / "__init__.py").write_text("")
    module.write_text(code)
    return module


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, four plug-ins and a finished run of them all."""
    folder = tmp_path_factory.mktemp("edited")
    save_model(folder)
    write_spec(folder, **SPEC)
    for family in PLUGINS:
        install(folder / "site", family)
    again(folder)
    return folder


def again(folder: Path) -> list[dict[str, str]]:
    """Run the audit in this folder; return what its log tells of this run."""
    file = folder / "run" / "log.jsonl"
    before = len(file.read_text().splitlines()) if file.is_file() else 0
    done = run("run", "small.yaml", "--out", "run", cwd=folder, PYTHONPATH=str(folder / "site"))
    expect(done, json.loads((folder / "run" / "results.json").read_text())["exit_code"])  # so few inputs settle nothing
    return [json.loads(line) for line in file.read_text().splitlines()[before:]]


def edited(first: Path, folder: Path, family: str) -> list[dict[str, str]]:
    """Edit one plug-in after a run, comment on the others, run again, and return the units that were measured."""
    shutil.copytree(first, folder, dirs_exist_ok=True)
    for each, (name, code, (before, after)) in PLUGINS.items():
        assert before in code
        changed = code.replace(before, after) if each == family else f'"""Documented."""\n# Theirs.\n{code}\n'
        (folder / "site" / f"{name}_plugin" / "inner.py").write_text(changed)
    return [line for line in again(folder) if line["event"] == "measured"]


def subjects(measured: list[dict[str, str]]) -> set[tuple[str, str]]:
    """Return the checks and methods of units, by what the log calls them."""
    return {(check, method) for check, _, method in (line["of"].split(", ")[0].partition(" of ") for line in measured)}


def test_of_an_edited_method_everything_is_measured_again_and_of_the_others_nothing(first, tmp_path):
    measured = edited(first, tmp_path, "methods")
    assert subjects(measured) == {(check, "smoothgrad") for check in CHECKS}
    assert {line["why"] for line in measured} == {"the code of `their_gradient` (their-gradient 1.2.0) changed"}
    told = json.loads((tmp_path / "run" / "context.json").read_text())["log"]
    assert any(
        line["kind"] == "again" and "of `their_gradient` (their-gradient 1.2.0)" in line["text"] for line in told
    )
    assert (
        "the code of `their_gradient` (their-gradient 1.2.0) changed" in (tmp_path / "run" / "report.html").read_text()
    )


def test_of_an_edited_check_its_units_are_measured_again(first, tmp_path):
    measured = edited(first, tmp_path, "checks")
    assert subjects(measured) == {("their_repeatability", name) for name in METHODS | CONTROLS}
    assert {line["why"] for line in measured} == {
        "the code of `their_repeatability` (their-repeatability 1.2.0) changed"
    }


def test_of_an_edited_similarity_the_units_that_compare_with_it_are_measured_again(first, tmp_path):
    measured = edited(first, tmp_path, "similarities")
    assert subjects(measured) == {("repeatability", name) for name in METHODS | CONTROLS}
    assert len(measured) == 3 * len(METHODS | CONTROLS)  # the null and two keys, under their similarity alone
    assert {line["why"] for line in measured} == {"the code of `their_cosine` (their-cosine 1.2.0) changed"}


def test_of_an_edited_data_source_all_is_measured_again(first, tmp_path):
    measured = edited(first, tmp_path, "datasets")
    assert subjects(measured) == {(check, name) for check in CHECKS for name in METHODS | CONTROLS}
    assert {line["why"] for line in measured} == {"the code of `their_digits` (their-digits 1.2.0) changed"}


def test_the_example_made_to_return_its_input_does_not_pass_on_what_was_measured_before(repository, tmp_path):
    source = (repository / "examples" / "my_method" / "my_method.py").read_text()
    metadata = tmp_path / "site" / "my_method-0.1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-method\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text("[audit.methods]\nsquared_gradient = my_method:SquaredGradient\n")
    save_model(tmp_path)
    write_spec(tmp_path, methods=["squared_gradient"], require=[{"cascading_randomization": {"seeds": 2}}])
    module = tmp_path / "site" / "my_method.py"
    verdicts = []
    for code in (source, source.replace("gradient(params, x, target, key) ** self.power", "x + 0.0")):
        module.write_text(code)
        done = run("run", "small.yaml", "--out", "run", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
        results = json.loads((tmp_path / "run" / "results.json").read_text())
        verdicts += [(done.returncode, each["outcome"]) for each in results["verdicts"]]
    assert verdicts[1] == (1, "fail") != verdicts[0]
    expect(run("judge", "run", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site")), 1)
