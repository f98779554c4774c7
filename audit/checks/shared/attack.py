"""The search for a small change of the input that keeps the prediction and moves the map: the adversary of a check."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from audit.checks.check import Bench, Explained
from audit.checks.shared import perturbation
from audit.errors import InputError, UnitError
from audit.maps import reduce
from audit.record import Original, record

Goal = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Raw maps (n, ...) -> how far they have moved (n,), and the derivative of that with respect to them (n, ...)."""

Name = Literal["top_k", "mass_centre"]


@record
class Attack:
    """What is searched for, and how: within ``budget`` (maximum norm, in units of the input) of every input."""

    goal: Name
    top: float  # share of the largest entries that ``top_k`` takes mass from
    budget: float
    steps: int
    sharpness: float  # of the softplus in place of each rectifier, for the gradient alone
    inside: bool  # whether the inputs keep the range of all inputs


@record
class Found:
    """What an attack reached: the accepted inputs and their maps (n, ...), and the share of steps led by a gradient."""

    inputs: np.ndarray
    maps: np.ndarray
    led: np.ndarray


def search(method: str, bench: Bench, attack: Attack) -> Found:
    """Search within the budget of every input.

    Each step goes along the sign of the gradient of the goal; where there is none, to a random corner of the budget.
    Of all steps that keep the predicted class the one whose map moved farthest is accepted; the input itself if none.
    """
    own, start = bench.explained, bench.maps(method, Original())
    goal = top_k(start, attack.top) if attack.goal == "top_k" else mass_centre(start)
    kept = perturbation.predicted(bench.outputs(own.inputs))
    best, best_maps, farthest = own.inputs, start, goal(start)[0]
    now, maps, led = own.inputs, start, np.zeros(len(start))
    gradient: np.ndarray | None = np.zeros_like(own.inputs)
    for step in range(attack.steps):
        if gradient is not None:  # what has no derivative once has none ever
            gradient = _gradient(method, bench, replace(own, inputs=now), goal(maps)[1], attack.sharpness)
        now, by_gradient = _step(own, now, gradient, attack, step)
        led += by_gradient / attack.steps
        maps = bench.explain(method, replace(own, inputs=now))
        moved = goal(maps)[0]
        accepted = (perturbation.predicted(bench.outputs(now)) == kept) & (moved > farthest)  # False for NaN
        best, best_maps = (_where(accepted, new, old) for new, old in ((now, best), (maps, best_maps)))
        farthest = np.where(accepted, moved, farthest)
    return Found(inputs=best, maps=best_maps, led=led)


def random_signs(method: str, bench: Bench, *, budget: float, inside: bool) -> Found:
    """Move every value by the budget, up or down at random; inputs whose class that changes stay where they are."""
    own, start = bench.explained, bench.maps(method, Original())
    moved = own.inputs + budget * perturbation.signs("random signs", 0, own.ids, own.inputs.shape[1:])
    moved = _within(moved, own, budget, inside)
    kept = perturbation.predicted(bench.outputs(own.inputs)) == perturbation.predicted(bench.outputs(moved))
    maps = bench.explain(method, replace(own, inputs=moved))
    return Found(inputs=_where(kept, moved, own.inputs), maps=_where(kept, maps, start), led=np.zeros(len(maps)))


