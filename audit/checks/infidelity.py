"""Infidelity: what the map says of a perturbation against what the model does."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from audit.checks.check import Bench, Check, Explained, Judgement, Measurement
from audit.checks.shared import perturbation
from audit.checks.shared.comparison import Share
from audit.checks.shared.curves import DISTANCE
from audit.checks.shared.judgement import Curve, Limits, Target, conclude, point, stopped, values
from audit.declare import declared
from audit.record import Category, Condition, Evidence, Facts, Original, Outcome, Probed

Reading = Literal["sensitivity", "share"]

_READINGS: Mapping[str, tuple[Reading, ...]] = MappingProxyType(
    {"logit / input": ("sensitivity",), "logit": ("share",)}
)
"""How a map predicts a drop, by its unit; both readings are tried of maps of any other unit."""


@declared
class Infidelity(Check):
    """The map must predict how a perturbation of the input changes the explained logit.

    What it does. Perturbs each input many times: by Gaussian noise, or by setting a random square (of flat inputs,
    random features) to ``baseline``. The drop of the explained logit f(x) - f(x - I) is compared with what the map
    says of it. A map in logits per unit of input says the sum of I times the map; a map in logits says the sum of its
    own values over what was removed; of a map without either unit the reading is taken that suits it better. The map
    may be multiplied by one factor per input, at least 0, that suits it best. Infidelity is the mean squared error over
    the mean squared drop.

    Why it matters. A map whose large values are not where the model loses its answer explains something else.

    Expected relation. A perfect map scores 0, a map of zeros 1. The mean over inputs is at most ``at_most``, with the
    upper end of a 95 % interval; one half is this project's choice. On a linear model the gradient scores 0 under noise
    and input times gradient, with removal to 0, under squares.

    How it can mislead. Removal makes inputs that look like nothing the model has seen. Almost every removal costs
    something, so a map that is merely large where the object is scores well: the Pearson correlation of predictions and
    drops (faithfulness) takes that away and stands beside. A wrong sign throughout scores 1, not more, because the
    factor is at least 0; without it (``infidelity without a factor``) only maps in units of the logit can be read. A
    map in logits says nothing of noise.

    Source. Yeh, Hsieh, Suggala, Inouye and Ravikumar 2019, On the (In)fidelity and Sensitivity of Explanations
    (arXiv:1901.09392), with the optimal factor of its section 3.2 and of its released code; faithfulness follows
    Alvarez-Melis and Jaakkola 2018 (arXiv:1806.07538). The division by the mean squared drop is this project's.
    """

    perturbation: Literal["squares", "noise"] = "squares"
    size: Annotated[
        float,
        Field(gt=0, lt=1, description="side of a square as a share of the image's side, or share of flat features"),
    ] = 0.25
    noise: Annotated[float, Field(gt=0, le=10, description="standard deviation, in ranges of the data's values")] = 0.1
    baseline: float = Field(0.0, description="the value of what is removed, in units of the input")
    count: Annotated[int, Field(ge=10, le=10_000, description="perturbations of each input")] = 100
    at_most: float = Field(0.5, ge=0, description="limit on the mean infidelity; a map of zeros has 1")
    undefined_at_most: Share = Field(0.1, description="largest share of inputs without a defined infidelity")

    judged: ClassVar[frozenset[str]] = frozenset({"at_most", "undefined_at_most"})
    controls: ClassVar[Mapping[str, Outcome]] = MappingProxyType({"random_map": "fail"})
    category: ClassVar[Category] = "faithfulness"
    follows: ClassVar[str] = (
        "Its values do not foretell how the output changes when the input does. Do not read them as amounts."
    )
    quantity: ClassVar[str] = "infidelity"

    def conditions(self, facts: Facts) -> tuple[Condition, ...]:
        """Return the one set of perturbations."""
        return (self._probe(),)

    def measure(self, method: str, condition: Condition, bench: Bench) -> Measurement:
        """Compare what one method's maps say of the perturbations with what they do.

        Scores by reading (``sensitivity`` or ``share``), each ``(n,)`` with NaN where undefined: ``infidelity``,
        ``plain_infidelity`` (without a factor), ``factor`` and ``faithfulness``.
        """
        own, maps = bench.explained, bench.maps(method, Original())
        draws = [self._removed(own, number) for number in range(self.count)]
        before = perturbation.explained_logit(bench.outputs(own.inputs), own.targets)
        said: dict[Reading, list[np.ndarray]] = {"sensitivity": [], "share": []}
        drops: list[np.ndarray] = []
        for taken, gone in draws:
            after = bench.outputs((own.inputs - taken).astype(np.float32))
            drops.append(before - perturbation.explained_logit(after, own.targets))
            said["sensitivity"].append(_total(taken * maps))
            said["share"].append(_total(gone * maps))
        readings: tuple[Reading, ...] = ("sensitivity", "share") if self.perturbation == "squares" else ("sensitivity",)
        scores = {
            f"{name}_{reading}": each
            for reading in readings
            for name, each in compare(np.stack(said[reading]), np.stack(drops)).items()
        }
        return Measurement(scores=scores)

    def judge(self, evidence: Sequence[Evidence], facts: Facts) -> Judgement:
        """Judge the mean infidelity in the reading that the map's unit asks for."""
        error = stopped(evidence, self.conditions(facts))
        if error:
            return error
        found = {each.unit.condition: each for each in evidence}
        unit = _unit(found[self._probe()], facts)
        if unit == "logit" and self.perturbation == "noise":
            text = "A map in logits predicts the removal of features, not the effect of noise: use `squares`."
            return Judgement(outcome="inconclusive", code="other-perturbation", reason=text)
        wanted = _READINGS.get(unit, ("sensitivity", "share")) if self.perturbation == "squares" else ("sensitivity",)
        drawn = min((self._values(found, "infidelity", each) for each in wanted), key=_mean)
        reading = drawn.labels[0].rsplit(" ", 1)[-1]
        target = Target(
            name="infidelity",
            relation="at_most",
            threshold=self.at_most,
            places=lambda infidelity: infidelity[:, :, 0],
            words=("of the mean squared drop of the logit unexplained", "unexplained"),
            leads=("The map leaves", "it leaves"),
        )
        doubt = perturbation.too_few(
            drawn.usable, self.undefined_at_most, because="no perturbation changes the logit, or a map is not finite"
        )
        limits = Limits(null_at_most=1, undefined_at_most=self.undefined_at_most, fewest_seeds=1)
        judgement = conclude(drawn, (target,), limits, doubt=doubt)
        plain, faithful = (self._values(found, each, reading) for each in ("plain_infidelity", "faithfulness"))
        beside = f" Read as {reading}; without a factor {_mean(plain):.2g}; faithfulness {_mean(faithful):z.2f}."
        return replace(judgement, reason=judgement.reason + beside, curve=(*judgement.curve, point(faithful, 0)))

    def settings(self) -> dict[str, Any]:
        """Return what changes a unit's scores beside its condition."""
        return {"count": self.count, "baseline": self.baseline}

    def _values(self, found: Mapping[Condition, Evidence], score: str, reading: str) -> Curve:
        bounds = (-1.0, 1.0) if score == "faithfulness" else DISTANCE
        return values(found, [[self._probe()]], [f"{score} as {reading}"], score=f"{score}_{reading}", bounds=bounds)

    def _probe(self) -> Probed:
        return Probed(name=self.perturbation, level=self.size if self.perturbation == "squares" else self.noise)

    def _removed(self, own: Explained, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what is taken from every input, (n, ...), and where: 1 where something is."""
        draws = perturbation.generators(self.perturbation, number, own.ids)
        if self.perturbation == "noise":
            scale = self.noise * perturbation.span(own.inputs)
            taken = scale * np.stack([each.standard_normal(own.inputs.shape[1:]) for each in draws])
            return taken, np.ones_like(taken)
        gone = np.stack([_square(each, own.inputs.shape[1:], self.size) for each in draws])
        return gone * (own.inputs - self.baseline), gone


def compare(said: np.ndarray, drops: np.ndarray) -> dict[str, np.ndarray]:
    """Compare what maps say with what happened, (perturbations, n) each.

    Returns:
        ``infidelity``, ``plain_infidelity``, ``factor`` and ``faithfulness``, (n,) each; NaN where nothing happened, a
        number is not finite or (faithfulness) one of the two does not vary. A map of zeros has infidelity 1.
    """
    together, squared, happened = (said * drops).mean(axis=0), (said**2).mean(axis=0), (drops**2).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(squared > 0, np.maximum(together, 0) / squared, np.where(squared == 0, 0.0, np.nan))
        scaled = ((factor * said - drops) ** 2).mean(axis=0) / happened
        plain = ((said - drops) ** 2).mean(axis=0) / happened
        varied = said.std(axis=0) * drops.std(axis=0)
        covariance = ((said - said.mean(axis=0)) * (drops - drops.mean(axis=0))).mean(axis=0)
        found = {
            "infidelity": scaled,
            "plain_infidelity": plain,
            "factor": factor,
            "faithfulness": covariance / varied,
        }
    return {name: np.where(np.isfinite(each), each, np.nan) for name, each in found.items()}


def _square(generator: np.random.Generator, shape: tuple[int, ...], size: float) -> np.ndarray:
    """Return where (H, W, 1) one square of an image is removed, or which (F,) features are."""
    gone = np.zeros((*shape[:2], 1) if len(shape) == 3 else shape)
    if len(shape) != 3:
        gone[generator.permutation(gone.size)[: max(1, round(size * gone.size))]] = 1
        return gone
    side = max(1, round(size * min(shape[:2])))
    row, column = (int(generator.integers(0, length - side + 1)) for length in shape[:2])
    gone[row : row + side, column : column + side] = 1
    return gone


def _total(parts: np.ndarray) -> np.ndarray:
    return np.asarray(parts, np.float64).reshape(len(parts), -1).sum(axis=1)


def _mean(curve: Curve) -> float:
    usable = curve.similarity[curve.usable]
    return float(usable.mean()) if len(usable) else np.inf


def _unit(evidence: Evidence, facts: Facts) -> str:
    """Return the unit of the method's maps."""
    wanted = dict(evidence.unit.method)
    same = (m for m in facts.methods if m.name == wanted["name"] and m.settings == wanted.get("settings", m.settings))
    return next((each.unit for each in same), "none")
