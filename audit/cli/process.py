"""Run a command and return its exit code, whether it finishes, fails or is stopped by a signal."""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING

import click

from audit.cli.console import say, show
from audit.errors import AuditError, EnvironmentStop

if TYPE_CHECKING:
    from audit.cli.console import Progress

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def invoke(commands: click.Group, arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; an unexpected error never exits with 1."""
    stops = _heed_stops()
    _escape_what_the_encoding_lacks()
    try:
        code = _invoke(commands, arguments, stops)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        # The reader closed the pipe, as `| head` does. What is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (Exception, SystemExit) as error:  # code that is not ours does not choose the exit code
        if isinstance(error.__context__, BrokenPipeError):  # Rich leaves by SystemExit then, standard output closed
            return 141
        return _interrupted() if stops else _failed(error, debug="--debug" in arguments)


def stoppable(callback: "Progress") -> "Progress":
    """Return a callback that also stops the run at the next unit if a library swallowed a signal."""
    stops = click.get_current_context().obj

    def checked(done: int, total: int, what: str, left: float) -> None:
        if stops:
            raise KeyboardInterrupt
        callback(done, total, what, left)

    return checked


def _invoke(commands: click.Group, arguments: Sequence[str], stops: Sequence[int]) -> int:
    try:
        with commands.make_context("saliency-audit", list(arguments), obj=stops) as context:
            return commands.invoke(context) or 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort as stop:
        raise KeyboardInterrupt from stop
    except click.ClickException as error:
        error.show()
        return 2


def _heed_stops() -> list[int]:
    """Turn Ctrl-C, SIGTERM and a closed terminal into KeyboardInterrupt; return the list of signals received.

    A library may swallow the exception or raise another in its place: the list shows that a signal came.
    """
    stops: list[int] = []

    def heed(number: int, frame: object) -> None:
        stops.append(number)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, heed)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup a run outlives its terminal
        signal.signal(signal.SIGHUP, heed)
    sys.unraisablehook = _quiet_about_stops
    return stops


def _escape_what_the_encoding_lacks() -> None:
    """Make standard output escape characters that its encoding lacks, as standard error does."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _quiet_about_stops(unraisable: "sys.UnraisableHookArgs") -> None:
    """Ignore an interruption where it cannot be raised, such as in a finalizer: the list of stops holds it."""
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)


def _interrupted() -> int:
    """Print how to resume; return the exit code of an interruption."""
    with suppress(OSError):  # the terminal may be gone
        say("interrupted: run again to resume")
    return 130


def _failed(error: BaseException, *, debug: bool) -> int:
    """Print what went wrong; return the error's exit code, 3 for an unexpected one."""
    if isinstance(error, MemoryError):
        error = EnvironmentStop("E004", "out of memory", fix="set a smaller runtime.batch and run again")
    elif isinstance(error, OSError) and error.errno in _FULL:
        fix = "free some disk space or choose another folder, then run again: finished units are kept"
        error = EnvironmentStop("E005", f"cannot write: {error.strerror}", where=error.filename, fix=fix)
    if debug:
        traceback.print_exception(error)
    if isinstance(error, AuditError):
        say("\n".join(map(show, str(error).split("\n"))))
        return error.exit_code
    say(f"error[E900]: internal error: {type(error).__name__}: {show(error)}")
    if not debug:
        say("  fix: this is a bug in saliency-audit; run `saliency-audit --debug ...` for the traceback")
    return 3
