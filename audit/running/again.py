"""Why a unit is measured again: what changed since the same check, method and condition were measured."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from audit.record import Code, Unit

OTHER_WORLD = "the model, data, recipe, seed, versions or machine changed"


def reasons(missing: Iterable[Unit], stored: Iterable[Unit]) -> dict[str, str]:
    """Return, by key, why units are measured again; nothing for those measured for the first time.

    Args:
        missing: units without evidence.
        stored: units with evidence. The one that differs least from a missing one gives its reason.
    """
    by_subject: dict[str, list[Unit]] = {}
    for unit in stored:
        by_subject.setdefault(_subject(unit), []).append(unit)
    found = {unit.key: _reason(unit, by_subject.get(_subject(unit), ())) for unit in missing}
    return {key: reason for key, reason in found.items() if reason}


def _subject(unit: Unit) -> str:
    """Return the key of a unit's check, method and condition, which stay the same when it is measured again."""
    return replace(unit, world="", code={}).key


def _reason(unit: Unit, before: Sequence[Unit]) -> str:
    """Return the differences from the nearest predecessor: none from the unit itself, which failed or was damaged."""
    return "; ".join(min((_differences(unit, each) for each in before), key=len, default=()))


def _differences(unit: Unit, before: Unit) -> list[str]:
    changed = [code for place, code in unit.code.items() if before.code.get(place) != code]
    code = [_code_changed(changed)] if changed or unit.code.keys() != before.code.keys() else []
    return code + [OTHER_WORLD] * (unit.world != before.world)


def _code_changed(changed: Sequence[Code]) -> str:
    names = dict.fromkeys(f"`{code.name}`{f' ({code.package})' if code.package else ''}" for code in changed)
    return f"the code of {' and '.join(names) or 'a class that it holds'} changed"
