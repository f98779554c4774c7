"""Who excused what, and what was not measured."""

from audit.report.page.findings import gaps, waivers
from tests.report import examples
from tests.report.test_advice import CASCADE, SINGLE


def test_waivers_count_what_they_excuse_and_gaps_name_what_is_missing() -> None:
    granted = {"method": "guided_backprop", "by": "A. Modeller", "reason": "replaced in the next release"}
    declared = [
        {**granted, "check": SINGLE, "until": "2027-01-31"},
        {**granted, "check": CASCADE, "until": "2020-01-01"},
    ]
    whole = examples.audit(spec={"waivers": declared})
    assert [(each.check, each.verdicts) for each in waivers(whole)] == [(SINGLE, 1), (CASCADE, 0)]
    missing = {(gap.what, gap.kind) for gap in gaps(whole)}
    assert missing == {("grad_cam", "Error"), ("grad_cam", "Undefined"), ("grad_cam", "Skipped")}
