"""A gallery as the page shows it: one block per requirement and input, one row per method, one column per stage."""

from collections.abc import Sequence

from audit.record import Audit, Gallery, Panel, Strip, record
from audit.report.pictures import Scale, input_picture, map_picture
from audit.report.words import finite, kind_of, number

SIZES = ((96, None), (64, None), (48, None), (48, 4), (48, 2), (48, 1), (48, 0))  # longest edge, most inputs


@record
class Cell:
    """One map: its picture, where its colours end, and what is known of its similarity."""

    uri: str
    alt: str
    similarity: str
    peak: str
    fault: str


@record
class Row:
    """One method's strip: a cell under each column, None where there is no map."""

    method: str
    kind: str
    control: bool
    cells: tuple[Cell | None, ...]
    scale: Scale


@record
class Block:
    """One input under one requirement: its strips, side by side by stage."""

    requirement: str
    input_id: str
    picture: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@record
class Album:
    """All blocks at one size; ``shrunk`` says in words what was left out to keep the report small."""

    blocks: tuple[Block, ...]
    selection: str
    shrunk: str


def album(audit: Audit, gallery: Gallery, step: int) -> Album:
    """Return the gallery at a size: ``step`` 0 is the largest, each further one takes less room."""
    longest, most = SIZES[step]
    shown = list(gallery.inputs)[:most]
    groups: dict[tuple[str, str], list[Strip]] = {}
    for strip in gallery.strips:
        if strip.input_id in shown:
            groups.setdefault((strip.requirement, strip.input_id), []).append(strip)
    pictures = {name: input_picture(gallery.inputs[name], longest) for name in shown}
    blocks = tuple(_block(audit, key, strips, pictures[key[1]], longest) for key, strips in groups.items())
    return Album(blocks=blocks, selection=gallery.selection, shrunk=_shrunk(step, len(gallery.inputs)))


def _shrunk(step: int, inputs: int) -> str:
    longest, most = SIZES[step]
    if step == 0:
        return ""
    fewer = f" and {min(most, inputs)} of {inputs} inputs are shown" if most is not None and most < inputs else ""
    return f"To keep this file small, maps are reduced to {longest} pixels an edge{fewer}."


def _block(audit: Audit, key: tuple[str, str], strips: list[Strip], picture: str, longest: int) -> Block:
    requirement, name = key
    columns = _columns(strips)
    return Block(
        requirement=requirement,
        input_id=name,
        picture=picture,
        caption=_caption(audit, name),
        columns=columns,
        rows=tuple(_row(audit, strip, columns, longest) for strip in strips),
    )


def _columns(strips: Sequence[Strip]) -> tuple[str, ...]:
    """Return every place that any strip shows, in the order of the longest."""
    longest = sorted(strips, key=lambda strip: -len(strip.panels))
    return tuple(dict.fromkeys(panel.label for strip in longest for panel in strip.panels))


def _caption(audit: Audit, name: str) -> str:
    data = audit.facts.data
    if name not in data.ids:
        return "not among the explained inputs"
    place = data.ids.index(name)
    target, names = data.targets[place], data.class_names
    explained = f"explained class: {names[target] if target < len(names) else target}"
    if place >= len(data.labels):
        return explained
    label = data.labels[place]
    return f"label: {names[label] if 0 <= label < len(names) else label}, {explained}"


def _row(audit: Audit, strip: Strip, columns: Sequence[str], longest: int) -> Row:
    scale: Scale = "signed" if any((panel.image < 0).any() for panel in strip.panels) else "absolute"
    verdicts = [*audit.verdicts, *(control.verdict for control in audit.controls)]
    kinds = (kind_of(audit, v) for v in verdicts if (v.requirement, v.method) == (strip.requirement, strip.method))
    made = {panel.label: _cell(strip, panel, scale, longest) for panel in strip.panels}
    cells = tuple(made.get(column) for column in columns)
    control = any(method.id == strip.method and method.control for method in audit.facts.methods)
    return Row(method=strip.method, kind=next(kinds, "skipped"), control=control, cells=cells, scale=scale)


def _cell(strip: Strip, panel: Panel, scale: Scale, longest: int) -> Cell:
    picture = map_picture(panel.image, scale, longest)
    similarity = number(panel.similarity) if finite(panel.similarity) else ""
    said = f"similarity {similarity}" if similarity else "no similarity"
    return Cell(
        uri=picture.uri,
        alt=f"Map of {strip.method} for input {strip.input_id}, {panel.label}: {said}",
        similarity=similarity,
        peak="no peak" if picture.peak is None else f"peak {picture.peak:.2g}",
        fault=picture.fault or ("" if similarity else "undefined"),
    )
