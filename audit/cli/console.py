"""Terminal output: progress, the verdict table, and text from outside with its control characters escaped.

Results go to standard output, messages to standard error. Rich is imported where it is used: ``--help`` must be quick.
"""

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import click

from audit.spec.diagnostics import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from audit.record import Audit, Comparison, Context, Verdict
    from audit.report.render import Rendered

Progress = Callable[[int, int, str, float], None]
"""``(units done, units in total, what is being measured, seconds left)``."""

_STYLES = {"pass": "green", "fail": "red", "inconclusive": "yellow", "error": "magenta", "void": "magenta"}
_WIDTH = 160  # columns of a table that goes to a file or a log


def show(text: object) -> str:
    """Return text from outside on one line, with control characters escaped."""
    return printable(text)


def say(text: str = "") -> None:
    """Write a message to standard error."""
    click.echo(text, err=True)


def data(text: str = "") -> None:
    """Write a result to standard output."""
    click.echo(text)


def console(stream: TextIO) -> "Console":
    """Return a console on a stream: no markup; no colour if NO_COLOR is set or the stream is no terminal."""
    from rich.console import Console

    width = None if stream.isatty() else _WIDTH
    return Console(file=stream, markup=False, highlight=False, emoji=False, width=width)


@contextmanager
def progress(*, quiet: bool) -> Generator[Progress]:
    """Give a callback that shows the progress of a run: a bar on a terminal, otherwise a line for each tenth."""
    if quiet:
        yield _silent
    elif sys.stderr.isatty():
        with _bar() as callback:
            yield callback
    else:
        yield _lines()


def _silent(done: int, total: int, what: str, left: float) -> None:
    """Show nothing."""


@contextmanager
def _bar() -> Generator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}  {task.description}", markup=False))
    with Bar(*columns, console=console(sys.stderr), transient=True) as bar:
        task = bar.add_task("preparing", total=None, left="")

        def callback(done: int, total: int, what: str, left: float) -> None:
            bar.update(task, completed=done, total=total, description=show(what), left=_left(left))

        yield callback


def _lines() -> Progress:
    shown = set[int]()

    def callback(done: int, total: int, what: str, left: float) -> None:
        tenth = 10 * done // max(total, 1)
        if tenth not in shown:
            shown.add(tenth)
            say(f"{done}/{total} units  {_left(left)}  {show(what)}")

    return callback


def _left(seconds: float) -> str:
    if seconds <= 0:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"about {minutes} min {rest:02d} s left" if minutes else f"about {rest} s left"


def verdicts(audit: "Audit", *, verbose: bool = False) -> None:
    """Print the verdict table (methods by requirements), the reasons, and the audit's verdict in one sentence."""
    out = console(sys.stdout)
    out.print(_table(audit))
    measured = audit.facts.network.randomness
    if measured and measured.averaged:
        out.print(_text(f"The model draws random numbers: {show(measured.words)}."), soft_wrap=True)
    for reason in audit.invalid:
        out.print(_text("INVALID: ", "fail"), _text(show(f"{reason.sentence} {reason.fix}")), sep="", soft_wrap=True)
    explained = [verdict for verdict in audit.verdicts if verbose or verdict.outcome != "pass"]
    for verdict in explained:
        heading = f"{_words(audit, verdict)[1]} {show(verdict.method)}, {show(verdict.requirement)}: "
        out.print(_text(heading, verdict.outcome), _text(show(verdict.reason)), sep="", soft_wrap=True)
    printed = [*(reason.sentence for reason in audit.invalid), *(verdict.reason for verdict in explained)]
    out.print(_text(f"\n{show(_sentence(audit, printed))}"), soft_wrap=True)


def _sentence(audit: "Audit", printed: Sequence[str]) -> str:
    """Return the audit's sentence without the reason at its end, if that was printed above."""
    for reason in printed:
        repeated = f": {reason[:1].lower()}{reason[1:]}"
        if audit.sentence.endswith(repeated):
            return f"{audit.sentence.removesuffix(repeated)}."
    return audit.sentence


