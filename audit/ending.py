"""How a command ends otherwise than well: stopped by a signal, or by an error, each with its exit code."""

import errno
import signal
import sys
import traceback

from audit.console import say, show
from audit.errors import AuditError, EnvironmentStop

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def heed_stops() -> list[int]:
    """Turn Ctrl-C and a scheduler's stop into KeyboardInterrupt; return a list that will hold the signals received.

    A library in the middle of its work may swallow the exception, or raise another in its place: the list tells.
    """
    stops: list[int] = []

    def heed(number: int, frame: object) -> None:
        stops.append(number)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, heed)
    sys.unraisablehook = _quiet_about_stops
    return stops


def _quiet_about_stops(unraisable: "sys.UnraisableHookArgs") -> None:
    """Say nothing of an interruption in a place that cannot raise it, a finalizer say: the list of stops tells."""
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)


def interrupted() -> int:
    """Say how to go on; return the exit code of an interruption."""
    say("interrupted: run again to resume")
    return 130


def failed(error: Exception, *, debug: bool) -> int:
    """Say what went wrong; return the error's exit code, 3 for one that nobody foresaw."""
    if isinstance(error, MemoryError):
        error = EnvironmentStop("E004", "out of memory", fix="set a smaller runtime.batch and run again")
    elif isinstance(error, OSError) and error.errno in _FULL:
        fix = "make room, or name another folder, and run again: finished units are kept"
        error = EnvironmentStop("E005", f"cannot write: {error.strerror}", where=error.filename, fix=fix)
    if debug:
        traceback.print_exception(error)
    if isinstance(error, AuditError):
        say("\n".join(map(show, str(error).split("\n"))))
        return error.exit_code
    say(f"error[E900]: internal error: {type(error).__name__}: {show(error)}")
    if not debug:
        say("  fix: this is a fault of the program; `saliency-audit --debug ...` shows where it is")
    return 3
