"""What must feel immediate imports nothing heavy: looked at in fresh processes."""

import subprocess
import sys
from pathlib import Path

import pytest

FRAMEWORKS = {"keras", "tensorflow", "jax", "tf_explain"}
HEAVY = {"scipy", "pandas", "matplotlib", "sklearn", "skimage", "weasyprint", "PIL"}
_REPORT = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"


def modules(repository: Path, code: str) -> set[str]:
    """Return the top-level modules that are imported after some code ran in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-c", f"{code}\n{_REPORT}"], cwd=repository, capture_output=True, text=True, check=True
    )
    return set(ended.stdout.splitlines()[-1].split())


def command(*arguments: str) -> str:
    return f"from audit.cli.commands import main\nmain({list(arguments)!r})"


@pytest.mark.parametrize(
    "code",
    [
        "import audit",
        "import audit.cli.commands",
        "from audit.spec.spec import load_spec; load_spec('specs/digits.yaml')",
        command("validate", "specs/digits.yaml"),
        command("validate", "no such file"),
        command("--help"),
        command("run", "--help"),
        command("schema"),
        *(command("list", family, "--long") for family in ("methods", "checks", "datasets")),
    ],
)
def test_no_framework_and_nothing_heavy_is_imported(repository: Path, code: str) -> None:
    found = modules(repository, code)
    assert not found & (FRAMEWORKS | HEAVY)


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("--version",), ("no-such-command",)])
def test_help_needs_neither_pydantic_nor_numpy(repository: Path, arguments: tuple[str, ...]) -> None:
    found = modules(repository, command(*arguments))
    assert not found & (FRAMEWORKS | HEAVY | {"pydantic", "numpy", "rich", "ruamel"})
