"""GitHub Actions output: annotations on the spec's lines, and the step summary."""

import os
from pathlib import Path

from audit.cli.console import data, say, show
from audit.record import Audit, Context
from audit.report.formats.github_annotations import annotations
from audit.report.formats.summary import summary


def announce(audit: Audit, context: Context) -> None:
    """Print annotations inside a GitHub Actions job, and append to the step summary if there is a file for it.

    A file that cannot be written gives a message and does not change the exit code.
    """
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotations(audit, context):
            data(line)
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(summary(audit))
    except OSError as error:
        say(f"cannot write the step summary: {show(error.strerror)}")
