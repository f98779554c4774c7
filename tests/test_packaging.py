"""What a user installs: the wheel works away from the checkout, and the lists of dependencies agree."""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from audit.spec.spec import load_spec

SHIPPED = ("templates", "specs")


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout without a network."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(repository)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds this wheel alone, and borrows its dependencies from the running one."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=False)
    python = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    (packages,) = place.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place


def run(place: Path, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of an environment away from the checkout."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    path = place / "bin" / command[0]
    return subprocess.run([path, *command[1:]], cwd=cwd, env=clean, capture_output=True, text=True)


def test_the_wheel_holds_what_readers_find_at_the_top(repository: Path, wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [each for folder in SHIPPED for each in (repository / folder).rglob("*") if each.is_file()]
    assert {each.relative_to(repository).parts[0] for each in files} == set(SHIPPED)
    assert {f"audit/{each.relative_to(repository).as_posix()}" for each in files} <= names
    assert "audit/py.typed" in names


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    roots = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert roots == {"audit", "saliency_audit-0.1.0.dist-info"}
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if "__pycache__" in name]


def test_the_installed_package_is_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    source = "from audit.resources import folder; print(folder('templates')); print(folder('specs'))"
    done = run(installed, "python", "-c", source, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(Path(line).is_relative_to(installed) for line in done.stdout.splitlines())


def test_the_installed_command_lists_its_methods(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "saliency-audit", "list", "methods", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {"gradient", "guided_backprop", "grad_cam"} <= set(re.findall(r"\w+", done.stdout))


def test_the_installed_command_validates_a_shipped_spec(installed: Path, tmp_path: Path) -> None:
    (spec,) = installed.glob("lib/python*/site-packages/audit/specs/digits.yaml")
    done = run(installed, "saliency-audit", "validate", str(spec), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_installed_command_finds_a_fault(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("version: 1\nmodell: {path: a.keras}\n")
    done = run(installed, "saliency-audit", "validate", "broken.yaml", cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "broken.yaml:2:1" in done.stdout + done.stderr


def project(repository: Path) -> dict[str, Any]:
    """Return the ``project`` table of ``pyproject.toml``."""
    return tomllib.loads((repository / "pyproject.toml").read_text())["project"]


def declared(repository: Path) -> dict[str, list[Requirement]]:
    """Return the declared requirements, by the page's section that explains them."""
    table = project(repository)
    groups = {"To run": table["dependencies"]}
    groups |= {f"Extra `{name}`": lines for name, lines in table["optional-dependencies"].items()}
    return {section: [Requirement(line) for line in lines] for section, lines in groups.items()}


def explained(repository: Path) -> dict[str, dict[str, str]]:
    """Return the reasons that ``docs/dependencies.md`` gives, by section and package."""
    sections = (repository / "docs" / "dependencies.md").read_text().split("\n## ")[1:]
    rows = {text.splitlines()[0]: re.findall(r"^\| ([\w.-]+) \| (.+) \|$", text, re.MULTILINE) for text in sections}
    return {title: dict(found[1:]) for title, found in rows.items() if found}


def test_every_dependency_has_its_reason_and_no_other_has(repository: Path) -> None:
    names = {section: [each.name for each in group] for section, group in declared(repository).items()}
    reasons = explained(repository)
    assert {section: sorted(group) for section, group in reasons.items()} == {
        section: sorted(group) for section, group in names.items()
    }
    assert all(len(reason.split()) >= 3 for group in reasons.values() for reason in group.values())


def test_every_dependency_is_bounded_on_both_sides(repository: Path) -> None:
    for each in (each for group in declared(repository).values() for each in group):
        operators = {bound.operator for bound in each.specifier}
        assert operators == {">=", "<"}, each


def pinned_lines(repository: Path) -> list[str]:
    """Return the lines that pin what `make setup` installs, and what `make peer` does beside it."""
    files = ("constraints.txt", "constraints-peer.txt")
    return [line for name in files for line in (repository / name).read_text().splitlines()]


def pins(repository: Path) -> dict[str, str]:
    """Return the pinned version of every package."""
    text = "\n".join(pinned_lines(repository))
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)}


def test_the_pins_are_names_versions_and_hashes_only(repository: Path) -> None:
    lines = pinned_lines(repository)
    allowed = re.compile(r"[a-z0-9._-]+==[0-9][\w.+!]* \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines if not allowed.fullmatch(line)] == []


def test_every_pin_has_a_hash(repository: Path) -> None:
    lines = pinned_lines(repository)
    followers = [after for line, after in zip(lines, [*lines[1:], ""], strict=True) if "==" in line]
    assert len(followers) == len(pins(repository)) > 0
    assert all(line.startswith("    --hash=") for line in followers)


def test_the_pins_are_within_the_declared_bounds(repository: Path) -> None:
    pinned = pins(repository)
    for each in (each for group in declared(repository).values() for each in group):
        assert pinned[canonicalize_name(each.name)] in each.specifier, each


def test_ci_runs_the_commands_of_the_readme(repository: Path) -> None:
    script = repository / ".ci" / "run"
    lines = script.read_text().splitlines()
    commands = re.findall(r"^make \w+", (repository / "README.md").read_text(), re.MULTILINE)
    assert {"make demo", "make test"} == set(commands) <= set(lines)
    assert {"make check", "make test-backend BACKEND=jax", "set -euo pipefail"} <= set(lines)
    assert os.access(script, os.X_OK)


def test_the_spec_of_the_readme_is_valid(repository: Path, tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (repository / "README.md").read_text(), re.DOTALL)
    (tmp_path / "example.yaml").write_text(example)
    assert len(load_spec(tmp_path / "example.yaml").methods) == 3


@pytest.mark.parametrize(
    ("code", "succeeds"), [(0, True), (1, True), (4, True)] + [(n, False) for n in (2, 3, 5, 6, 7)]
)
def test_the_demo_takes_a_verdict_for_an_answer_and_a_fault_for_a_fault(
    repository: Path, tmp_path: Path, code: int, succeeds: bool
) -> None:
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "saliency-audit"
    command.write_text(f"#!/bin/sh\nexit {code}\n")
    command.chmod(0o755)
    (tmp_path / ".complete").touch()
    make = ["make", "--no-print-directory", "demo", f"VENV={tmp_path}"]
    done = subprocess.run(make, cwd=repository, capture_output=True, text=True)
    assert (done.returncode == 0) is succeeds
    assert f"Exit code {code}: " in done.stdout
