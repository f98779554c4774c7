"""Stored maps become the right strips, and their pictures show the right pixels."""

from base64 import b64decode
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from audit.record import Condition, Evidence, Original, Randomized, Trained, Unit
from audit.report.figures.curves import plot
from audit.report.figures.text import apart
from audit.report.page.album import album
from audit.report.page.gallery import PLACES, build
from audit.report.page.pictures import LEVELS, input_picture, map_picture, palette
from tests.report import examples


def evidence(condition: Condition, maps: np.ndarray | None, scores: np.ndarray) -> Evidence:
    """Return the evidence of one unit."""
    unit = Unit(check="cascading_randomization", settings={}, method={}, condition=condition, world="")
    kept = {} if maps is None else {"absolute": maps, "signed": -maps}
    return Evidence(
        unit=unit, status="done", scores={"similarity_absolute": scores, "similarity_signed": -scores}, maps=kept
    )


def stage(number: int, seed: int) -> Randomized:
    """Return a cascade's condition."""
    return Randomized(mode="cascading", stage=number, seed=seed)


def pixels(address: str) -> np.ndarray:
    """Return the colours (H, W, 3) of a data URI."""
    image = Image.open(BytesIO(b64decode(address.split(",")[1])))
    return np.asarray(image.convert("RGB"))


def test_strips_follow_the_curve_with_the_lowest_seed() -> None:
    audit = examples.audit()
    names = [found.name for found in audit.facts.network.stages]
    score = np.arange(100) / 100
    units = [evidence(stage(k, s), np.full((2, 4, 4), 10.0 * k + s), score + s) for s in (3, 1) for k in (2, 0, 1)]
    made = build(audit, {("r", "m"): units}, np.zeros((2, 4, 4, 1)), [0, 7])
    assert [strip.input_id for strip in made.strips] == [audit.facts.data.ids[0], audit.facts.data.ids[7]]
    second = made.strips[1]
    assert [panel.label for panel in second.panels] == ["trained", names[0], names[1]]
    assert [float(panel.image[0, 0]) for panel in second.panels] == [1.0, 11.0, 21.0]
    assert [panel.similarity for panel in second.panels] == [1.07] * 3


def test_maps_are_shown_as_the_requirement_compares_them() -> None:
    audit = examples.audit()
    first = audit.requirements[0]
    signed = replace(audit, requirements=(replace(first, settings={"sign": "signed"}),))
    for one, factor in ((audit, 1.0), (signed, -1.0)):
        units = [evidence(stage(0, 0), np.ones((1, 4, 4)), np.ones(100))]
        (panel,) = build(one, {(first.id, "m"): units}, np.zeros((1, 4, 4, 1)), [0]).strips[0].panels
        assert (panel.image[0, 0], panel.similarity) == (factor, factor)


def test_undefined_similarities_and_failed_units_leave_no_number() -> None:
    units = [evidence(Original(), np.zeros((1, 4, 4)), np.full(100, np.nan)), evidence(stage(1, 0), None, np.zeros(0))]
    (strip,) = build(examples.audit(), {("r", "m"): units}, np.zeros((1, 4, 4, 1)), [0]).strips
    assert [panel.similarity for panel in strip.panels] == [None]


def test_long_cascades_keep_their_ends_and_say_so() -> None:
    audit = examples.audit()
    network = audit.facts.network
    deep = replace(audit, facts=replace(audit.facts, network=replace(network, stages=network.stages * 5)))
    for places, kept in ((6, 6), (20, PLACES)):
        units = [evidence(stage(k, 0), np.full((1, 2, 2), float(k)), np.ones(100)) for k in range(places)]
        made = build(deep, {("r", "m"): units}, np.zeros((1, 2, 2, 1)), [0])
        shown = [int(panel.image[0, 0]) for panel in made.strips[0].panels]
        assert len(shown) == kept and shown == sorted(set(shown))
        assert (shown[0], shown[-1]) == (0, places - 1)
        assert ("evenly spaced" in made.selection) == (places > PLACES)


