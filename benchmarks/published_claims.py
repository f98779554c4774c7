"""The published claims that a small machine can check: what was published, what is measured, and whether it holds.

Each function takes the audits of one spec, one per training seed, and returns rows. Bands are this project's: the
published numbers are those of one training, mostly of ten images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audit.record import Audit, Verdict

MAGNITUDES, SIGNED = "magnitudes", "signed"

CNN = {"guided_backprop": (0.888, 0.773, 0.628, 0.444), "gradient": (0.601, 0.396, 0.106, 0.082)}
MLP = (0.903, 0.823, 0.439, 0.044)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One claim. ``reason`` says why it does not hold, where that is known."""

    number: int
    claim: str
    published: str
    measured: str
    band: str
    holds: bool
    reason: str = ""


def verdict(audit: Audit, requirement: str, method: str) -> Verdict:
    """Return a verdict, a control's too."""
    every = (*audit.verdicts, *(control.verdict for control in audit.controls))
    return next(each for each in every if (each.requirement, each.method) == (requirement, method))


def curve(audit: Audit, requirement: str, method: str, part: str = "similarity") -> np.ndarray:
    """Return the mean similarity (or ``null``) at each re-drawn stage, output first."""
    points = verdict(audit, requirement, method).curve[1:]
    return np.array([np.nan if getattr(point, part) is None else getattr(point, part) for point in points])


def curves(audits: Sequence[Audit], requirement: str, method: str, part: str = "similarity") -> np.ndarray:
    """Return one curve for each training seed: (trainings, stages)."""
    return np.array([curve(audit, requirement, method, part) for audit in audits])


def axioms(audits: Sequence[Audit]) -> list[Row]:
    """Claim 1: which method keeps which axiom, exactly."""
    expected: Mapping[tuple[str, str], str] = {
        ("completeness", "integrated_gradients"): "pass",
        ("completeness", "gradient"): "fail",
        ("sensitivity_a", "integrated_gradients"): "pass",
        ("sensitivity_a", "gradient"): "fail",
        ("sensitivity_a", "input_times_gradient"): "fail",
        ("sensitivity_a", "guided_backprop"): "fail",
        ("sensitivity_b", "integrated_gradients"): "pass",
        ("linearity", "integrated_gradients"): "pass",
        ("linearity", "gradient"): "pass",
        ("linearity", "guided_backprop"): "fail",
        ("symmetry", "integrated_gradients"): "pass",
        ("implementation_invariance", "gradient"): "pass",
        ("implementation_invariance", "integrated_gradients"): "pass",
        ("input_shift", "gradient"): "pass",
        ("input_shift", "guided_backprop"): "pass",
        ("input_shift", "input_times_gradient"): "fail",
        ("input_shift", "integrated_gradients"): "fail",
    }
    (audit,) = audits
    return [_axiom(verdict(audit, *pair), outcome) for pair, outcome in expected.items()]


def _axiom(found: Verdict, outcome: str) -> Row:
    said = {"pass": "keeps it", "fail": "violates it"}
    reason = "" if found.outcome == outcome else found.reason
    return Row(
        number=1,
        claim=f"{found.check}: {found.method}",
        published=said[outcome],
        measured=found.outcome,
        band=outcome,
        holds=found.outcome == outcome,
        reason=reason,
    )


def masked_by_the_input(name: str, audits: Sequence[Audit]) -> list[Row]:
    """Claims 2 and 3: integrated gradients and input x gradient keep 0.993 in magnitude, and that is their null."""
    rows = []
    for method in ("integrated_gradients", "input_times_gradient"):
        found = curves(audits, MAGNITUDES, method)
        gap = np.abs(found - curves(audits, MAGNITUDES, method, "null")).max()
        inside = bool(np.abs(found.mean(axis=0) - 0.992).max() <= 0.004 and gap <= 0.003)
        rows.append(
            Row(
                number=2,
                claim=f"{name}: {method} keeps its magnitudes' ranks at every stage",
                published="0.992 to 0.994",
                measured=f"{_each(found)}; off its null by at most {gap:.4f}",
                band="0.992 +- 0.004, and within 0.003 of the null",
                holds=inside,
            )
        )
        signs = curves(audits, SIGNED, method)
        inside = bool(np.abs(signs.mean(axis=0)[-2:]).max() < 0.12)
        rows.append(
            Row(
                number=3,
                claim=f"{name}: {method} loses its signs after two stages",
                published="0.1 to 0.45, then about 0",
                measured=_each(signs),
                band="last two within 0.12 of 0",
                holds=inside,
                reason="" if inside else _between_trainings(signs),
            )
        )
    return rows


