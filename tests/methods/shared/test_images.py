"""Methods for images refuse everything else by their name in the spec."""

import pytest

from audit.errors import InputError
from audit.methods.shared.images import check_images
from tests import networks


def test_images_are_let_through_and_flat_inputs_are_refused_by_name() -> None:
    check_images(networks.cnn(), "rise")
    with pytest.raises(InputError, match="`rise`") as caught:
        check_images(networks.mlp(), "rise")
    assert caught.value.code == "T120" and caught.value.received == "inputs (6,)"
