"""Each map stands under its own stage, with its label."""

from dataclasses import replace

from audit.report.page.album import album
from tests.report import examples


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
