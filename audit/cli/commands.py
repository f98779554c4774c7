"""The command line. Each command is a thin shell; Keras is imported only after its backend was chosen."""

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
_TRUST = click.option("--trust-code", "trusted", multiple=True, metavar="REF", help="Allow package.module:function.")
_BACKEND = click.option("--backend", type=click.Choice(["tensorflow", "jax"]), help="Outranks the spec's.")
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
    """Audit explanation methods on Keras models: a spec goes in; evidence, verdicts and a report come out.

    Exit codes: 0 all pass, 1 a requirement fails, 2 the spec or command line is wrong, 3 the audit is invalid or a
    required check could not run, 4 inconclusive, 5 nothing was evaluated, 6 refused for safety, 7 stopped by the
    environment, 130 interrupted.
    """


@commands.command()
@click.argument("specs", nargs=-1, required=True, type=_FILE, metavar="SPEC...")
def validate(specs: Sequence[Path]) -> int:
    """Check specs: every fault at once, nothing is run."""
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
@click.option("--long", "long", is_flag=True, help="Print the whole documentation, with every field.")
@click.option("--markdown", is_flag=True, help="Print the whole documentation as a page in Markdown.")
def list_names(family: Any, long: bool, markdown: bool) -> None:
    """List what a spec may name."""
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
    """Print the JSON schema of a spec, for editors, or of results.json."""
    from audit.spec.schema import schema_text

    click.echo(schema_text(kind), nl=False)


@commands.command()
@click.argument("code")
def explain(code: str) -> None:
    """Say what an error code means, and what mends it."""
    from audit.cli.error_codes import explain as lines_of

    for line in lines_of(code):
        data(line)


@commands.command()
@click.option("--deep", is_flag=True, help="List the devices too; this starts each framework.")
def doctor(deep: bool) -> int:
    """Look at what an audit needs of this machine."""
    from audit.cli.doctor import examine

    code = 0
    for finding in examine(deep=deep):
        data(f"{'ok  ' if finding.well else 'BAD '} {finding.what:<16} {show(finding.found)}")
        code = code if finding.well else EnvironmentStop.exit_code
    return code


@commands.command()
@click.argument("spec", type=_FILE)
@_TRUST
@_BACKEND
def plan(spec: Path, trusted: Sequence[str], backend: str | None) -> None:
    """Show the work and its cost; nothing is written.

    What is already done is counted.
    """
    loaded = _load(spec, backend)
    from audit.running.loop import prepare

    for line in prepare(loaded, trusted=trusted).lines():
        data(show(line))


@commands.command()
@click.argument("spec", type=_FILE)
@click.option("--out", type=_FILE, help="The run's folder; runs/<audit id> where absent.")
@_TRUST
@_BACKEND
@click.option("--history", type=_FILE, default=_HISTORY, show_default=True, help="Where a line for this run is added.")
@click.option("--quiet", is_flag=True, help="No progress and no table.")
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
    """Plan, execute, judge and render. The same command resumes a run that was stopped."""
    loaded = _load(spec, backend)
    from audit.cli.console import files, progress, verdicts, warned
    from audit.running.loop import run as execute

    with progress(quiet=quiet) as callback:
        finished = execute(loaded, out=out, trusted=trusted, progress=stoppable(callback), history=history)
    if not quiet:
        verdicts(finished.audit, verbose=verbose)
    files(finished.rendered)
    warned(_context(finished.folder))
    _announce(finished.audit, finished.folder)
    return finished.audit.exit_code


@commands.command()
@click.argument("folder", type=_FILE, metavar="RUN")
@click.option("--spec", "spec", type=_FILE, help="Judge by another spec's thresholds.")
@click.option("--verbose", is_flag=True, help="Print the reason of every verdict.")
def judge(folder: Path, spec: Path | None, verbose: bool) -> int:
    """Decide again from stored evidence.

    Nothing is computed anew, and no framework is needed.
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
    """Draw the report again from stored results.

    No framework is needed.
    """
    from audit.cli.console import files
    from audit.running.finish import render

    files(render(folder))


@commands.command()
@click.argument("before", type=_FILE, metavar="RUN_A")
@click.argument("after", type=_FILE, metavar="RUN_B")
@click.option("--format", "form", type=click.Choice(["table", "json", "markdown"]), default="table")
@click.option("--fail-on-regression", is_flag=True, help="Exit 1 where anything is worse in the second run.")
def diff(before: Path, after: Path, form: str, fail_on_regression: bool) -> int:
    """Show what changed from one run to another: their folders, or their results.json.

    No framework is needed.
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