def on_the_way(method: str, bench: Bench, found: Found, part: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the maps (n, ...) a part of the straight way to what was found, and which keep their class (n,)."""
    own = bench.explained
    inputs = (own.inputs + part * (found.inputs - own.inputs)).astype(np.float32)
    kept = perturbation.predicted(bench.outputs(own.inputs)) == perturbation.predicted(bench.outputs(inputs))
    return bench.explain(method, replace(own, inputs=inputs)), kept


def smallest(similarity: np.ndarray, sizes: np.ndarray, limit: float) -> np.ndarray:
    """Return the size (n,) of the smallest change that takes a map below a limit; infinite where none does.

    Args:
        similarity: (n, places) at equally spaced parts of each change, its whole last; NaN: unknown, thus not below.
        sizes: (n,) of the whole changes.
        limit: on the similarity, which is 1 where nothing changes and linear between known neighbours.
    """
    below = similarity < limit
    first, rows = below.argmax(axis=1), np.arange(len(similarity))
    ahead = np.concatenate([np.ones((len(similarity), 1)), similarity], axis=1)[rows, first]
    fall = ahead - similarity[rows, first]
    part = np.divide(ahead - limit, fall, out=np.ones(len(fall)), where=below.any(axis=1) & np.isfinite(fall))
    return np.where(below.any(axis=1), (first + part) / similarity.shape[1] * sizes, np.inf)


def top_k(start: np.ndarray, share: float) -> Goal:
    """Return the goal of taking mass from the largest entries of the first maps: minus their share of all mass."""
    inside = largest(start, share)

    def goal(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mass, total = _mass(maps)
        held = (mass * inside).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (held[:, None] / total[:, None] - inside) / total[:, None]
            return -held / total, _through(slope, maps)

    return goal


def mass_centre(start: np.ndarray) -> Goal:
    """Return the goal of displacing the centre of mass: its squared distance in pixels from that of the first maps."""
    origin, places = centre(start), _places(start)

    def goal(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        total, here = _mass(maps)[1], centre(maps)
        away = here - origin
        with np.errstate(divide="ignore", invalid="ignore"):
            offset = places[None] - here[:, None]  # (n, P, axes)
            slope = 2 * (offset * away[:, None]).sum(axis=2) / total[:, None]
        return (away**2).sum(axis=1), _through(slope, maps)

    return goal


def centre(maps: np.ndarray) -> np.ndarray:
    """Return the centre of mass (n, 2) of images' maps, (n, 1) of flat inputs' maps, in pixels; NaN without mass."""
    mass, total = _mass(maps)
    with np.errstate(divide="ignore", invalid="ignore"):
        return mass @ _places(maps) / total[:, None]


def largest(maps: np.ndarray, share: float) -> np.ndarray:
    """Return where (n, P) the largest ``share`` of a map's magnitudes are, at least one; ties go to the first."""
    mass = _mass(maps)[0]
    count = max(1, round(share * mass.shape[1]))
    order = np.argsort(-mass, axis=1, kind="stable")[:, :count]
    inside = np.zeros(mass.shape, bool)
    np.put_along_axis(inside, order, True, axis=1)
    return inside


def _gradient(method: str, bench: Bench, at: Explained, slope: np.ndarray, sharpness: float) -> np.ndarray | None:
    """Return the gradient of the goal with respect to the inputs, None where the method has none on a smooth network.

    The smooth network gives the derivative of the map; how the goal changes with the map is known from the map itself.
    """
    try:
        smooth = bench.variant("softplus", level=sharpness).network
        return bench.pullback(method, at, np.nan_to_num(slope).astype(np.float32), network=smooth)
    except (InputError, UnitError):
        return None


def _step(
    own: Explained, now: np.ndarray, gradient: np.ndarray | None, attack: Attack, number: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the next inputs, and which (n,) of them a gradient led to."""
    jump = own.inputs + attack.budget * perturbation.signs("step", number, own.ids, own.inputs.shape[1:])
    if gradient is None:
        return _within(jump, own, attack.budget, attack.inside), np.zeros(len(now))
    flat = gradient.reshape(len(gradient), -1)
    leads = np.isfinite(flat).all(axis=1) & (flat != 0).any(axis=1)
    walked = now + 2 * attack.budget / attack.steps * np.sign(np.nan_to_num(gradient))
    return _within(_where(leads, walked, jump), own, attack.budget, attack.inside), leads.astype(np.float64)


def _within(moved: np.ndarray, own: Explained, budget: float, inside: bool) -> np.ndarray:
    near = np.clip(moved, own.inputs - budget, own.inputs + budget)
    return perturbation.clip(near, own.inputs) if inside else near.astype(np.float32)


def _where(chosen: np.ndarray, new: np.ndarray, old: np.ndarray) -> np.ndarray:
    return np.where(chosen.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def _mass(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the magnitudes (n, P) float64, channels joined by their sum, and their total (n,)."""
    mass = reduce(maps).reshape(len(maps), -1).astype(np.float64)
    return mass, mass.sum(axis=1)


def _places(maps: np.ndarray) -> np.ndarray:
    """Return the position (P, axes) of each pixel, or of each feature."""
    shape = maps.shape[1:3] if maps.ndim == 4 else maps.shape[1:]
    return np.stack([each.ravel() for each in np.indices(shape)], axis=1).astype(np.float64)


def _through(slope: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Return derivatives with respect to magnitudes (n, P) as derivatives with respect to raw maps (n, ...)."""
    if maps.ndim == 2:
        return slope * np.sign(maps)
    direction = np.sign(reduce(maps, sign="signed"))
    return np.broadcast_to((slope.reshape(direction.shape) * direction)[..., None], maps.shape)