def perceptron(audits: Sequence[Audit]) -> list[Row]:
    """Claims 2, 3, 4 and 7 on the perceptron."""
    guided, others = curves(audits, MAGNITUDES, "guided_backprop").mean(axis=0), ("smoothgrad", "gradient")
    ahead = min((guided - curves(audits, MAGNITUDES, each).mean(axis=0))[:2].min() for each in others)
    path = curves(audits, MAGNITUDES, "integrated_gradients") - curves(audits, MAGNITUDES, "input_times_gradient")
    return [
        *masked_by_the_input("MLP", audits),
        Row(
            number=4,
            claim="MLP: guided backpropagation survives the upper layers, not all of them",
            published=_numbers(MLP),
            measured=f"{_numbers(guided)}; ahead of SmoothGrad and gradient by {ahead:.2f}",
            band="ahead by 0.3 at logits and hidden3, last stage below 0.15",
            holds=bool(ahead >= 0.3 and guided[-1] < 0.15),
        ),
        Row(
            number=7,
            claim="MLP: integrated gradients and input x gradient have one curve",
            published="0.000",
            measured=f"{np.abs(path).max():.4f} at most",
            band="0.005",
            holds=bool(np.abs(path).max() < 0.005),
        ),
    ]


def convolutional(audits: Sequence[Audit]) -> list[Row]:
    """Claims 2, 3, 5, 6, 10 on the convolutional network."""
    guided, gradient = (curves(audits, MAGNITUDES, each) for each in ("guided_backprop", "gradient"))
    off, plain = np.abs(guided.mean(axis=0) - CNN["guided_backprop"]), gradient.mean(axis=0)
    near = bool(np.abs(plain - CNN["gradient"])[:2].max() <= 0.2 and plain[2:].max() < 0.25)
    edges = np.array([curve(audit, MAGNITUDES, "edge_detector") for audit in audits])
    noise = np.abs([curve(audit, SIGNED, "random_map") for audit in audits]).max()
    return [
        *masked_by_the_input("CNN", audits),
        Row(
            number=5,
            claim="CNN: guided backpropagation declines slowly, above the gradient at every stage",
            published=_numbers(CNN["guided_backprop"]),
            measured=_each(guided),
            band="+- 0.12 at each stage, above",
            holds=bool(off.max() <= 0.12 and (guided > gradient).all()),
        ),
        Row(
            number=6,
            claim="CNN: the gradient declines",
            published=_numbers(CNN["gradient"]),
            measured=_each(gradient),
            band="declines; the first two +- 0.2, the last two below 0.25",
            holds=near and bool((np.diff(plain) < 0).all()),
        ),
        Row(
            number=10,
            claim="CNN: the edge map never changes",
            published="1",
            measured=f"{edges.min():.6f} at least",
            band="exactly 1",
            holds=bool((edges == 1).all()),
        ),
        Row(
            number=10,
            claim="CNN: noise resembles nothing",
            published="0",
            measured=f"{noise:.4f} at most",
            band=f"3 / sqrt(n - 1) = {3 / np.sqrt(783):.3f}",
            holds=bool(noise <= 3 / np.sqrt(783)),
        ),
    ]


def recovery(correlations: Mapping[str, np.ndarray]) -> list[Row]:
    """Claim 14: guided backpropagation gives the input back from a random network. Pearson, (seeds, images)."""
    guided, gradient = correlations["guided_backprop"].mean(axis=1), correlations["gradient"].mean(axis=1)
    return [
        Row(
            number=14,
            claim="random convolution, 64 filters: guided backpropagation is the input",
            published="0.88",
            measured=_numbers(guided),
            band="above 0.85",
            holds=bool(guided.min() > 0.85),
        ),
        Row(
            number=14,
            claim="random convolution, 64 filters: the gradient is not",
            published="0.00",
            measured=_numbers(gradient),
            band="within 0.1 of 0",
            holds=bool(np.abs(gradient).max() < 0.1),
        ),
    ]


