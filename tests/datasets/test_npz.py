"""What is in the file comes back unchanged; what cannot be read safely is refused before it is read."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.datasets.dataset import validate_training
from audit.datasets.npz import Npz
from audit.errors import InputError, RefusedError


class _Canary:
    """Unpickling it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def _save(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "data.npz", **arrays)
    return folder


def _header(shape: tuple[int, ...], dtype: str = "<f4") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"shape": shape, "fortran_order": False, "descr": dtype})
    return stream.getvalue()


def test_bytes_stay_bytes_and_a_channel_is_added_when_told(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    dataset = Npz(path="data.npz", channels="add").load(_save(tmp_path, x_test=x, y_test=np.arange(5)))
    assert dataset.x.shape == (5, 4, 3, 1) and dataset.x.dtype == np.float32
    assert np.array_equal(dataset.x[..., 0], x)
    assert dataset.y is not None and dataset.y.tolist() == [0, 1, 2, 3, 4]
    assert dataset.ids[3] == "data-x_test-0003"
    assert Npz(path="data.npz").load(tmp_path).x.shape == (5, 4, 3)


def test_arrays_are_read_by_name_from_anywhere(tmp_path: Path) -> None:
    x = np.asfortranarray(np.random.default_rng(0).normal(size=(4, 6)))
    _save(tmp_path, features=x, classes=np.eye(4))
    source = Npz(path=str(tmp_path / "data.npz"), array="features", labels="classes", class_names=("a", "b", "c", "d"))
    dataset = source.load(Path("nowhere"))
    assert np.array_equal(dataset.x, x.astype(np.float32))
    assert dataset.y is not None and dataset.y.tolist() == [0, 1, 2, 3]
    assert dataset.class_names == ("a", "b", "c", "d")


def test_labels_may_be_absent(tmp_path: Path) -> None:
    assert Npz(path="data.npz", labels=None).load(_save(tmp_path, x_test=np.ones((2, 3)))).y is None


def test_a_compressed_file_reads_alike(tmp_path: Path) -> None:
    x = np.arange(12.0).reshape(3, 4)
    np.savez_compressed(tmp_path / "data.npz", x_test=x)
    assert np.array_equal(Npz(path="data.npz", labels=None).load(tmp_path).x, x)


def test_objects_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    _save(tmp_path, x_test=np.array([_Canary(canary)], dtype=object))
    with pytest.raises(RefusedError) as caught:
        Npz(path="data.npz", labels=None).load(tmp_path)
    assert (caught.value.code, caught.value.exit_code) == ("X020", 6)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("shape", "dtype"), [((2**40,), "<f4"), ((2**20, 2**20, 2**20, 2**20), "|u1"), ((3 * 2**30,), "|u1")]
)
def test_an_array_that_claims_too_much_is_refused_before_it_is_allocated(
    tmp_path: Path, shape: tuple[int, ...], dtype: str
) -> None:
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("x_test.npy", _header(shape, dtype))
    with pytest.raises(RefusedError, match="too much memory"):
        Npz(path="data.npz", labels=None).load(tmp_path)


@pytest.mark.parametrize("content", [_header((100,)) + bytes(40), b"\x93NUMPY\x01\x00", b"nothing of the kind", b""])
def test_a_broken_array_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("x_test.npy", content)
    with pytest.raises(InputError, match="cannot read array `x_test`"):
        Npz(path="data.npz", labels=None).load(tmp_path)


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    _save(tmp_path, x_test=np.arange(1000.0))
    content = bytearray((tmp_path / "data.npz").read_bytes())
    content[4000] ^= 1
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(InputError, match="cannot read array"):
        Npz(path="data.npz", labels=None).load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive"])
def test_a_file_that_is_no_archive_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(InputError, match="not an .npz file"):
        Npz(path="data.npz").load(tmp_path)


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        (Npz(path="dta.npz"), "D020", "did you mean `data.npz`?"),
        (Npz(path="elsewhere/data.npz"), "D020", "does not exist"),
        (Npz(path="."), "D020", "is a folder"),
        (Npz(path="data.npz", array="x_tset"), "D022", "did you mean `x_test`?"),
        (Npz(path="data.npz", labels="y"), "D022", "one of x_test, words, number"),
        (Npz(path="data.npz"), "D022", "fix: set the array of labels in `dataset`, or null if there are none"),
        (Npz(path="data.npz", array="words"), "D025", "does not contain numbers"),
        (Npz(path="data.npz", array="number"), "D024", "single number"),
    ],
)
def test_what_is_missing_or_wrong_is_named(tmp_path: Path, source: Npz, code: str, words: str) -> None:
    _save(tmp_path, x_test=np.ones((2, 3)), words=np.array(["a", "b"]), number=np.float32(1))
    with pytest.raises(InputError) as caught:
        source.load(tmp_path)
    assert caught.value.code == code
    assert words in str(caught.value)


def test_a_number_beyond_float32_becomes_infinite_not_an_exception(tmp_path: Path) -> None:
    dataset = Npz(path="data.npz", labels=None).load(_save(tmp_path, x_test=np.array([[1e300], [1.0]])))
    assert np.isinf(dataset.x[0, 0]) and dataset.x[1, 0] == 1


def _both(folder: Path, **more: Any) -> Path:
    x, y = np.arange(48, dtype=np.uint8).reshape(4, 4, 3), np.array([0, 1, 0, 1])
    return _save(folder, **{"x_test": x[:2], "y_test": y[:2], "x_train": x[2:], "y_train": y[2:], **more})


def test_training_arrays_go_through_the_same_steps(tmp_path: Path) -> None:
    source = Npz(path="data.npz", channels="add", class_names=("a", "b"))
    training, test = source.training(_both(tmp_path)), source.load(tmp_path)
    assert training is not None and training.y is not None
    assert training.x.shape == (2, 4, 3, 1) and training.x.dtype == np.float32
    assert np.array_equal(training.x.ravel(), np.arange(24, 48)) and training.y.tolist() == [0, 1]
    assert training.class_names == ("a", "b") and not set(training.ids) & set(test.ids)
    validate_training(training, test)


def test_training_arrays_may_have_other_names(tmp_path: Path) -> None:
    _both(tmp_path, inputs=np.ones((3, 4, 3)), kinds=np.array([[1, 0], [0, 1], [1, 0]]))
    training = Npz(path="data.npz", train_array="inputs", train_labels="kinds").training(tmp_path)
    assert training is not None and training.y is not None
    assert training.x.shape == (3, 4, 3) and training.y.tolist() == [0, 1, 0]


def test_no_training_data_are_known_where_the_file_has_none(tmp_path: Path) -> None:
    assert Npz(path="data.npz").training(_save(tmp_path, x_test=np.ones((2, 3)), y_test=np.arange(2))) is None
    assert Npz(path="data.npz", array="x_train").training(_both(tmp_path)) is None


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"train_array": "x_trian"}, "D022", "did you mean `x_train`?"),
        ({"train_labels": "y_trian"}, "D022", "did you mean `y_train`?"),
        ({"train_labels": "wrong"}, "D004", "0.5 at position 0"),
        ({"train_array": "x_test"}, "D026", "both the training and the explained"),
    ],
)
def test_training_arrays_that_are_missing_or_wrong_are_named(
    tmp_path: Path, fields: dict[str, str], code: str, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        Npz(path="data.npz", **fields).training(_both(tmp_path, wrong=np.array([0.5, 1.0])))  # type: ignore[arg-type]
    assert caught.value.code == code and words in str(caught.value)
