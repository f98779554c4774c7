"""A gallery as the page shows it: one block per requirement and input, one row per method, one column per stage."""

from collections.abc import Iterator, Mapping, Sequence

from audit.record import Audit, Gallery, Panel, Sign, Strip, record
from audit.report.page.pictures import input_picture, map_picture
from audit.report.words import finite, kind_of, number

EDGES = (96, 64, 48)  # pixels of a picture's longest edge, the largest first

_CELL = 560  # bytes of a map beside its picture: the text under it, and its description


@record
class Cell:
    """One map: its picture, where its colours end, and what is known of its similarity."""

    uri: str
    alt: str
    similarity: str
    peak: str
    fault: str


@record
class AlbumRow:
    """One method's strip: a cell under each column, None where there is no map."""

    method: str
    kind: str
    control: bool
    cells: tuple[Cell | None, ...]
    scale: Sign


@record
class Block:
    """One input under one requirement: its strips, side by side by stage."""

    requirement: str
    input_id: str
    picture: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[AlbumRow, ...]


@record
class Album:
    """All blocks at one size; ``shrunk`` says in words what was left out to keep the report small."""

    blocks: tuple[Block, ...]
    selection: str
    shrunk: str


def album(audit: Audit, gallery: Gallery, longest: int = EDGES[0], most: int | None = None) -> Album:
    """Return the gallery with pictures of ``longest`` pixels an edge, of the first ``most`` inputs, None for all."""
    shown = list(gallery.inputs)[:most]
    pictures = {name: input_picture(gallery.inputs[name], longest) for name in shown}
    kinds = _kinds(audit)
    blocks = tuple(
        _block(audit, kinds, strips, pictures[name], longest) for (_, name), strips in _groups(gallery, shown).items()
    )
    return Album(blocks=blocks, selection=gallery.selection, shrunk=_shrunk(longest, len(shown), len(gallery.inputs)))


def sizes(audit: Audit, gallery: Gallery, room: int) -> Iterator[tuple[int, int]]:
    """Yield edge and number of inputs that should take at most ``room`` bytes, the best first, no input at last.

    One input stands for all: rendering every map to see that it does not fit takes minutes.
    """
    inputs, each = len(gallery.inputs), 1
    for longest in EDGES:
        each = max(1, _bytes(album(audit, gallery, longest, 1)))
        if inputs * each <= room:
            yield longest, inputs
    fitting = min(inputs, max(0, room) // each)
    while fitting:
        yield EDGES[-1], fitting
        fitting = fitting * 4 // 5
    yield EDGES[-1], 0


def _bytes(made: Album) -> int:
    cells = (cell for block in made.blocks for row in block.rows for cell in row.cells if cell is not None)
    return sum(len(cell.uri) + _CELL for cell in cells)


def _groups(gallery: Gallery, shown: Sequence[str]) -> dict[tuple[str, str], list[Strip]]:
    groups: dict[tuple[str, str], list[Strip]] = {}
    for strip in gallery.strips:
        if strip.input_id in shown:
            groups.setdefault((strip.requirement, strip.input_id), []).append(strip)
    return groups


def _kinds(audit: Audit) -> dict[tuple[str, str], str]:
    """Return how each verdict stands, controls among them, by requirement and method."""
    verdicts = [*audit.verdicts, *(control.verdict for control in audit.controls)]
    return {(verdict.requirement, verdict.method): kind_of(audit, verdict) for verdict in reversed(verdicts)}


def _shrunk(longest: int, shown: int, inputs: int) -> str:
    smaller = [f"maps are reduced to {longest} pixels an edge"] if longest < EDGES[0] else []
    fewer = [f"the first {shown} of {inputs} inputs are shown"] if shown < inputs else []
    said = " and ".join(smaller + fewer)
    return said and f"To keep this file small, {said}."


def _block(
    audit: Audit,
    kinds: Mapping[tuple[str, str], str],
    strips: Sequence[Strip],
    picture: str,
    longest: int,
) -> Block:
    """Return the block of one requirement and input, which all of these strips have."""
    requirement, name = strips[0].requirement, strips[0].input_id
    columns = _columns(strips)
    return Block(
        requirement=requirement,
        input_id=name,
        picture=picture,
        caption=_caption(audit, name),
        columns=columns,
        rows=tuple(_row(audit, kinds, strip, columns, longest) for strip in strips),
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
    names, single = data.class_names, audit.facts.network.classes == 1
    target = 1 if single else data.targets[place]  # a single logit speaks for the second class
    explained = f"explained class: {names[target] if target < len(names) else target}"
    if place >= len(data.labels):
        return explained
    label = data.labels[place]
    return f"label: {names[label] if 0 <= label < len(names) else label}, {explained}"


def _row(
    audit: Audit, kinds: Mapping[tuple[str, str], str], strip: Strip, columns: Sequence[str], longest: int
) -> AlbumRow:
    scale: Sign = "signed" if any((panel.image < 0).any() for panel in strip.panels) else "absolute"
    made = {panel.label: _cell(strip, panel, scale, longest) for panel in strip.panels}
    cells = tuple(made.get(column) for column in columns)
    control = any(method.id == strip.method and method.control for method in audit.facts.methods)
    return AlbumRow(
        method=strip.method,
        kind=kinds.get((strip.requirement, strip.method), "skipped"),
        control=control,
        cells=cells,
        scale=scale,
    )


def _cell(strip: Strip, panel: Panel, scale: Sign, longest: int) -> Cell:
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