def test_signed_maps_have_white_at_zero_and_opposite_colours_at_their_ends() -> None:
    shown = map_picture(np.array([[-2.0, 0.0], [1.0, 2.0]]), "signed", 96)
    colours = pixels(shown.uri)
    scale = palette("signed")
    assert tuple(colours[0, -1]) == scale[LEVELS // 2]
    assert tuple(colours[0, 0]) == scale[0] and tuple(colours[-1, -1]) == scale[LEVELS - 1]
    assert shown.peak == 2.0 and shown.fault == ""


def test_absolute_maps_run_from_zero_to_their_peak_in_whole_pixels() -> None:
    values = np.linspace(0, 5, 12).reshape(3, 4)
    colours = pixels(map_picture(values, "absolute", 96).uri)
    assert colours.shape == (48, 64, 3)
    centres = colours[8::16, 8::16].reshape(-1, 3)
    scale = [palette("absolute").index(tuple(map(int, colour))) for colour in centres]
    assert (colours == colours[8::16, 8::16].repeat(16, axis=0).repeat(16, axis=1)).all()
    assert scale == [round(value / 5 * (LEVELS - 1)) for value in values.ravel()]


@pytest.mark.parametrize(
    ("values", "fault"),
    [(np.zeros((4, 4)), "constant"), (np.array([[np.nan, 1.0]]), "not finite"), (np.full(3, np.inf), "not finite")],
)
def test_a_map_without_meaning_is_named_not_hidden(values: np.ndarray, fault: str) -> None:
    assert map_picture(values, "absolute", 96).fault == fault


def test_large_maps_shrink_by_averaging_and_small_ones_grow_by_whole_pixels() -> None:
    assert pixels(map_picture(np.eye(200), "absolute", 50).uri).shape == (50, 50, 3)
    assert pixels(map_picture(np.eye(8), "absolute", 50).uri).shape == (64, 64, 3)
    assert pixels(input_picture(np.random.default_rng(0).random((120, 60, 3)), 60)).shape == (60, 30, 3)
    assert pixels(input_picture(np.arange(7.0), 60)).shape == (9, 63, 3)


def test_labels_never_overlap_and_keep_their_order() -> None:
    wanted = [0.99, 1.0, 0.5, 0.51, 0.0, 1.0]
    placed = apart(wanted, gap=0.1)
    ordered = sorted(placed)
    assert all(above - below >= 0.1 - 1e-9 for below, above in zip(ordered, ordered[1:], strict=False))
    assert max(placed) <= 1.0
    assert [placed.index(height) for height in ordered] == sorted(range(6), key=lambda index: wanted[index])


def test_a_verdict_without_numbers_leaves_no_line() -> None:
    verdicts = examples.audit().verdicts
    empty = [verdict for verdict in verdicts if not verdict.curve]
    assert empty and plot(empty, [], "stages") is None


def test_networks_trained_anew_stand_beside_the_audited_model() -> None:
    networks = [Trained(labels=labels, seed=seed) for seed in (1, 0) for labels in ("none", "permuted", "true")]
    conditions = [*networks, Original()]
    units = [evidence(each, np.full((1, 4, 4), float(place)), np.ones(100)) for place, each in enumerate(conditions)]
    (strip,) = build(examples.audit(), {("r", "m"): units}, np.zeros((1, 4, 4, 1)), [0]).strips
    assert [panel.label for panel in strip.panels] == ["audited model", "true labels", "permuted labels", "untrained"]
    assert [float(panel.image[0, 0]) for panel in strip.panels] == [6.0, 5.0, 4.0, 3.0]


def test_maps_stand_under_their_own_stage_where_others_are_missing() -> None:
    gallery = examples.gallery(inputs=1, size=4)
    first, second, *others = gallery.strips
    holed = replace(second, panels=(second.panels[0], *second.panels[3:]))
    (block, _) = album(examples.audit(), replace(gallery, strips=(holed, first, *others)), 96).blocks
    assert block.columns == ("trained", *examples.STAGES)
    whole, shown = block.rows[1].cells, block.rows[0].cells
    assert None not in whole and [cell is None for cell in shown] == [False, True, True, False, False, False]
    assert all(name in cell.alt for name, cell in zip(block.columns, shown, strict=True) if cell)


def test_a_single_logit_is_said_to_explain_the_second_class() -> None:
    whole = examples.audit()
    data = replace(whole.facts.data, class_names=("healthy", "ill"), labels=(0,) * 100, targets=(0,) * 100)
    single = replace(whole.facts, data=data, network=replace(whole.facts.network, classes=1))
    (block, _) = album(replace(whole, facts=single), examples.gallery(inputs=1, size=4), 96).blocks
    assert block.caption == "label: healthy, explained class: ill"
