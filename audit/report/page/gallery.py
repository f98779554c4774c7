"""Stored maps to gallery strips. Which inputs are shown was settled before anything was judged."""

from collections.abc import Mapping, Sequence

import numpy as np

from audit.record import Audit, Evidence, Facts, Gallery, Panel, Probed, Randomized, Strip, Trained

PLACES = 8  # most panels of a strip: what a page can hold side by side

TRAINED = "trained"
"""The label of a map of the audited model, where a strip begins with it."""

_NETWORKS = {"true": "true labels", "permuted": "permuted labels", "other": "the other task", "none": "untrained"}

_RULE = "the first {count} of the explained inputs, in sampling order, fixed before judging"
_THINNED = "; of {total} stages {shown} are shown, evenly spaced, the first and the last among them"


def build(
    audit: Audit,
    evidence: Mapping[tuple[str, str], Sequence[Evidence]],
    images: np.ndarray,
    positions: Sequence[int],
) -> Gallery:
    """Turn stored maps into strips.

    ``evidence`` maps (requirement id, method id) to that verdict's evidence, whose maps are named ``absolute`` and
    ``signed`` like the similarities between them; of several seeds the lowest is shown.
    ``images`` (g, H, W, C) or (g, F) are the shown inputs and ``positions`` (g,) their places among the explained
    inputs; the stored maps are in the same order. Evidence without maps, failed units say, leaves no panel.
    """
    ids = [audit.facts.data.ids[position] for position in positions]
    signs = {facts.id: facts.settings.get("sign") or "absolute" for facts in audit.requirements}
    strips, longest = [], 0
    for (requirement, method), units in evidence.items():
        places = _places(units)
        longest = max(longest, len(places))
        sign = signs.get(requirement, "absolute")
        for shown, (position, name) in enumerate(zip(positions, ids, strict=True)):
            panels = tuple(_panel(audit.facts, unit, sign, (shown, position)) for unit in _thinned(places))
            if panels:
                strips.append(Strip(input_id=name, method=method, requirement=requirement, panels=panels))
    rule = _RULE.format(count=len(ids)) + (_THINNED.format(total=longest, shown=PLACES) if longest > PLACES else "")
    return Gallery(inputs=dict(zip(ids, images, strict=True)), strips=tuple(strips), selection=rule)


def _places(units: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence with maps, one for each place of the curve, in the curve's order."""
    found: dict[tuple[int, int, str], Evidence] = {}
    for unit in sorted(units, key=lambda one: getattr(one.unit.condition, "seed", -1)):
        if unit.maps:
            found.setdefault(_place(unit), unit)
    return [found[place] for place in sorted(found)]


def _place(evidence: Evidence) -> tuple[int, int, str]:
    condition = evidence.unit.condition
    kinds = ("original", "null", "rekeyed", "randomized", "trained", "removed", "probed")
    rank = kinds.index(condition.kind)
    if isinstance(condition, Trained):
        return rank, list(_NETWORKS).index(condition.labels), ""
    if isinstance(condition, Probed):
        return rank, 0, _probe(condition)
    return rank, condition.stage if isinstance(condition, Randomized) else 0, ""


def _probe(condition: Probed) -> str:
    level = f" {condition.level:g}" if condition.level else ""
    return condition.name.replace("_", " ") + level


def _thinned(places: Sequence[Evidence]) -> list[Evidence]:
    if len(places) <= PLACES:
        return list(places)
    return [places[index] for index in np.linspace(0, len(places) - 1, PLACES).round().astype(int)]


def _panel(facts: Facts, evidence: Evidence, sign: str, place: tuple[int, int]) -> Panel:
    """Return one map as it was compared, signed or absolute, and its similarity."""
    shown, position = place
    maps = evidence.maps.get(sign, next(iter(evidence.maps.values())))
    similarity = _similarity(evidence, f"similarity_{sign}", position)
    return Panel(label=_label(facts, evidence), image=np.asarray(maps)[shown], similarity=similarity)


def _similarity(evidence: Evidence, name: str, position: int) -> float | None:
    scores = evidence.scores.get(name)
    value = float("nan") if scores is None else float(np.asarray(scores)[position])
    return value if np.isfinite(value) else None


def _label(facts: Facts, evidence: Evidence) -> str:
    condition = evidence.unit.condition
    if isinstance(condition, Randomized) and condition.stage:
        stages = facts.network.stages if condition.order == "top_down" else facts.network.stages[::-1]
        return stages[condition.stage - 1].name
    if isinstance(condition, Trained):
        return _NETWORKS[condition.labels]
    if isinstance(condition, Probed):
        return _probe(condition)
    places = {"original": "audited model", "null": "noise alone", "rekeyed": "other key", "randomized": TRAINED}
    return places.get(condition.kind, condition.kind)
