"""Arrays in one ``.npz`` file, read by name, without ever running what a file may hold."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Literal

import numpy as np

from audit.datasets.dataset import Dataset, Source
from audit.datasets.shared.files import existing, nearest
from audit.datasets.shared.labels import whole_labels
from audit.declare import declared
from audit.errors import InputError, RefusedError

_LARGEST = 8 * 2**30  # bytes of float32 that one array may claim before anything is allocated
_UNREADABLE = (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)


@declared
class Npz(Source):
    """Inputs and labels from the arrays of an ``.npz`` file, as ``numpy.savez`` writes it.

    Inputs become float32 with their values unchanged (bytes stay 0 to 255: use ``preprocess``). Labels are whole
    numbers or one-hot rows. Files with object arrays are refused: reading them could run code.
    """

    path: str
    """Path of the file, relative to the spec's folder."""

    array: str = "x_test"
    """Name of the array of inputs: (N, H, W, C), (N, F), or (N, H, W) with ``channels: add``."""

    labels: str | None = "y_test"
    """Name of the array of labels; null if there are none."""

    channels: Literal["last", "add"] = "last"
    """``last``: use the inputs as stored; ``add``: (N, H, W) becomes (N, H, W, 1)."""

    train_array: str | None = None
    """Name of the array of training inputs in the same file. Default: ``x_train``, if the file has it."""

    train_labels: str = "y_train"
    """Name of the array of training labels."""

    class_names: tuple[str, ...] = ()
    """Names of the classes, by index."""

    def load(self, root: Path) -> Dataset:
        """Read the arrays.

        Raises:
            InputError: the file or an array is missing, unreadable or no numbers.
            RefusedError: an array holds objects, or claims more than 8 GiB as float32.
        """
        path = existing(root / self.path)
        with _open(path) as archive:
            return self._read(archive, path, self.array, self.labels)

    def training(self, root: Path) -> Dataset | None:
        """Read the training arrays; None where none is named and the file has no ``x_train`` beside the explained one.

        Raises:
            InputError: as for ``load``; or the named array is the one whose inputs are explained.
            RefusedError: as for ``load``.
        """
        path = existing(root / self.path)
        if self.train_array == self.array:
            raise InputError(
                "D026",
                f"array `{self.array}` is used for both the training and the explained inputs",
                where=str(path),
                expected="two arrays without common inputs",
            )
        with _open(path) as archive:
            name = self.train_array or "x_train"
            if self.train_array is None and (name == self.array or f"{name}.npy" not in archive.namelist()):
                return None
            return self._read(archive, path, name, self.train_labels)

    def _read(self, archive: zipfile.ZipFile, path: Path, array: str, labels: str | None) -> Dataset:
        x = _read(archive, path, array, "set the array of inputs in `dataset`")
        without = "set the array of labels in `dataset`, or null if there are none"
        y = None
        if labels is not None:
            y = whole_labels(_read(archive, path, labels, without, beside=array), f"{path}:{labels}")
        with np.errstate(over="ignore"):  # what does not fit becomes infinite, which ``validate`` reports
            x = x.astype(np.float32)
        x = x[..., None] if self.channels == "add" else x
        ids = np.array([f"{path.stem}-{array}-{position:04d}" for position in range(len(x))], np.str_)
        return Dataset(x=x, y=y, ids=ids, class_names=self.class_names, name=path.name)


def _open(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _UNREADABLE as error:
        raise InputError(
            "D021",
            "the data file is not an .npz file",
            where=str(path),
            received=str(error),
            fix="write it with numpy.savez",
        ) from error


def _read(archive: zipfile.ZipFile, path: Path, name: str, otherwise: str, beside: str = "") -> np.ndarray:
    """Return an array; ``otherwise`` is the fix where there is none, nor one of a similar name ``beside`` another."""
    members = archive.namelist()
    if f"{name}.npy" not in members:
        names = [member.removesuffix(".npy") for member in members if member.endswith(".npy")]
        raise InputError(
            "D022",
            f"the data file has no array `{name}`",
            where=str(path),
            expected=f"one of {', '.join(names) or 'no arrays'}",
            fix=nearest(name, [each for each in names if each != beside]) or otherwise,
        )
    try:
        with archive.open(f"{name}.npy") as member:
            _check_header(member, f"{path}:{name}")
        with archive.open(f"{name}.npy") as member:
            array = np.lib.format.read_array(member, allow_pickle=False)
    except _UNREADABLE as error:
        raise InputError("D023", f"cannot read array `{name}`", where=str(path), received=str(error)) from error
    if array.ndim == 0:
        raise InputError("D024", f"array `{name}` is a single number", where=str(path), expected="one row per input")
    return array


def _check_header(member: IO[bytes], where: str) -> None:
    version = np.lib.format.read_magic(member)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(member)
    if dtype.hasobject:
        raise RefusedError(
            "X020",
            "refused to load an array of Python objects: reading it could run code",
            where=where,
            expected="numbers",
            fix="save the array with a numeric dtype",
        )
    if dtype.kind not in "biuf":
        raise InputError(
            "D025", "the array does not contain numbers", where=where, expected="numbers", received=str(dtype)
        )
    claimed = _product(shape) * max(dtype.itemsize, 4)
    if claimed > _LARGEST:
        raise RefusedError(
            "X021",
            "refused to load an array: it would need too much memory",
            where=where,
            expected=f"at most {_LARGEST:,} bytes as float32",
            received=f"{claimed:,} bytes, shape {shape}",
            fix="store the explained inputs in a smaller file",
        )


def _product(shape: Sequence[int]) -> int:
    total = 1
    for size in shape:  # Python numbers: NumPy's product would wrap around
        total *= size
    return total