def notes(known: Sequence[str]) -> None:
    """Print what is known before a run begins, a line for each sentence."""
    for sentence in known:
        say(show(sentence))


def files(rendered: "Rendered") -> None:
    """Print the paths of the reports for people, and on one line the files for other programs."""
    pages = [path for name, path in rendered.paths.items() if name in ("html", "pdf")]
    others = [path for path in rendered.paths.values() if path not in pages]
    for path in pages:
        data(show(path))
    if others:
        data(show(f"{others[0].parent}: {', '.join(sorted(path.name for path in others))}"))
    for note in rendered.notes:
        say("\n".join(map(show, note.split("\n"))))


def warned(context: "Context") -> None:
    """Print how many warnings Python and the libraries raised; the log holds their texts."""
    from audit.planning.outline import counted

    warnings = sum(line.kind == "warning" for line in context.log)
    if warnings:
        say(f"{counted(warnings, 'warning')} from Python or a library: see the log in the report's last appendix")


def differences(comparison: "Comparison", form: str) -> None:
    """Print what changed between two audits as a ``table``, ``json`` or ``markdown``."""
    from audit.report.differences import markdown, outcomes, sentence
    from audit.store.store import to_json

    if form == "json":
        click.echo(to_json(comparison).decode(), nl=False)
    elif form == "markdown":
        click.echo(markdown(comparison), nl=False)
    else:
        out = console(sys.stdout)
        if comparison.changes:
            out.print(_changes(comparison))
        for text in (*comparison.notes, sentence(comparison), f"{outcomes(comparison)}."):
            out.print(_text(show(text)), soft_wrap=True)


def _changes(comparison: "Comparison") -> Any:
    from audit.report.differences import KINDS, became, shifted

    table = _grid("change", "requirement", "method", "outcome", "numbers")
    for each in comparison.changes:
        kind = _text(" ".join(KINDS[each.kind]), {"regression": "fail", "fix": "pass"}.get(each.kind, ""))
        cells = (each.requirement, each.method, became(each), "; ".join(map(shifted, each.shifts)))
        table.add_row(kind, *(_text(show(cell)) for cell in cells))
    return table


def _grid(*columns: str) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(*columns, box=SIMPLE_HEAD, show_edge=False, pad_edge=False)


def _table(audit: "Audit") -> Any:
    table = _grid("method")
    for requirement in audit.requirements:
        table.add_column(_text(show(requirement.id)))
    for method in audit.facts.methods:
        name = f"{show(method.id)} (control)" if method.control else show(method.id)
        cells = [_cell(audit, requirement.id, method.id) for requirement in audit.requirements]
        table.add_row(_text(name), *cells)
    return table


def _cell(audit: "Audit", requirement: str, method: str) -> "Text":
    for control in audit.controls:
        if (control.requirement, control.method) == (requirement, method):
            symbol, word = _words(audit, control.verdict)
            same = control.verdict.outcome == control.expected
            note = "expected" if same else f"expected {control.expected.upper()}"
            return _text(f"{symbol} {word} ({note})", "pass" if control.behaves else "fail")
    for verdict in audit.verdicts:
        if (verdict.requirement, verdict.method) == (requirement, method):
            return _verdict_cell(audit, verdict)
    return _text("")


def _verdict_cell(audit: "Audit", verdict: "Verdict") -> "Text":
    symbol, word = _words(audit, verdict)
    notes = " (waived)" if verdict.waived else " (warning)" if verdict.severity == "warning" else ""
    return _text(f"{symbol} {word}{notes}", verdict.outcome if audit.valid else "void")


def _words(audit: "Audit", verdict: "Verdict") -> tuple[str, str]:
    from audit.report.words import standing

    shown = standing(verdict.outcome)
    return shown.symbol, shown.word.upper()


def _text(text: str, style: str = "") -> "Text":
    from rich.text import Text

    return Text(text, style=_STYLES.get(style, ""))
