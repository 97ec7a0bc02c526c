"""Values of a properties file become values of a column's type, or a clear error."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest

from featuresql.errors import Location, ProjectError
from featuresql.quality.typed_rows import typed_rows
from featuresql.spec.column_type import parse_type
from featuresql.spec.model import Column

HERE = Location("models/tests.yml", 3)
NOON = datetime(2024, 1, 1, 12)  # noqa: DTZ001 - UTC without a zone

GOOD = [
    ("BIGINT", 7, 7),
    ("BIGINT", 7.0, 7),
    ("HUGEINT", 10**30, Decimal(10**30)),
    ("DOUBLE", 1, 1.0),
    ("DOUBLE", "-inf", float("-inf")),
    ("BOOLEAN", True, True),
    ("VARCHAR", "1", "1"),
    ("JSON", "{}", "{}"),
    ("BLOB", "ab", b"ab"),
    ("DECIMAL(9,2)", 1.5, Decimal("1.50")),
    ("DECIMAL(9,2)", "0.10", Decimal("0.10")),
    ("DECIMAL(38,0)", 3, Decimal(3)),
    ("DATE", "2024-01-01", date(2024, 1, 1)),
    ("DATE", date(2024, 1, 1), date(2024, 1, 1)),
    ("TIME", "10:30:00", time(10, 30)),
    ("TIMESTAMP", "2024-01-01 12:00:00", NOON),
    ("TIMESTAMP", "2024-01-01T12:00:00Z", NOON),
    ("TIMESTAMP", "2024-01-01 14:00:00+02:00", NOON),
    ("TIMESTAMP", "2024-01-01 14:00:00 +02:00", NOON),
    ("TIMESTAMP", date(2024, 1, 1), NOON - timedelta(hours=12)),
    ("TIMESTAMP", NOON.replace(tzinfo=UTC), NOON),
    ("TIMESTAMP", NOON.replace(tzinfo=timezone(timedelta(hours=1))), NOON - timedelta(hours=1)),
    ("BIGINT[]", [1, None, 3], [1, None, 3]),
    ("TIMESTAMP[]", ["2024-01-01 12:00:00"], [NOON]),
    ("STRUCT(a BIGINT, b VARCHAR)", {"a": 1}, {"a": 1, "b": None}),
]
BAD = [
    ("BIGINT", "7", "write it without quotes"),
    ("BIGINT", 7.5, "the number 7.5"),
    ("BIGINT", True, "found true"),
    ("TINYINT", 300, "does not fit TINYINT"),
    ("BIGINT", 10**20, "does not fit BIGINT"),
    ("DOUBLE", "much", "the text 'much'"),
    ("DECIMAL(9,2)", 1.234, "does not fit DECIMAL"),
    ("DECIMAL(9,2)", "x", "the text 'x'"),
    ("VARCHAR", 12, "put it in quotes"),
    ("VARCHAR", date(2024, 1, 1), "put it in quotes"),
    ("BOOLEAN", 1, "expected BOOLEAN"),
    ("DATE", "2024-02-30", "the text '2024-02-30'"),
    ("DATE", NOON, "expected DATE"),
    ("TIMESTAMP", "yesterday", "the text 'yesterday'"),
    ("TIMESTAMP", 5, "the number 5"),
    ("BIGINT[]", 5, "expected a list"),
    ("BIGINT[]", ["x"], "the text 'x'"),
    ("STRUCT(abc BIGINT)", {"abd": 1}, "did you mean 'abc'"),
    ("STRUCT(a BIGINT)", [1], "expected a mapping"),
    ("INTERVAL", "1 day", "cannot be written"),
]


def typed(kind: str, *values: object) -> pa.Table:
    columns = (Column("v", parse_type(kind)), Column("other", parse_type("BIGINT")))
    return typed_rows([{"v": value} for value in values], columns, "the input ref('m')", HERE)


@pytest.mark.parametrize(("kind", "value", "expected"), GOOD)
def test_a_value_is_typed_also_after_a_null_in_the_first_row(
    kind: str, value: object, expected: object
) -> None:
    rows = typed(kind, None, value)

    assert rows["v"].to_pylist() == [None, expected]
    assert rows["other"].to_pylist() == [None, None]
    assert rows.column_names == ["v", "other"]


@pytest.mark.parametrize(("kind", "value", "said"), BAD)
def test_a_value_of_another_type_is_refused_at_its_place(
    kind: str, value: object, said: str
) -> None:
    with pytest.raises(ProjectError, match="the input ref") as caught:
        typed(kind, value)

    assert said in str(caught.value)
    assert caught.value.code == "wrong-type"
    assert caught.value.location == HERE


def test_an_unknown_column_names_the_nearest() -> None:
    columns = (Column("carrier", parse_type("VARCHAR")),)
    with pytest.raises(ProjectError, match="has no column 'carier'") as caught:
        typed_rows([{"carier": "AA"}], columns, "the input ref('m')", HERE)

    assert caught.value.hint == "did you mean 'carrier'?"


def test_no_rows_keep_their_types() -> None:
    rows = typed("TIMESTAMP")

    assert rows.num_rows == 0
    assert rows.schema.field("v").type == pa.timestamp("us")
