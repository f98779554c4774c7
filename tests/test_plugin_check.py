"""A check in a package of its own: it has its figure, its finding and its weight in the advice like any other."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from audit.report.advice import advise
from audit.store.results import read_results
from tests.commands import expect, run, save_model, write_spec


@pytest.fixture(scope="module")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that, on the path, is what an installation leaves: the module and its entry points."""
    source = repository / "examples" / "my_check"
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    folder = tmp_path_factory.mktemp("site")
    metadata = folder / "my_check-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n")
    lines = [f"{name} = {place}" for name, place in project["entry-points"]["audit.checks"].items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[audit.checks]", *lines]))
    (folder / "my_check.py").write_text((source / "my_check.py").read_text())
    return folder


@pytest.fixture(scope="module")
def audited(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of an audit by this check alone; one of the methods is a function of the input."""
    folder = tmp_path_factory.mktemp("audited")
    save_model(folder)
    check, methods = {"stage_change": {"seeds": 2}}, ["gradient", "canny"]
    write_spec(folder, methods=methods, require=[check], report={"formats": ["html"], "gallery": 1})
    expect(run("run", "small.yaml", "--out", "run", cwd=folder, PYTHONPATH=str(installed)), 1)
    return folder / "run"


def test_its_controls_vouch_for_it_and_it_decides(audited):
    audit = read_results(audited).audit
    assert audit.valid
    assert {each.method: each.verdict.outcome for each in audit.controls} == {
        "edge_detector": "fail",
        "random_map": "pass",
    }
    assert {each.method: each.outcome for each in audit.verdicts} == {"gradient": "pass", "canny": "fail"}


def test_its_result_counts_in_the_advice(audited):
    advice = {each.method.id: each for each in advise(read_results(audited).audit)}
    assert advice["gradient"].use == "usable"
    assert advice["canny"].use == "avoid"


def test_its_figure_and_its_finding_are_in_the_report(audited):
    page = (audited / "report.html").read_text("utf-8")
    assert 'alt="Stage change, relative change of the map by method. gradient: from' in page
    assert "Its map hardly notices a stage that is lost. Do not ask it what the stages contribute." in page
    (told,) = json.loads((audited / "results.json").read_text())["requirements"]
    assert told["axis"] == "the one stage that is re-drawn" and told["category"] == "dependence"


def test_its_own_test_passes(installed, repository):
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(repository / "examples" / "my_check")]
    paths = os.pathsep.join([str(installed), str(repository)])
    finished = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=300, env={**os.environ, "PYTHONPATH": paths}
    )
    assert finished.returncode == 0 and "4 passed" in finished.stdout, finished.stdout + finished.stderr
