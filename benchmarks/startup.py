"""How long the commands that must feel immediate take: median wall time of fresh processes.

    python benchmarks/startup.py [repeats]

Targets: ``validate`` under one second, ``--help`` under half a second.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = {"validate specs/digits.yaml": 1.0, "--help": 0.5}
_ENTRY = "import sys; from audit.cli.commands import main; sys.exit(main())"  # what the console command runs


def seconds(arguments: str, repeats: int) -> list[float]:
    """Return the wall time of each repeat of a command, after one that fills the file caches."""
    command = [sys.executable, "-c", _ENTRY, *arguments.split()]
    found: list[float] = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        found.append(time.perf_counter() - started)
    return found[1:]


def main() -> int:
    """Print one line per command; exit 1 where a target is missed."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    missed = 0
    for arguments, target in COMMANDS.items():
        median = statistics.median(seconds(arguments, repeats))
        missed += median > target
        print(f"{arguments:<28} {median:.2f} s  (target: under {target} s)")
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
