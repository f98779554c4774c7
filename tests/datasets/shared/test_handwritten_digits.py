"""The parts of the handwritten digits: the test part stands where it always stood."""

import numpy as np

from audit.datasets.shared.handwritten_digits import load_part


def test_train_and_test_share_nothing_and_keep_the_order_of_the_source() -> None:
    whole, train, test = (load_part(part).x.reshape(-1, 64) for part in ("all", "train", "test"))
    places = {row.tobytes(): place for place, row in enumerate(whole)}
    for part in (train, test):
        order = [places[row.tobytes()] for row in part]
        assert order == sorted(order)
    assert (len(train), len(test)) == (1437, 360)
    assert not {row.tobytes() for row in train} & {row.tobytes() for row in test}


def test_ids_and_name_say_which_part() -> None:
    part = load_part("test")
    assert part.name == "digits (test)" and part.ids[3] == "digits-test-0003"
    assert part.x.dtype == np.float32 and part.y is not None and part.y.dtype == np.int32
