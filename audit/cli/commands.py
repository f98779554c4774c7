"""The command line. Each command is a thin shell; Keras is imported only after its backend is chosen."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.cli.console import data, say, show
from audit.cli.process import invoke, stoppable
from audit.errors import EnvironmentStop

if TYPE_CHECKING:
    from audit.record import Audit, Context
    from audit.spec.spec import Spec

_FAMILIES = click.Choice(["methods", "checks", "similarities", "datasets", "frameworks"])
_TRUST = click.option(
    "--trust-code",
    "trusted",
    multiple=True,
    metavar="REF",
    help="Trust and run this code, named as package.module:function. Repeatable.",
)
_BACKEND = click.option(
    "--backend", type=click.Choice(["tensorflow", "jax"]), help="Keras backend; overrides the spec."
)
_FILE = click.Path(path_type=Path)
_HISTORY = Path("runs", "history.jsonl")


def _version(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    if given:
        from audit.cli.environment import installed

        data(f"saliency-audit {installed('saliency-audit') or '(not installed)'}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
def commands(debug: bool) -> None:
    """Audit explanation methods for Keras models: read a spec, run its checks, write verdicts and a report.

    Exit codes: 0 pass, 1 fail, 2 invalid spec or command line, 3 invalid audit or a required check that could not
    run, 4 inconclusive, 5 nothing evaluated, 6 refused for safety, 7 stopped by the environment, 130 interrupted.
    """


@commands.command()
@click.argument("specs", nargs=-1, required=True, type=_FILE, metavar="SPEC...")
def validate(specs: Sequence[Path]) -> int:
    """Check specs and report every fault, without running anything."""
    from audit.errors import SpecError
    from audit.planning.outline import counted
    from audit.spec.spec import load_spec

    code = 0
    for path in specs:
        try:
            spec = load_spec(path)
        except SpecError as error:
            say(str(error))
            code = error.exit_code
        else:
            named = counted(len(spec.methods), "method"), counted(len(spec.requirements), "requirement")
            data(f"{show(path)}: valid ({', '.join(named)})")
    return code


@commands.command("list")
@click.argument("family", type=_FAMILIES)
@click.option("--long", "long", is_flag=True, help="Print the full documentation with every field.")
@click.option("--markdown", is_flag=True, help="Print the full documentation as Markdown.")
def list_names(family: Any, long: bool, markdown: bool) -> None:
    """List the names that a spec can use."""
    from audit.cli.handbook import page
    from audit.spec import frameworks
    from audit.spec.describe import listing

    if family == "frameworks":
        for line in frameworks.listing(long=long or markdown):
            data(line)
        return
    if markdown:
        click.echo(page(family), nl=False)
        return
    for line in listing(family, long=long):
        data(line)


@commands.command()
@click.argument("kind", type=click.Choice(["spec", "results"]), default="spec")
def schema(kind: Any) -> None:
    """Print the JSON schema of specs or of results.json."""
    from audit.spec.schema import schema_text

    click.echo(schema_text(kind), nl=False)


@commands.command()
@click.argument("code")
def error(code: str) -> None:
    """Explain an error code and how to fix the error."""
    from audit.cli.error_codes import lines_of

    for line in lines_of(code):
        data(line)


@commands.command()
@click.option("--deep", is_flag=True, help="Also start each backend and list its devices.")
def doctor(deep: bool) -> int:
    """Check that this machine can run audits."""
    from audit.cli.doctor import examine

    code = 0
    for finding in examine(deep=deep):
        data(f"{'ok   ' if finding.ok else 'ERROR'} {finding.what:<16} {show(finding.found)}")
        code = code if finding.ok else EnvironmentStop.exit_code
    return code


@commands.command()
@click.argument("spec", type=_FILE)
@_TRUST
@_BACKEND
def plan(spec: Path, trusted: Sequence[str], backend: str | None) -> None:
    """Show the planned work and its estimated cost, without writing anything.

    Counts the units that are already stored.
    """
    loaded = _load(spec, backend)
    from audit.running.loop import prepare

    for line in prepare(loaded, trusted=trusted).lines():
        data(show(line))


@commands.command()
@click.argument("spec", type=_FILE)
@click.option("--out", type=_FILE, help="Folder of the run.  [default: runs/<audit id>]")
@_TRUST
@_BACKEND
@click.option("--history", type=_FILE, default=_HISTORY, show_default=True, help="History file to append this run to.")
@click.option("--quiet", is_flag=True, help="Show no progress and no verdict table.")
@click.option("--verbose", is_flag=True, help="Print the reason of every verdict.")
def run(
    spec: Path,
    out: Path | None,
    trusted: Sequence[str],
    backend: str | None,
    history: Path,
    quiet: bool,
    verbose: bool,
) -> int:
    """Run an audit and write its report. Run it again to resume after an interruption."""
    loaded = _load(spec, backend)
    from audit.cli.console import files, notes, progress, verdicts, warned
    from audit.running.loop import Watcher
    from audit.running.loop import run as execute

    with progress(quiet=quiet) as callback:
        watcher = Watcher(progress=stoppable(callback), begins=notes)
        finished = execute(loaded, out=out, trusted=trusted, watcher=watcher, history=history)
    if not quiet:
        verdicts(finished.audit, verbose=verbose)
    files(finished.rendered)
    warned(_context(finished.folder))
    _announce(finished.audit, finished.folder)
    return finished.audit.exit_code


@commands.command()
@click.argument("folder", type=_FILE, metavar="RUN")
@click.option("--spec", "spec", type=_FILE, help="Use the thresholds of this spec.")
@click.option("--verbose", is_flag=True, help="Print the reason of every verdict.")
def judge(folder: Path, spec: Path | None, verbose: bool) -> int:
    """Re-judge stored evidence.

    Computes no maps and needs no deep-learning framework.
    """
    from audit.cli.console import verdicts
    from audit.running.finish import judge as decide
    from audit.spec.spec import load_spec

    audit = decide(folder, load_spec(spec) if spec else None)
    verdicts(audit, verbose=verbose)
    for path in sorted(folder.glob("report.*")):
        data(show(path))
    _announce(audit, folder)
    return audit.exit_code


@commands.command()
@click.argument("folder", type=_FILE, metavar="RUN")
def report(folder: Path) -> None:
    """Render the report again from stored results.

    Needs no deep-learning framework.
    """
    from audit.cli.console import files
    from audit.running.finish import render

    files(render(folder))


@commands.command()
@click.argument("before", type=_FILE, metavar="RUN_A")
@click.argument("after", type=_FILE, metavar="RUN_B")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="Output format.",
)
@click.option("--fail-on-regression", is_flag=True, help="Exit with 1 if any verdict is worse in the second run.")
def diff(before: Path, after: Path, form: str, fail_on_regression: bool) -> int:
    """Compare the verdicts of two runs.

    Each run is a folder or a results.json. Needs no deep-learning framework.
    """
    from audit.cli.console import differences
    from audit.judging.changes import compare, regressed
    from audit.store.results import read_results

    old, new = read_results(before), read_results(after)
    comparison = compare(old.audit, new.audit, old.digest, new.digest)
    differences(comparison, form)
    return 1 if fail_on_regression and regressed(comparison) else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return invoke(commands, sys.argv[1:] if arguments is None else arguments)


def _load(path: Path, backend: str | None) -> "Spec":
    """Read a spec, choose the backend by it, and only then start Keras."""
    from audit.cli.environment import prepare, start_keras
    from audit.spec.spec import load_spec

    spec = load_spec(path)
    prepare(option=backend, spec=spec.runtime.backend)
    start_keras()
    return spec


def _announce(audit: "Audit", folder: Path) -> None:
    from audit.cli.github import announce

    announce(audit, _context(folder))


def _context(folder: Path) -> "Context":
    from audit.running.finish import context_of
    from audit.store.store import Store

    return context_of(Store(folder=folder))
