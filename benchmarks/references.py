"""Which independent reference each method was compared with, and how far apart the two were, measured.

    python benchmarks/references.py [docs/references.md]

Runs the tests that ``REFERENCES`` names (``make peer`` installs what they need) and records the greatest difference
that their assertions met. ``docs/references.md`` holds the tables below its mark; what stands above is kept.
"""

import argparse
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MARK = "<!-- The tables below are written by benchmarks/references.py. -->"


@dataclass(frozen=True)
class Reference:
    """What a method was compared with: the test that does it, what the other side is, and at which settings."""

    method: str
    test: str
    other: str
    settings: str


def _slow(method: str, test: str, settings: str, other: str = "slow derivation in NumPy") -> Reference:
    return Reference(method, test if "/" in test else f"tests/methods/test_{method}.py::{test}", other, settings)


def _peer(method: str, test: str, settings: str) -> Reference:
    package = {"saliency": "saliency 0.2.1 (PAIR)", "tf_keras_vis": "tf-keras-vis 0.8.7", "shap": "shap 0.51.0"}
    file = test.partition("::")[0]
    return Reference(method, f"tests/peers/test_{test}", package.get(file[:-3], "lime 0.2.0.1"), settings)


REFERENCES = (
    _slow("gradient", "test_it_equals_backpropagation_by_hand", "perceptron"),
    _peer("gradient", "saliency.py::test_gradient", "five networks"),
    _peer("gradient", "tf_keras_vis.py::test_gradient", "five networks, `gradient_modifier=None`"),
    _slow("input_times_gradient", "test_it_is_the_input_times_the_gradient", "our gradient", "its factors"),
    _peer("integrated_gradients", "saliency.py::test_integrated_gradients", "25 and 30 steps, `positions: ends`"),
    _slow("integrated_gradients", "test_attributions_sum_to_the_change_of_the_logit", "400 steps", "completeness"),
    _slow("smoothgrad", "test_it_is_the_mean_over_the_noisy_inputs_its_keys_give", "slow Threefry noise"),
    _peer("smoothgrad", "saliency.py::test_smoothgrad", "40 maps of 10 copies, noise 0.15"),
    _peer("smoothgrad", "tf_keras_vis.py::test_smoothgrad", "40 maps of 10 copies, noise 0.15"),
    _slow(
        "smoothgrad_squared", "test_it_is_the_mean_square_over_the_noisy_copies_its_keys_give", "slow Threefry noise"
    ),
    _peer("smoothgrad_squared", "saliency.py::test_smoothgrad", "`magnitude=True`, which is their default"),
    _slow("vargrad", "test_it_is_the_variance_over_the_noisy_copies_its_keys_give", "slow Threefry noise"),
    _slow("expected_gradients", "test_it_is_the_mean_over_the_points_its_keys_give", "slow Threefry draws"),
    _peer("expected_gradients", "shap.py::test_expected_gradients", "30 maps of 20 samples, 11 references"),
    _slow("guided_integrated_gradients", "test_it_follows_the_papers_algorithm", "the paper's algorithm 1"),
    _peer("guided_integrated_gradients", "saliency.py::test_guided_integrated_gradients", "20 steps, smooth network"),
    _slow(
        "blur_integrated_gradients",
        "test_it_is_the_sum_of_gradients_times_steps_along_the_blurred_images",
        "slow discrete Gaussian",
    ),
    _peer(
        "blur_integrated_gradients", "saliency.py::test_blur_integrated_gradients", "400 steps, their path, our blur"
    ),
    _slow("full_grad", "test_the_map_equals_its_formula", "several networks"),
    _slow("full_grad", "test_input_and_biases_add_up_to_the_logit", "several networks", "completeness"),
    _slow("guided_backprop", "test_it_equals_guided_backpropagation_by_hand_and_not_the_gradient", "perceptron"),
    _slow("deconvnet", "test_it_equals_deconvolution_by_hand_and_not_the_gradient", "perceptron"),
    _slow(
        "lrp",
        "test_it_equals_the_slow_derivation_on_a_convolutional_network_with_batch_normalisation",
        "every composite",
    ),
    _slow("deep_taylor", "test_it_equals_the_slow_derivation_and_hands_on_all_of_a_positive_logit", "bounded and z+"),
    _slow("deep_lift", "test_it_equals_the_slow_derivation", "rescale and reveal-cancel"),
    _peer("deep_lift", "shap.py::test_deep_lift", "rescale, random reference, four networks"),
    _slow("pattern_net", "tests/methods/backward/test_pattern_walk.py", "slow patterns and walk"),
    _slow("pattern_attribution", "tests/methods/backward/test_pattern_walk.py", "slow patterns and walk"),
    _slow("grad_cam", "test_it_equals_its_formula", "two layers, finite differences"),
    _peer("grad_cam", "saliency.py::test_grad_cam", "four networks, before resizing"),
    _peer("grad_cam", "tf_keras_vis.py::test_grad_cam", "four networks, before resizing"),
    _slow("grad_cam_plus_plus", "test_it_equals_its_formula", "two layers, finite differences"),
    _peer("grad_cam_plus_plus", "tf_keras_vis.py::test_grad_cam_plus_plus", "one channel, up to a factor"),
    _slow("score_cam", "test_it_equals_its_formula", "two layers"),
    _slow("layer_cam", "test_it_equals_its_formula", "two layers, finite differences"),
    _peer("layer_cam", "tf_keras_vis.py::test_layer_cam", "four networks, before resizing"),
    _slow("guided_grad_cam", "test_it_is_guided_backprop_times_grad_cam", "one network", "its factors"),
    _slow("cam", "test_it_is_the_weighted_sum_of_the_features_whose_mean_is_the_logit", "one network"),
    _slow("lime", "test_it_is_the_ridge_regression_of_the_paper_on_a_game_with_interactions", "a game of units"),
    _peer("lime", "lime.py::test_the_regression", "300 copies, width 0.25, the same copies"),
    _peer("lime", "lime.py::test_images", "15 explanations of 200 copies, nine cells"),
    _slow("kernel_shap", "test_with_all_coalitions_it_is_the_exact_shapley_value_of_a_game_of_six", "all 720 orders"),
    _peer("kernel_shap", "shap.py::test_kernel_shap_of_every_coalition", "six features, 64 coalitions"),
    _peer("kernel_shap", "shap.py::test_kernel_shap_is_permutation", "six features, 3000 permutations"),
    _slow("anchors", "tests/methods/perturbation/test_kl_lucb.py", "bounds and arms", "slow derivation of its bounds"),
    _slow("xrai", "test_regions_are_ranked_by_the_density_that_each_adds_and_nest", "own regions"),
    _peer("xrai", "saliency.py::test_xrai", "given our regions and integrals; all regions kept"),
    _slow("occlusion", "test_it_is_the_mean_drop_of_the_patches_over_a_pixel", "patches one by one"),
    _peer("occlusion", "saliency.py::test_occlusion", "patch 3, stride 1, five networks"),
    _slow("rise", "test_it_is_the_mean_of_its_masks_weighted_by_the_score", "slow masks"),
    _slow("prediction_difference", "test_it_is_the_mean_gain_over_what_the_window_lets_guess", "windows one by one"),
    _slow(
        "meaningful_perturbation",
        "test_it_deletes_the_patch_that_is_read_and_longer_descents_find_less_loss",
        "known patch",
        "known answer",
    ),
    _slow(
        "extremal_perturbation", "test_the_smooth_mask_is_a_maximum_convolution", "its mask", "slow derivation of it"
    ),
    _slow("sobol", "test_it_is_jansens_estimator_at_the_points_that_the_keys_move", "the same points"),
    _slow("hsic", "test_it_is_the_trace_of_the_centred_kernels", "the same masks"),
    _slow("tf_explain", "test_where_the_definition_is_the_same_so_are_the_maps", "tf-explain itself", "our own method"),
    _slow("tf_keras_vis", "test_their_saliency_is_the_gradient", "tf-keras-vis itself", "our own method"),
    _slow("python", "test_the_function_is_the_code_to_trust", "a user's function", "known answer"),
    _slow("edge_detector", "test_edges_are_the_sobel_magnitude_summed_over_channels", "slow Sobel"),
    _slow("random_map", "test_the_random_map_is_standard_noise_of_each_inputs_own", "moments", "its distribution"),
    _slow("input", "test_the_input_is_itself", "any", "the input"),
    _slow("constant", "test_it_is_one_everywhere_and_so_is_its_noise", "any", "one"),
    _slow("blurred_random", "test_it_is_the_random_map_blurred_by_a_share_of_the_side", "slow blur"),
    _slow("canny", "test_it_gives_the_edges_of_scikit_image", "several widths", "scikit-image's `canny`"),
    _slow("laplacian", "test_it_is_the_difference_from_the_four_neighbours", "any"),
)


