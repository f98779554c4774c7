"""What each method of the example gets: verdicts of every outcome, curves that fall or stay, controls that behave."""

from collections.abc import Mapping

import numpy as np

from audit.record import Control, Criterion, Outcome, Point, Verdict
from tests.report.example_facts import REPEAT, SINGLE, STAGES

# Where each method's excess ends, relative to 1 at the trained network; None: not measured at all.
COURSE = {
    "gradient": (0.31, 0.16, 0.08, 0.04, 0.02),
    "input_times_gradient": (0.22, 0.12, 0.07, 0.05, 0.03),
    "integrated_gradients": (0.35, 0.2, 0.1, 0.08, 0.05),
    "smoothgrad": (0.52, 0.41, 0.3, 0.28, 0.24),
    "guided_backprop": (0.95, 0.93, 0.88, 0.8, 0.71),
    "grad_cam": (0.6, None, None, None, None),
    "edge_detector": (1.0, 1.0, 1.0, 1.0, 1.0),
    "random_map": (0.01, -0.01, 0.0, 0.01, -0.005),
    "input": (1.0, 1.0, 1.0, 1.0, 1.0),
}
_OUTCOME: Mapping[str, tuple[Outcome, str]] = {
    "gradient": ("pass", "The mean excess 0.12 and the last 0.02 stay below their thresholds."),
    "input_times_gradient": ("inconclusive", "The null of 0.99 leaves no head-room: judge it on signed maps."),
    "integrated_gradients": ("pass", "The mean excess 0.16 and the last 0.05 stay below their thresholds."),
    "smoothgrad": ("inconclusive", "The interval [0.26, 0.34] straddles 0.30: explain more inputs or draw more seeds."),
    "guided_backprop": ("fail", "After every stage is re-drawn the maps still agree: 0.71 [0.66, 0.75] exceeds 0.30."),
    "grad_cam": ("error", "M014: the network has no convolution left after conv2d_3 was re-drawn."),
}


def verdict(check: str, method: str) -> Verdict:
    """Return what a method gets for a requirement."""
    if check == REPEAT:
        return _repeat(method)
    outcome, reason = _OUTCOME[method]
    waived = "until 2027-01-31 by A. Modeller: replaced in the next release"
    return _cascade(check, method, outcome, reason, waived if (check, method) == (SINGLE, "guided_backprop") else None)


def control(check: str, method: str) -> Control:
    """Return a control that gets the verdict it must."""
    expected: Outcome = "pass" if method == "random_map" else "fail"
    given = _cascade(check, method, expected, f"{method} behaves as it must.")
    return Control(requirement=check, method=method, expected=expected, verdict=given, behaves=True)


def _cascade(check: str, method: str, outcome: Outcome, reason: str, waived: str | None = None) -> Verdict:
    measured = outcome != "error"
    return Verdict(
        requirement=check,
        check=check,
        method=method,
        severity="error",
        outcome=outcome,
        reason=reason,
        criteria=_criteria(method, outcome) if measured else (),
        curve=_curve(method, STAGES),
        inputs=100,
        seeds=5,
        undefined=0 if measured else 400,
        total=2500,
        waived=waived,
    )


def _criteria(method: str, outcome: Outcome) -> tuple[Criterion, ...]:
    course = [value for value in COURSE[method] if value is not None]
    found = (("mean", 0.5, float(np.mean(course))), ("last", 0.3, course[-1]))
    return tuple(
        Criterion(
            name=name,
            relation="at_most",
            threshold=threshold,
            statistic=value,
            interval=(value - 0.04, value + 0.04),
            outcome=outcome,
            p_value=0.0004 if outcome == "pass" else 0.31,
            p_adjusted=0.002 if outcome == "pass" else 0.8,
        )
        for name, threshold, value in found
    )


def _curve(method: str, stages: tuple[str, ...]) -> tuple[Point, ...]:
    null = 0.99 if method == "input_times_gradient" else 0.03
    points = [_point("trained", 1.0, null)]
    return (*points, *(_point(name, value, null) for name, value in zip(stages, COURSE[method], strict=True)))


def _point(label: str, excess: float | None, null: float) -> Point:
    if excess is None:
        return Point(label=label, similarity=None, null=None, excess=None, interval=None, undefined=100, total=100)
    similarity = excess * (1 - null) + null
    interval = (excess - 0.05, min(1.0, excess + 0.05))
    return Point(
        label=label, similarity=similarity, null=null, excess=excess, interval=interval, undefined=0, total=500
    )


def _repeat(method: str) -> Verdict:
    stochastic = method == "smoothgrad"
    value = 0.87 if stochastic else 1.0
    outcome: Outcome = "fail" if stochastic else "skipped" if method == "grad_cam" else "pass"
    criterion = Criterion(
        name="value",
        relation="at_least",
        threshold=0.9,
        statistic=value,
        interval=(value - 0.01, value),
        outcome=outcome,
    )
    point = Point(
        label="other key",
        similarity=value,
        null=0.0,
        excess=value,
        interval=(value - 0.01, value),
        undefined=0,
        total=100,
    )
    reasons = {"fail": "Another random key changes the map: 0.87 is below 0.90.", "skipped": "It has no randomness."}
    return Verdict(
        requirement=REPEAT,
        check=REPEAT,
        method=method,
        severity="warning",
        outcome=outcome,
        reason=reasons.get(outcome, "The same key gives the same map."),
        criteria=() if outcome == "skipped" else (criterion,),
        curve=() if outcome == "skipped" else (point,),
        inputs=100,
        seeds=1,
        total=100,
    )
