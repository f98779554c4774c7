"""Pictures of maps show the right pixels in the right colours."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from audit.report.page.pictures import LEVELS, input_picture, map_picture, palette


def pixels(address: str) -> np.ndarray:
    """Return the colours (H, W, 3) of a data URI."""
    image = Image.open(BytesIO(b64decode(address.split(",")[1])))
    return np.asarray(image.convert("RGB"))


def test_signed_maps_have_white_at_zero_and_opposite_colours_at_their_ends() -> None:
    shown = map_picture(np.array([[-2.0, 0.0], [1.0, 2.0]]), "signed", 96)
    colours = pixels(shown.uri)
    scale = palette("signed")
    assert tuple(colours[0, -1]) == scale[LEVELS // 2]
    assert tuple(colours[0, 0]) == scale[0] and tuple(colours[-1, -1]) == scale[LEVELS - 1]
    assert shown.peak == 2.0 and shown.fault == ""


def test_absolute_maps_run_from_zero_to_their_peak_in_whole_pixels() -> None:
    values = np.linspace(0, 5, 12).reshape(3, 4)
    colours = pixels(map_picture(values, "absolute", 96).uri)
    assert colours.shape == (48, 64, 3)
    centres = colours[8::16, 8::16].reshape(-1, 3)
    scale = [palette("absolute").index(tuple(map(int, colour))) for colour in centres]
    assert (colours == colours[8::16, 8::16].repeat(16, axis=0).repeat(16, axis=1)).all()
    assert scale == [round(value / 5 * (LEVELS - 1)) for value in values.ravel()]


@pytest.mark.parametrize(
    ("values", "fault"),
    [(np.zeros((4, 4)), "constant"), (np.array([[np.nan, 1.0]]), "not finite"), (np.full(3, np.inf), "not finite")],
)
def test_a_map_without_meaning_is_named_not_hidden(values: np.ndarray, fault: str) -> None:
    assert map_picture(values, "absolute", 96).fault == fault


def test_large_maps_shrink_by_averaging_and_small_ones_grow_by_whole_pixels() -> None:
    assert pixels(map_picture(np.eye(200), "absolute", 50).uri).shape == (50, 50, 3)
    assert pixels(map_picture(np.eye(8), "absolute", 50).uri).shape == (64, 64, 3)
    assert pixels(input_picture(np.random.default_rng(0).random((120, 60, 3)), 60)).shape == (60, 30, 3)
    assert pixels(input_picture(np.arange(7.0), 60)).shape == (9, 63, 3)
