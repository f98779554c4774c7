"""``python -m audit`` is the command line."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path


def test_it_runs_the_command_line_and_ends_with_its_exit_code(repository: Path) -> None:
    def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "audit", *arguments]
        return subprocess.run(words, cwd=repository, capture_output=True, text=True, check=False)

    assert version("saliency-audit") in ended("--version").stdout
    assert ended("no-such-command").returncode == 2
