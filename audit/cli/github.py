"""What a job of GitHub Actions shows of an audit: annotations at the spec's lines, and the step's summary."""

import os
from pathlib import Path

from audit.cli.console import data, say, show
from audit.record import Audit, Context
from audit.report.formats.github_annotations import annotations
from audit.report.formats.summary import summary


def announce(audit: Audit, context: Context) -> None:
    """Print the annotations in a job of GitHub Actions, and append the summary where the step has a file for it.

    That the file cannot be written is said, and changes nothing else: the exit code is the verdict's.
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
        say(f"the step's summary could not be written: {show(error.strerror)}")
