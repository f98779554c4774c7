"""What an error code means: every message raised with it, read from the package's own source.

A table beside the code could go stale; the messages themselves cannot.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from audit.errors import InputError, did_you_mean
from audit.record import record
from audit.resources import sources

PARTS = {
    "S": "the spec",
    "M": "the model",
    "D": "the data",
    "T": "a target or a method",
    "R": "a run and its files",
    "E": "the environment",
    "X": "refused for safety",
    "P": "the report",
}
"""What each letter of a code stands for."""

_EXITS = {
    "InputError": 2,
    "SpecError": 2,
    "Fault": 2,
    "fault_at": 2,
    "_fault": 2,
    "RefusedError": 6,
    "EnvironmentStop": 7,
}
_UNKNOWN = "…"
_OPEN = re.compile("…[.…]*…")  # one after another: one
_CODE = re.compile(f'"[{"".join(PARTS)}][0-9]{{3}}"')


@record
class Message:
    """One place that raises a code. ``…`` stands for values filled in there; ``exit_code`` is None for evidence."""

    code: str
    what: str
    fix: str
    exit_code: int | None


@cache
def messages() -> tuple[Message, ...]:
    """Return every message of every code, in the order of the codes."""
    found = (each for path in sources("") for each in _of_file(path))
    return tuple(sorted(dict.fromkeys(found), key=lambda each: each.code))


def lines_of(code: str) -> list[str]:
    """Return the meaning of a code as lines of text.

    Raises:
        InputError: there is no such code (R084).
    """
    known = messages()
    found = [each for each in known if each.code == code.upper()]
    if not found:
        near = did_you_mean(code.upper(), sorted({each.code for each in known}))
        fix = near if near.startswith("did") else "a code is a letter and three digits, such as M003"
        raise InputError("R084", f"unknown error code {code}", fix=fix)
    lines = [f"{found[0].code}: {PARTS[found[0].code[0]]}"]
    for each in found:
        exit_code = f" (exit code {each.exit_code})" if each.exit_code is not None else ""
        lines += [f"  {each.what}{exit_code}", *([f"    fix: {each.fix}"] if each.fix else [])]
    return lines


def _of_file(path: Path) -> Iterator[Message]:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text if _CODE.search(text) else "")
    everywhere = _assigned(tree)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        named = {**everywhere, **_assigned(function)}  # a message may be assigned elsewhere in the file
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and len(node.args) > 1:
                yield from _of_call(node, named)


def _of_call(call: ast.Call, named: Mapping[str, Sequence[ast.expr]]) -> Iterator[Message]:
    """Yield the messages of one call; a code that depends on a condition has one for each branch."""
    codes, whats = (_branches(argument, named) for argument in call.args[:2])
    fixes = [_branches(each.value, named) for each in call.keywords if each.arg in ("fix", "hint")]
    name = ast.unparse(call.func).rpartition(".")[2]
    for place in range(max(len(codes), len(whats))):
        code, what = _at(codes, place), _text(_at(whats, place))
        if isinstance(code, ast.Constant) and _CODE.fullmatch(f'"{code.value}"'):
            fix = _text(_at(fixes[0], place)) if fixes else ""
            yield Message(code=str(code.value), what=what, fix=fix, exit_code=_EXITS.get(name))


def _assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """Return the expressions assigned to each name; a pair counts as two assignments."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            pairs: list[tuple[ast.expr, ast.expr]] = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=False))
            for each, given in pairs:
                if isinstance(each, ast.Name):
                    found.setdefault(each.id, []).append(given)
    return found


def _branches(node: ast.expr, named: Mapping[str, Sequence[ast.expr]]) -> list[ast.expr]:
    known = named.get(node.id, [node]) if isinstance(node, ast.Name) else [node]
    return [part for each in known for part in ([each.body, each.orelse] if isinstance(each, ast.IfExp) else [each])]


def _at(branches: Sequence[ast.expr], place: int) -> ast.expr:
    return branches[min(place, len(branches) - 1)]


def _text(node: ast.expr) -> str:
    """Return a text with ``…`` in place of computed values."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return _OPEN.sub(_UNKNOWN, "".join(_text(each) for each in node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    return _UNKNOWN
