"""Meaningful perturbation on scores that read one patch: it is deleted, and longer descents do not lose."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.methods.meaningful_perturbation import MeaningfulPerturbation
from tests import networks
from tests.methods.explain import explain
from tests.methods.one_patch import INPUTS, PATCH, SIZE, inside, outside, reads_one_patch, sigmoid

PLAIN = {"width": 0.01, "jitter": 0, "reference": "zeros", "l2": 0.02}


def _loss(maps: np.ndarray, method: MeaningfulPerturbation) -> np.ndarray:
    """Return what the descent minimises, of masks as found: (B,)."""
    mask = 1 - maps.astype(np.float64)
    down, across = np.diff(mask, axis=1), np.diff(mask, axis=2)
    rough = (abs(down) ** method.power).sum(axis=(1, 2, 3)) + (abs(across) ** method.power).sum(axis=(1, 2, 3))
    kept = (INPUTS * mask)[:, PATCH[0], PATCH[1]].sum(axis=(1, 2, 3)) - 4.0
    return sigmoid(kept) + method.l1 * (1 - mask).mean(axis=(1, 2, 3)) + method.l2 / SIZE * rough


def test_it_deletes_the_patch_that_is_read_and_longer_descents_find_less_loss() -> None:
    found, losses = [], []
    for iterations in (5, 100):
        method = MeaningfulPerturbation(iterations=iterations, **PLAIN)
        found.append(explain(reads_one_patch(), method, INPUTS, 0))
        losses.append(_loss(found[-1], method))
    assert (inside(found[-1]).min(axis=1) > 0.95).all()
    assert (
        np.median(outside(found[-1]), axis=1) < 0.05
    ).all()  # a slope around the patch is smooth, and the rest is kept
    assert (outside(found[-1]).max(axis=1) < 0.6).all()
    assert (losses[1] < losses[0]).all()
    assert found[0].min() >= 0 and found[-1].max() <= 1


def test_with_jitter_blur_and_a_coarse_mask_the_patch_stands_out_as_well() -> None:
    x = INPUTS.copy()
    x[:, 2:4, 3:5] += 2.0  # a blur must take something away
    maps = explain(reads_one_patch(), MeaningfulPerturbation(grid=4, output="logit", l1=5.0, l2=1.0), x, 0)
    assert (inside(maps).mean(axis=1) > outside(maps).mean(axis=1) + 0.2).all()


def test_flat_inputs_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="meaningful_perturbation"):
        MeaningfulPerturbation().attribute(networks.mlp())


def test_its_noise_deletes_the_cells_that_speak_for_a_linear_score_with_noise_for_weights() -> None:
    noise = MeaningfulPerturbation(**PLAIN).noise_map(reads_one_patch(), INPUTS[0], np.random.default_rng(2))
    weights = np.random.default_rng(2).standard_normal(INPUTS.shape[1:], dtype=np.float32)
    assert np.array_equal(noise[..., 0], (weights * INPUTS[0]).sum(axis=-1) > 0)