def gradients_of_noise(audits: Sequence[Audit]) -> list[Row]:
    """Claim 15: two images of uniform noise have nearly unrelated histograms of gradients.

    The images are noise, and the input is a control: its null compares each with shuffled copies of itself.
    """
    mean = float(curves(audits, "cascading_randomization", "input", "shuffled").mean())
    return [
        Row(
            number=15,
            claim="HOG of uniform noise against uniform noise, 299 x 299, 16-pixel cells",
            published="0.078",
            measured=f"{mean:.4f}",
            band="+- 0.01",
            holds=abs(mean - 0.078) <= 0.01,
        )
    ]


def spread(size: int, published: float, similarity: np.ndarray) -> list[Row]:
    """Claim 16: rank correlations of independent maps scatter by 1 / sqrt(n - 1). ``similarity`` of any shape."""
    found, expected = float(similarity.std()), 1 / np.sqrt(size * size - 1)
    return [
        Row(
            number=16,
            claim=f"a random map's similarity scatters, {size} x {size}",
            published=f"{published}",
            measured=f"{found:.5f}",
            band=f"{expected:.5f} +- 10 %",
            holds=abs(found / expected - 1) <= 0.1,
        )
    ]


def complexity(audits: Sequence[Audit]) -> list[Row]:
    """Claim 18: by how much full randomisation raises the complexity of maps, in three groups."""
    published = {
        "gradient": 0.216,
        "smoothgrad": 0.200,
        "integrated_gradients": 0.022,
        "input_times_gradient": 0.020,
        "lrp": -0.025,
    }
    found = {name: _rises(audits, name).mean() for name in published}
    groups = [("gradient", "smoothgrad"), ("integrated_gradients", "input_times_gradient"), ("lrp",)]
    apart = [
        min(found[a] for a in one) > max(found[b] for b in two) for one, two in zip(groups, groups[1:], strict=False)
    ]
    order = Row(
        number=18,
        claim="LeNet: gradient, SmoothGrad > integrated gradients, input x gradient > LRP-z+",
        published="0.20 to 0.22 > 0.02 > -0.02",
        measured=", ".join(f"{k} {v:.3f}" for k, v in found.items()),
        band="the order of the three groups",
        holds=all(apart),
        reason="" if all(apart) else _lower_groups(audits),
    )
    values = [
        Row(
            number=18,
            claim=f"LeNet: rise of {name}",
            published=f"{value}",
            measured=_numbers(_rises(audits, name)),
            band="+- 0.15",
            holds=abs(found[name] - value) <= 0.15,
        )
        for name, value in published.items()
    ]
    return [order, *values]


def _between_trainings(found: np.ndarray) -> str:
    last = np.abs(found[:, -2:]).max(axis=1)
    return f"single trainings keep at most {_numbers(last)} there: they scatter about the end of the band"


def _lower_groups(audits: Sequence[Audit]) -> str:
    lower = {name: _rises(audits, name) for name in ("integrated_gradients", "input_times_gradient", "lrp")}
    said = "; ".join(f"{name} {_numbers(values)}" for name, values in lower.items())
    return f"the two lower groups lie closer together than trainings of one network do ({said})"


def _rises(audits: Sequence[Audit], method: str) -> np.ndarray:
    """Return the mean rise of each training; NaN where it is undefined."""
    found = [verdict(audit, "efficient_mprt", method).curve[-1].similarity for audit in audits]
    return np.array([np.nan if each is None else each for each in found])


def _each(found: np.ndarray) -> str:
    """Return the mean over trainings at each stage, and how far single trainings are from it."""
    return f"{_numbers(found.mean(axis=0))} (trainings +- {np.abs(found - found.mean(axis=0)).max():.3f})"


def _numbers(values: Sequence[float] | np.ndarray) -> str:
    return " ".join(f"{value:.3f}" for value in values)
