"""Other ways of feeding a model: each undoes one mistake, exactly where it can."""

from dataclasses import replace

import numpy as np
import pytest

from audit.datasets.dataset import Dataset
from audit.datasets.preprocess import Application, Preprocess, Rescale
from audit.running.other_feeds import Alternative, alternatives
from tests.plans import spec_of

ENTRY = spec_of("repeatability").dataset
RANDOM = np.random.default_rng(0)
COLOURS = RANDOM.random((20, 6, 6, 3), np.float32)


def named(x: np.ndarray, preprocess: Preprocess | None = None, *, classes: int = 3) -> dict[str, Alternative]:
    data = Dataset(x=x, y=None, ids=np.arange(len(x)).astype(str), class_names=(), name="data")
    entry = replace(ENTRY, preprocess=preprocess)
    stored = None if preprocess is None else replace(data, x=x * 2 + 1)
    return {each.name: each for each in alternatives(entry, data, stored, classes)}


MISTAKES = {
    "the values times 255": COLOURS / 255,
    "the values divided by 255": COLOURS * 255,
    "the channels in reverse order": COLOURS[..., ::-1],
    "height and width exchanged": COLOURS.swapaxes(1, 2),
    "light and dark exchanged": COLOURS.max() + COLOURS.min() - COLOURS,
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_undone(name: str) -> None:
    rows = np.array([3, 0, 19])
    found = named(MISTAKES[name].astype(np.float32))[name].inputs(rows)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, COLOURS[rows], atol=1e-5)


@pytest.mark.parametrize("shape", [(50, 4), (50, 5, 5, 1), (50, 4, 4, 3)])
def test_means_deviations_and_ranges_are_those_of_the_whole_data_set(shape: tuple[int, ...]) -> None:
    x, rows = RANDOM.gamma(2, 3, shape).astype(np.float32), np.arange(50)
    what = "column" if len(shape) == 2 else "channel"
    found, axes = named(x), tuple(range(len(shape) - 1))
    np.testing.assert_allclose(found[f"the mean of each {what} subtracted"].inputs(rows).mean(axes), 0, atol=1e-5)
    standard = found[f"each {what} standardised"].inputs(rows)
    np.testing.assert_allclose((standard.mean(axes), standard.std(axes) - 1), 0, atol=1e-5)
    for name, low in (("0", 0.0), ("-1", -1.0)):
        scaled = found[f"the values brought to {name} to 1"].inputs(rows)
        assert (scaled.min(), scaled.max()) == pytest.approx((low, 1.0), abs=1e-5)


def test_a_feed_that_changes_nothing_is_not_tried() -> None:
    grey = RANDOM.random((9, 4, 4, 1), np.float32)
    grey = (grey - grey.min()) / (grey.max() - grey.min())
    assert "the values brought to 0 to 1" not in named(grey)
    assert "the channels in reverse order" not in named(np.repeat(grey, 3, axis=-1))
    assert "height and width exchanged" not in named(grey + grey.swapaxes(1, 2))


def test_tables_have_no_channels_axes_or_light() -> None:
    assert not [name for name in named(RANDOM.random((9, 4), np.float32)) if "channel" in name or "light" in name]


def test_stored_values_are_tried_where_they_are_preprocessed() -> None:
    found = named(COLOURS, Rescale(scale=0.5, offset=-0.5))["the values as stored, without `preprocess`"]
    np.testing.assert_array_equal(found.inputs(np.arange(3)), COLOURS[:3] * 2 + 1)


@pytest.mark.parametrize("step", [Rescale(), Rescale(scale=1 / 127.5, offset=-1.0)])
@pytest.mark.parametrize("name", ["the values times 255", "the values brought to -1 to 1"])
def test_the_preprocess_that_is_named_does_both_steps(step: Rescale, name: str) -> None:
    stored = (RANDOM.random((20, 4, 4, 1)) * 255).astype(np.float32)
    found = named(step.apply(stored), step)[name]
    words = found.fix.removeprefix("Set `preprocess: {").removesuffix("}` in `dataset`.").split(", ")
    whole = Rescale(**{key: float(value) for key, value in (each.split(": ") for each in words)})
    np.testing.assert_allclose(whole.apply(stored), found.inputs(np.arange(20)), rtol=1e-4, atol=1e-3)


def test_an_application_is_not_composed_but_said() -> None:
    found = named(COLOURS, Application(application="vgg16"))["the values times 255"]
    assert "After the declared `preprocess`" in found.fix


@pytest.mark.parametrize(("classes", "steps"), [(1, [1]), (2, [1]), (5, [1, 4])])
def test_labels_move_by_one_around_the_end(classes: int, steps: list[int]) -> None:
    found = [each for each in named(COLOURS, classes=classes).values() if each.labels is not None]
    labels = np.arange(max(classes, 2))
    moved = [each.labels(labels).tolist() for each in found if each.labels is not None]
    assert moved == [((labels + step) % len(labels)).tolist() for step in steps]


def test_colours_as_applications_standardise_them_from_bytes_and_from_0_to_1() -> None:
    rows = np.arange(20)
    small, large = named(COLOURS), named(COLOURS * 255)
    for name in ("the colours standardised as for ImageNet", "blue first and the means of ImageNet subtracted"):
        np.testing.assert_allclose(small[name].inputs(rows), large[name].inputs(rows), atol=1e-3)
    caffe = Application(application="vgg16").apply(COLOURS * 255)
    np.testing.assert_allclose(small["blue first and the means of ImageNet subtracted"].inputs(rows), caffe, atol=1e-3)
