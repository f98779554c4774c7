"""Stored maps become the right strips, and their pictures show the right pixels."""

from dataclasses import replace

import numpy as np

from audit.record import Condition, Evidence, Original, Randomized, Trained, Unit
from audit.report.page.gallery import PLACES, build
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


def test_networks_trained_anew_stand_beside_the_audited_model() -> None:
    networks = [Trained(labels=labels, seed=seed) for seed in (1, 0) for labels in ("none", "permuted", "true")]
    conditions = [*networks, Original()]
    units = [evidence(each, np.full((1, 4, 4), float(place)), np.ones(100)) for place, each in enumerate(conditions)]
    (strip,) = build(examples.audit(), {("r", "m"): units}, np.zeros((1, 4, 4, 1)), [0]).strips
    assert [panel.label for panel in strip.panels] == ["audited model", "true labels", "permuted labels", "untrained"]
    assert [float(panel.image[0, 0]) for panel in strip.panels] == [6.0, 5.0, 4.0, 3.0]
