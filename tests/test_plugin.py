"""A method in a package of its own, found through its entry point: listed, described, validated and tested."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.commands import expect, run, write_spec


@pytest.fixture(scope="module")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that, on the path, is what an installation leaves: the module and its entry points."""
    source = repository / "examples" / "my_method"
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    folder = tmp_path_factory.mktemp("site")
    metadata = folder / "my_method-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n")
    lines = [f"{name} = {place}" for name, place in project["entry-points"]["audit.methods"].items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[audit.methods]", *lines]))
    (folder / "my_method.py").write_text((source / "my_method.py").read_text())
    return folder


def test_a_spec_may_name_it_and_its_fields_are_checked(installed, tmp_path):
    spec = write_spec(tmp_path, methods=[{"squared_gradient": {"power": 4}}])
    expect(run("validate", spec, cwd=tmp_path, PYTHONPATH=str(installed)), 0)
    expect(run("validate", spec, cwd=tmp_path), 2)  # without the package
    wrong = write_spec(tmp_path, methods=[{"squared_gradient": {"power": 3}}])
    expect(run("validate", wrong, cwd=tmp_path, PYTHONPATH=str(installed)), 2)


def test_it_is_listed_with_its_documentation(installed, tmp_path):
    listed = run("list", "methods", "--long", cwd=tmp_path, PYTHONPATH=str(installed))
    expect(listed, 0)
    assert "squared_gradient" in listed.stdout and "raised to an even power" in listed.stdout
    schema = run("schema", cwd=tmp_path, PYTHONPATH=str(installed))
    assert "squared_gradient" in json.dumps(json.loads(schema.stdout)["definitions"]["method"])


def test_its_own_test_passes(installed, repository):
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(repository / "examples" / "my_method")]
    paths = os.pathsep.join([str(installed), str(repository)])
    finished = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=300, env={**os.environ, "PYTHONPATH": paths}
    )
    assert finished.returncode == 0 and "2 passed" in finished.stdout, finished.stdout + finished.stderr
