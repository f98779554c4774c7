"""A preprocessing step is a pure function of the values, and an application is found by either of its names."""

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from audit.datasets.preprocess import Application, Rescale
from audit.errors import InputError

_IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 3, 3, 3)).astype(np.float32)


def test_scale_comes_before_offset() -> None:
    result = Rescale(scale=1 / 127.5, offset=-1).apply(np.array([0.0, 127.5, 255.0], np.float32))
    assert result.dtype == np.float32
    assert np.allclose(result, [-1, 0, 1], atol=1e-6)


@pytest.mark.filterwarnings("error")
def test_a_scale_beyond_float32_gives_infinities_without_a_word() -> None:
    assert np.isinf(Rescale(scale=1e38).apply(np.full((1, 2), 1e3, np.float32))).all()


def test_no_fields_change_nothing() -> None:
    assert np.array_equal(Rescale().apply(_IMAGES), _IMAGES)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("resnet", "resnet"),
        ("ResNet101", "resnet"),
        ("mobilenet_v2", "mobilenet_v2"),
        ("MobileNetV2", "mobilenet_v2"),
        ("EfficientNetB0", "efficientnet"),
    ],
)
def test_an_application_is_keras_own_function_on_a_copy(name: str, module: str) -> None:
    before = _IMAGES.copy()
    result = Application(application=name).apply(_IMAGES)
    assert np.array_equal(_IMAGES, before)
    assert result.dtype == np.float32
    assert np.array_equal(result, getattr(keras.applications, module).preprocess_input(_IMAGES.copy()))


@pytest.mark.parametrize("name", ["mobilenetv22", "mobilenet_2", "MobileNet_V2"])
def test_an_unknown_application_names_the_nearest(name: str) -> None:
    with pytest.raises(InputError, match=f"function for `{name}`") as caught:
        Application(application=name).apply(_IMAGES)
    assert "did you mean `mobilenet_v2`?" in str(caught.value)


@pytest.mark.parametrize("fields", [{"scale": "1"}, {"scale": True}, {"scale": float("nan")}, {"factor": 1.0}])
def test_wrong_fields_are_faults(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Rescale(**fields)  # type: ignore[arg-type]
