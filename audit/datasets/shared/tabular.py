"""Reads a table that somebody else wrote: bounded before it is read, never guessed at, opened by us and nobody else."""

import csv
import io
import warnings
from collections import Counter
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from audit.errors import InputError, RefusedError

if TYPE_CHECKING:
    from pandas import DataFrame

_MOST_BYTES = 2**30
_MOST_ROWS = 10_000_000
_MOST_COLUMNS = 10_000
_MOST_CELLS = 2**30
_HEADER = 2**22  # bytes in which the header line must end


def read(path: Path) -> "DataFrame":
    """Return a table with its header's names; the row index counts from 0.

    Raises:
        InputError: it is no table, its rows differ in length, two columns share a name, or Parquet cannot be read here.
        RefusedError: it is larger than a table may be.
    """
    kinds = {".csv": _read_csv, ".parquet": _read_parquet}
    if path.suffix.lower() not in kinds:
        raise InputError("D030", "unsupported kind of table", where=str(path), expected="*.csv or *.parquet")
    try:
        with path.open("rb") as file:  # pandas never sees the path: it would also open URLs and archives
            if path.stat().st_size > _MOST_BYTES:
                raise _too_large(path, f"{path.stat().st_size:,} bytes", f"{_MOST_BYTES:,} bytes")
            frame = kinds[path.suffix.lower()](file, path)
    except OSError as error:
        raise _unreadable(path, error) from error
    if not len(frame):
        raise InputError("D032", "the table has no rows", where=str(path), expected="at least one input")
    return frame


def _read_csv(file: BinaryIO, path: Path) -> "DataFrame":
    import pandas

    names = _header(file, path)
    rows = min(_MOST_ROWS, _MOST_CELLS // len(names))
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)  # values beyond the header would be dropped
            frame = pandas.read_csv(file, index_col=False, nrows=rows + 1, low_memory=False, encoding="utf-8-sig")
    except (pandas.errors.ParserWarning, ValueError) as error:  # parser and decoding errors are value errors
        raise _unreadable(path, error) from error
    if len(frame) > rows:
        raise _too_large(path, f"more than {rows:,} rows of {len(names)} columns", f"{rows:,} rows")
    return frame


def _header(file: BinaryIO, path: Path) -> list[str]:
    line = file.readline(_HEADER)
    if len(line) == _HEADER:
        raise _too_large(path, "a header line without a line break", f"{_HEADER:,} bytes in the header line")
    try:
        names = next(csv.reader(io.StringIO(line.decode("utf-8-sig")), strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error) from error
    _check_names(names, path)
    return names


def _read_parquet(file: BinaryIO, path: Path) -> "DataFrame":
    if find_spec("pyarrow") is None:
        raise InputError(
            "D031",
            "reading a Parquet file needs the package `pyarrow`, which is not installed",
            where=str(path),
            fix="pip install pyarrow, or store the table as .csv",
        )
    parquet: Any = import_module("pyarrow.parquet")
    try:
        table = parquet.ParquetFile(file)
        names, rows = list(table.schema_arrow.names), int(table.metadata.num_rows)
        _check_names(names, path)
        if rows > min(_MOST_ROWS, _MOST_CELLS // len(names)):
            raise _too_large(path, f"{rows:,} rows of {len(names)} columns", f"{_MOST_ROWS:,} rows")
        return table.read().to_pandas(ignore_metadata=True)
    except (ValueError, TypeError, NotImplementedError) as error:  # pyarrow's own errors are of these kinds
        raise _unreadable(path, error) from error


def _check_names(names: list[str], path: Path) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if len(names) > _MOST_COLUMNS:
        raise _too_large(path, f"{len(names):,} columns", f"{_MOST_COLUMNS:,} columns")
    if not names:
        raise InputError("D032", "the table has no header", where=str(path), expected="column names in the first line")
    if twice:
        raise InputError("D032", f"two columns have the name `{twice[0]}`", where=str(path), expected="unique names")


def _too_large(path: Path, received: str, expected: str) -> RefusedError:
    return RefusedError(
        "X022",
        "refused to load a table: it is too large",
        where=str(path),
        expected=f"at most {expected}",
        received=received,
        fix="store the explained inputs in a smaller file",
    )


def _unreadable(path: Path, error: Exception) -> InputError:
    text = " ".join(str(error).split())[:300]
    return InputError(
        "D032",
        "cannot read the table",
        where=str(path),
        received=text,
        fix="UTF-8, one header line, and one value per column in each row",
    )
