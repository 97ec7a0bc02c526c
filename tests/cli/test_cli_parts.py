from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from featuresql.bootstrap import open_workspace
from featuresql.cli.demo import _compare
from featuresql.cli.demo_parts.compare_columns import compare_columns
from featuresql.cli.demo_parts.place_example import place_example
from featuresql.cli.demo_parts.trace_feature import trace_feature
from featuresql.cli.print_result import json_value, print_table
from featuresql.cli.read_rows import read_rows
from featuresql.cli.read_variables import read_variables
from featuresql.cli.show_progress import progress_line
from featuresql.cli.write_rows import ROW_GROUP_ROWS, write_rows
from featuresql.errors import ProjectError, RequestError, TestFailureError
from featuresql.ports import Progress
from featuresql.workflows.compile_models import compile_models


def reader(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(schema, batches)


NUMBERS = pa.schema([pa.field("n", pa.int64())])


def test_a_file_that_fails_midway_leaves_the_old_one_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"old")

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"n": [1]})
        raise RequestError("gone")

    with pytest.raises(Exception, match="gone"):
        write_rows(path, reader(batches(), NUMBERS))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_small_batches_become_large_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    small = pa.record_batch({"n": np.arange(1_000)})
    assert write_rows(path, reader(iter([small] * 300), NUMBERS)) == 300_000
    file = parquet.ParquetFile(path)
    assert file.metadata.num_row_groups == 3
    assert file.metadata.row_group(0).num_rows >= ROW_GROUP_ROWS
    assert file.read()["n"].to_pylist()[:1_001] == [*range(1_000), 0]


@pytest.mark.parametrize("suffix", ["parquet", "csv", "arrow"])
def test_no_rows_are_a_file_with_its_columns(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{suffix}"
    assert write_rows(path, reader(iter(()), NUMBERS)) == 0
    assert read_rows(path, NUMBERS).schema.equals(NUMBERS)


def test_a_csv_file_that_cannot_hold_a_column_says_so(tmp_path: Path) -> None:
    table = pa.table({"n": [[1, 2]]})
    with pytest.raises(RequestError, match="cannot be written"):
        write_rows(tmp_path / "x.csv", table.to_reader())
    assert list(tmp_path.iterdir()) == []


def test_csv_keys_keep_their_text_and_nothing_is_null(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('code,n,t,d\n007,1,2013-07-01,1.50\n,,,\n"",2,2013-07-01T01:00:00Z,2.25\n')
    schema = pa.schema(
        {
            "code": pa.string(),
            "n": pa.int32(),
            "t": pa.timestamp("us", tz="UTC"),
            "d": pa.decimal128(4, 2),
        }
    )
    rows = read_rows(path, schema)
    assert rows["code"].to_pylist() == ["007", None, ""]
    assert rows["n"].to_pylist() == [1, None, 2]
    assert rows["t"].to_pylist() == ["2013-07-01", None, "2013-07-01T01:00:00Z"]
    assert rows["d"].to_pylist() == [Decimal("1.50"), None, Decimal("2.25")]


NAN = float("nan")


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
@pytest.mark.parametrize(
    ("left", "right", "differing"),
    [
        (NAN, NAN, 0),
        (None, None, 0),
        (0.0, -0.0, 1),
        (NAN, None, 1),
        (None, 2.0, 1),
        (1.0, float(np.nextafter(np.float32(1), np.float32(2))), 1),
    ],
)
def test_every_bit_of_a_float_counts_in_a_comparison(
    kind: pa.DataType, left: float | None, right: float | None, differing: int
) -> None:
    ours = pa.table({"x": pa.array([left], kind), "ours": [1]})
    theirs = pa.table({"x": pa.array([right], kind), "theirs": [1]})
    (found,) = compare_columns(ours, theirs)
    assert (found.name, found.rows, found.differing) == ("x", 1, differing)
    assert found.values == (left is not None)


def test_texts_and_instants_are_compared_too() -> None:
    instant = datetime(2013, 7, 1, tzinfo=UTC)
    left = pa.table({"s": ["a", "b", None], "t": [instant, None, instant]})
    right = pa.table({"s": ["a", "c", None], "t": [instant, None, None]})
    assert [c.differing for c in compare_columns(left, right)] == [1, 1]
    assert [c.differing for c in compare_columns(left, left)] == [0, 0]


def test_another_type_differs_everywhere() -> None:
    left, right = pa.table({"n": pa.array([1], pa.int32())}), pa.table({"n": [1]})
    assert compare_columns(left, right)[0].differing == 1


def test_the_demo_fails_where_a_value_differs() -> None:
    table = pa.table({"x": [1.0, 2.0]})
    _compare(table, table)
    with pytest.raises(TestFailureError, match="1 of 2 values differ"):
        _compare(table, pa.table({"x": [1.0, 2.5]}))


def test_the_example_project_is_placed_once_and_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    assert place_example(folder)
    assert (folder / "models/flight_delay.sql").is_file()
    assert (folder / "data/flights.parquet").is_file()
    (folder / "models/flight_delay.sql").write_text("mine")
    assert not place_example(folder)
    assert (folder / "models/flight_delay.sql").read_text() == "mine"


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ProjectError, match="not empty"):
        place_example(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_feature_is_traced_to_its_source_columns(made_project: Path) -> None:
    compiled = compile_models(open_workspace(made_project))
    origin = trace_feature(compiled, "customer_orders", "amount_mean")
    assert origin.path == "models/customer_orders.sql"
    assert origin.expression.startswith("AVG(paid.amount) OVER (PARTITION BY paid.customer_id")
    assert {"orders.amount", "orders.customer_id", "orders.paid_at"} <= set(origin.sources)
    through = trace_feature(compiled, "order_return", "was_returned")
    assert through.sources == ("returns.order_id",)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (0.1, 0.1),
        (datetime(2013, 7, 1, 1, 2, 3, 4, UTC), "2013-07-01T01:02:03.000004+00:00"),
        (Decimal("1.50"), "1.50"),
        (b"\xff", "/w=="),
        ({"a": [1, None, float("inf")]}, {"a": [1, None, "Infinity"]}),
    ],
)
def test_every_value_has_a_form_in_json(value: object, expected: object) -> None:
    assert json_value(value) == expected


def test_a_table_aligns_numbers_right_and_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "rows"), [("a" * 200, 1), ("b", 12_345), ("c", None)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "a" * 200 + "       1"
    assert lines[2] == "b" + " " * 199 + "  12,345"
    assert lines[3] == "c"


def test_variables_are_read_as_in_the_project_file() -> None:
    text = '{window: 2 days, n: 3, day: 2013-07-01, "x": [1, 2], on: "yes"}'
    found = read_variables(text)
    assert (found["window"], found["n"], found["x"]) == ("2 days", 3, [1, 2])
    assert str(found["day"]) == "2013-07-01"
    assert read_variables("") == {}


def test_a_progress_line_says_what_how_and_how_long() -> None:
    built = Progress("run", "a", "done", 1, 9, 1.234, 336_776)
    assert progress_line(built) == "run 1/9 a: done, 336,776 rows, 1.23 s"
    assert progress_line(Progress("run", "b", "kept", 2, 9)) == "run 2/9 b: kept"
