"""Tables are read within their limits, and nothing in them is run."""

import importlib.util
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.datasets.shared import tabular
from audit.datasets.table import Table
from audit.errors import AuditError, InputError, RefusedError
from tests.datasets.test_table import numbers, saved


@settings(max_examples=200, deadline=None)
@given(content=st.one_of(st.binary(max_size=60), st.text(alphabet='a1,"\n\r =\x00\u2028', max_size=40)))
def test_no_content_escapes_the_errors(tmp_path_factory: pytest.TempPathFactory, content: bytes | str) -> None:
    folder = saved(tmp_path_factory.mktemp("any"), content)
    for source in (Table(path="t.csv"), Table(path="t.csv", label="a"), Table(path="t.csv", train_fraction=0.5)):
        try:
            dataset = source.load(folder)
        except AuditError:
            continue
        assert dataset.x.ndim == 2 and len(dataset.x) == len(dataset.ids) and dataset.x.dtype == np.float32


def test_a_formula_is_text_and_nothing_is_run(tmp_path: Path) -> None:
    dataset = Table(path="t.csv", label="y").load(saved(tmp_path, "a,y\n1,=1+1\n2,@SUM(A1)\n"))
    assert dataset.class_names == ("=1+1", "@SUM(A1)")


def test_too_many_columns_are_refused_before_the_rows_are_read(tmp_path: Path) -> None:
    header = ",".join(f"c{number}" for number in range(10_001))
    with pytest.raises(RefusedError, match="too large") as caught:
        Table(path="t.csv").load(saved(tmp_path, header + "\n" + "1" * 10_000))
    assert (caught.value.code, caught.value.exit_code) == ("X022", 6)


def test_a_header_without_an_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="header line without a line break"):
        Table(path="t.csv").load(saved(tmp_path, "a" * (2**22 + 1)))


def test_too_many_rows_are_refused_without_reading_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "_MOST_ROWS", 10)
    saved(tmp_path, "a\n" + "1\n" * 2_000_000)
    tracemalloc.start()
    with pytest.raises(RefusedError, match="more than 10 rows"):
        Table(path="t.csv").load(tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()
    assert len(Table(path="t.csv").load(saved(tmp_path, "a\n" + "1\n" * 10)).x) == 10


def test_parquet_without_its_reader_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install pyarrow") as caught:
        Table(path="t.parquet").load(saved(tmp_path, b"PAR1", "t.parquet"))
    assert caught.value.code == "D031"


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="Parquet files need pyarrow")
def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    frame = numbers(tmp_path)
    frame["word"] = np.where(frame["y"] > 0, "yes", "no")
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    for label in ("y", "word"):
        csv, parquet = (
            Table(path=f"t.{kind}", label=label, features=("u", "v")).load(tmp_path) for kind in ("csv", "parquet")
        )
        np.testing.assert_allclose(parquet.x, csv.x, rtol=1e-6)
        assert csv.y is not None and parquet.y is not None and parquet.y.tolist() == csv.y.tolist()
        assert parquet.class_names == csv.class_names
    with pytest.raises(InputError, match="cannot read the table"):
        Table(path="t.parquet").load(saved(tmp_path, b"PAR1 and nothing else", "t.parquet"))