@dataclass(eq=False)
class Differences:
    """A plug-in of pytest: how far apart the two sides of each test's assertions were."""

    found: dict[str, float] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    here: str = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: Any) -> Iterator[None]:
        """Measure what ``assert_allclose`` and ``allclose`` accept while a test runs."""
        self.here, patch = item.nodeid, pytest.MonkeyPatch()
        close, equal = np.testing.assert_allclose, np.allclose

        def asserted(actual: Any, desired: Any, *args: Any, **kwargs: Any) -> None:
            close(actual, desired, *args, **kwargs)
            self._add(actual, desired)

        def asked(actual: Any, desired: Any, *args: Any, **kwargs: Any) -> bool:
            answer = equal(actual, desired, *args, **kwargs)
            if answer:
                self._add(actual, desired)
            return answer

        patch.setattr(np.testing, "assert_allclose", asserted)
        patch.setattr(np, "allclose", asked)
        try:
            return (yield)
        finally:
            patch.undo()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep what a test says of itself, and which tests fail."""
        for name, value in report.user_properties if report.when == "call" else ():
            kept = self.errors if name == "z" else self.found
            kept[report.nodeid] = max(kept.get(report.nodeid, 0.0), value)
        if not report.passed:
            self.failed.append(report.nodeid)

    def _add(self, actual: Any, desired: Any) -> None:
        one, other = np.asarray(actual, np.float64), np.asarray(desired, np.float64)
        apart = abs(one - other).max(initial=0.0) / (abs(other).max(initial=0.0) or 1.0)
        self.found[self.here] = max(self.found.get(self.here, 0.0), float(apart))


def table(measured: Differences) -> str:
    """Return the page's table."""
    rows = [f"Measured on {date.today()}, {platform.machine()}, TensorFlow.", ""]
    rows += ["| method | reference | settings | largest difference | test |", "|---|---|---|---|---|"]
    for each in REFERENCES:
        cells = (f"`{each.method}`", each.other, each.settings, _largest(each, measured), f"`{each.test}`")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _largest(reference: Reference, measured: Differences) -> str:
    found, errors = _of(reference, measured.found), _of(reference, measured.errors)
    if errors:
        return f"{max(errors):.1f} standard errors"
    return f"{max(found):.0e}" if found else "the same, or as the test's bound says"


def _of(reference: Reference, values: Mapping[str, float]) -> list[float]:
    return [value for test, value in values.items() if test.startswith(reference.test)]


def main() -> None:
    """Run the tests and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("page", type=Path, nargs="?", default=Path("docs/references.md"))
    page, measured = parser.parse_args().page, Differences()
    files = sorted({each.test.partition("::")[0] for each in REFERENCES})
    words = sorted({each.test.partition("::")[2] for each in REFERENCES if "::" in each.test})
    words += [Path(each.test).stem for each in REFERENCES if "::" not in each.test]
    pytest.main(["-q", "-m", "peer or not exhaustive", "-k", " or ".join(words), *files], plugins=[measured])
    if measured.failed:
        raise SystemExit("not written, since these failed:\n" + "\n".join(measured.failed))
    above = page.read_text(encoding="utf-8").partition(MARK)[0]
    page.write_text(f"{above}{MARK}\n\n{table(measured)}", encoding="utf-8")


if __name__ == "__main__":
    main()
