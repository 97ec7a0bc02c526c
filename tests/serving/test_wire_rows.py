from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featuresql.errors import RequestError
from featuresql.wire.chunks import cut_by_bytes, cut_by_rows
from featuresql.wire.conform import conform
from featuresql.wire.frames import to_table
from featuresql.wire.instants import parse_instant

TIMESTAMP = pa.timestamp("us", tz="UTC")


def conformed(values: pa.Array, target: pa.DataType) -> pa.Array:
    schema = pa.schema([("x", target)])
    return conform(pa.record_batch({"x": values}), schema, what="the spine").column(0)


def refusal_of(values: pa.Array, target: pa.DataType) -> RequestError:
    with pytest.raises(RequestError) as caught:
        conformed(values, target)
    return caught.value


@pytest.mark.parametrize(
    "rows",
    [
        {"a": [1, None], "b": ["x", "y"]},
        pa.table({"a": [1, None], "b": ["x", "y"]}),
        pa.record_batch({"a": [1, None], "b": ["x", "y"]}),
        pl.DataFrame({"a": [1, None], "b": ["x", "y"]}),
        pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": ["x", "y"]}, index=[7, 9]),
        {"a": pa.array([1, None]), "b": np.array(["x", "y"])},
        {"a": pl.Series([1, None]), "b": pd.Series(["x", "y"])},
        pa.table({"a": [1, None], "b": ["x", "y"]}).to_reader(),
    ],
    ids=lambda rows: type(rows).__module__ + "." + type(rows).__name__,
)
def test_rows_of_every_kind_become_one_table(rows: object) -> None:
    assert to_table(rows).to_pydict() == {"a": [1, None], "b": ["x", "y"]}


@pytest.mark.parametrize(
    "rows",
    [None, 7, "text", [1, 2], {"a": "text"}, {"a": [1], "b": [1, 2]}, {"a": [1, "x"]}, {"a": 3}],
)
def test_what_holds_no_rows_is_refused(rows: object) -> None:
    with pytest.raises(RequestError) as caught:
        to_table(rows)
    assert caught.value.code == "rows"
    assert "dict of equal lists" in caught.value.hint


def test_two_columns_of_one_name_are_refused() -> None:
    twice = pa.table([[1], [2]], names=["a", "a"])
    with pytest.raises(RequestError, match="more than once"):
        to_table(twice)
    with pytest.raises(RequestError, match="more than once"):
        conform(twice, pa.schema([("a", pa.int64())]), what="the spine")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2013-07-01T12:00:00Z", datetime(2013, 7, 1, 12, tzinfo=UTC)),
        ("2013-07-01 12:00", datetime(2013, 7, 1, 12, tzinfo=UTC)),
        ("2013-07-01", datetime(2013, 7, 1, tzinfo=UTC)),
        ("2013-07-01T12:00:00.123456+02:00", datetime(2013, 7, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        (datetime(2013, 7, 1), datetime(2013, 7, 1, tzinfo=UTC)),  # noqa: DTZ001 - that is the case
        (
            datetime(2013, 7, 1, tzinfo=timezone(timedelta(hours=-4))),
            datetime(2013, 7, 1, 4, tzinfo=UTC),
        ),
        (pd.Timestamp("2013-07-01", tz="America/New_York"), datetime(2013, 7, 1, 4, tzinfo=UTC)),
    ],
)
def test_instants_are_read_as_utc(value: object, expected: datetime) -> None:
    instant = parse_instant(value)
    assert instant == expected
    assert instant.tzinfo is UTC
    assert type(instant) is datetime


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "",
        7,
        None,
        "2013-07-01T12:00:00.1234567Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-01:00",
        pd.Timestamp("2013-07-01T00:00:00.000000001"),
        pd.NaT,
    ],
)
def test_what_is_no_instant_is_refused(value: object) -> None:
    with pytest.raises(RequestError) as caught:
        parse_instant(value, what="'at'")
    assert caught.value.code == "instant"
    assert "'at'" in caught.value.message


TEXTS = ["AA", None, "Ünï"]


@pytest.mark.parametrize(
    "layout",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())],
)
def test_texts_of_any_layout_become_strings(layout: pa.DataType) -> None:
    column = pa.array(TEXTS, pa.string()).cast(layout)
    result = conformed(column, pa.string())
    assert result.type == pa.string()
    assert result.to_pylist() == TEXTS


@given(
    values=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=5),
    target=st.sampled_from(
        [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint64()]
    ),
)
def test_integers_that_fit_are_converted_and_others_refused(
    values: list[int | None], target: pa.DataType
) -> None:
    column = pa.array(values, pa.int64())
    low, high = (
        (-(2 ** (target.bit_width - 1)), 2 ** (target.bit_width - 1) - 1)
        if pa.types.is_signed_integer(target)
        else (0, 2**target.bit_width - 1)
    )
    if all(value is None or low <= value <= high for value in values):
        assert conformed(column, target).to_pylist() == values
    else:
        assert refusal_of(column, target).code == "lossy-value"


@pytest.mark.parametrize(
    ("column", "target", "code"),
    [
        (pa.array([1.0]), pa.int64(), "wrong-type"),
        (pa.array([True]), pa.int64(), "wrong-type"),
        (pa.array([1]), pa.string(), "wrong-type"),
        (pa.array(["1"]), pa.int64(), "wrong-type"),
        (pa.array([1]), TIMESTAMP, "wrong-type"),
        (pa.array([b"x"]), pa.string(), "wrong-type"),
        (pa.array([[1]]), pa.int64(), "wrong-type"),
        (pa.array([2**53 + 1]), pa.float64(), "lossy-value"),
        (pa.array([0.1]), pa.float32(), "lossy-value"),
        (pa.array([1e300]), pa.float32(), "lossy-value"),
        (pa.array(["1.25"]).cast(pa.decimal128(5, 2)), pa.decimal128(5, 1), "lossy-value"),
        (pa.array([1], pa.timestamp("ns")), TIMESTAMP, "lossy-value"),
        (pa.array([2**62], pa.timestamp("s")), TIMESTAMP, "lossy-value"),
        (pa.array([2**62], pa.timestamp("us")), TIMESTAMP, "instant-range"),
        (pa.array([-62_135_596_800_000_001], TIMESTAMP), TIMESTAMP, "instant-range"),
        (pa.array(["2013-07-01T00:00:00.1234567"]), TIMESTAMP, "lossy-value"),
        (pa.array(["yesterday"]), TIMESTAMP, "lossy-value"),
    ],
)
def test_values_that_would_change_are_refused(
    column: pa.Array, target: pa.DataType, code: str
) -> None:
    error = refusal_of(column, target)
    assert error.code == code
    assert "'x' of the spine" in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("column", "target", "expected"),
    [
        (pa.array([1, None]), pa.float64(), [1.0, None]),
        (pa.array([0.5, None]), pa.float32(), [0.5, None]),
        (pa.array([1.5], pa.float32()), pa.float64(), [1.5]),
        (pa.nulls(2), pa.string(), [None, None]),
        (pa.nulls(1), TIMESTAMP, [None]),
        (
            pa.array([[1, None], None], pa.large_list(pa.int32())),
            pa.list_(pa.int64()),
            [[1, None], None],
        ),
    ],
)
def test_values_that_stay_the_same_are_converted(
    column: pa.Array, target: pa.DataType, expected: object
) -> None:
    assert conformed(column, target).to_pylist() == expected


def test_nan_is_no_loss() -> None:
    result = conformed(pa.array([float("nan"), None]), pa.float32()).to_pylist()
    assert np.isnan(result[0])
    assert result[1] is None


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York", "+02:00"])
def test_timestamps_of_any_unit_and_zone_keep_their_instant(unit: str, zone: str | None) -> None:
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    column = pa.array([1_372_680_000 * scale, None], pa.timestamp(unit, tz=zone))
    result = conformed(column, TIMESTAMP)
    assert result.type == TIMESTAMP
    assert result.to_pylist() == [datetime(2013, 7, 1, 12, tzinfo=UTC), None]


@given(
    st.lists(
        st.none()
        | st.datetimes(
            min_value=datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
            max_value=datetime(9998, 12, 31),  # noqa: DTZ001 - as above
            timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30))]),
        ),
        max_size=5,
    )
)
def test_iso_texts_in_a_column_are_read_as_parse_instant_reads_them(
    instants: list[datetime | None],
) -> None:
    texts = pa.array([None if i is None else i.isoformat() for i in instants], pa.string())
    expected = [None if i is None else parse_instant(i) for i in instants]
    assert conformed(texts, TIMESTAMP).to_pylist() == expected


def test_days_without_a_time_are_midnights() -> None:
    expected = [datetime(2013, 7, 1, tzinfo=UTC)]
    assert conformed(pa.array(["2013-07-01"]), TIMESTAMP).to_pylist() == expected


SCHEMA = pa.schema([("carrier", pa.string()), ("distance", pa.int32()), ("label", pa.float64())])


def test_columns_come_in_the_order_of_the_schema_and_optional_ones_may_be_absent() -> None:
    rows = pa.table({"distance": [1], "carrier": ["AA"]})
    result = conform(rows, SCHEMA, what="the spine", optional=frozenset({"label"}))
    assert result.schema == pa.schema([SCHEMA.field(0), SCHEMA.field(1)])
    assert result.to_pydict() == {"carrier": ["AA"], "distance": [1]}


def test_unknown_and_missing_columns_are_named_with_what_was_meant() -> None:
    with pytest.raises(RequestError) as caught:
        conform(pa.table({"carier": ["AA"]}), SCHEMA, what="the spine")
    assert (caught.value.code, caught.value.hint) == ("unknown-column", "did you mean 'carrier'?")
    with pytest.raises(RequestError) as caught:
        conform(pa.table({"carrier": ["AA"]}), SCHEMA, what="the spine")
    assert caught.value.code == "missing-column"
    assert "'distance'" in caught.value.message


def test_rows_without_rows_conform() -> None:
    empty = pa.table({"carrier": pa.array([], pa.string()), "distance": pa.array([], pa.int64())})
    result = conform(empty, SCHEMA, what="the spine", optional=frozenset({"label"}))
    assert result.num_rows == 0
    assert result.schema.field("distance").type == pa.int32()


@given(st.integers(0, 50), st.integers(1, 60), st.integers(1, 2_000))
def test_pieces_put_together_are_the_batch(rows: int, max_rows: int, max_bytes: int) -> None:
    batch = pa.record_batch({"x": pa.array(range(rows), pa.int64()), "t": ["text"] * rows})
    by_rows = list(cut_by_rows(batch, max_rows))
    assert all(piece.num_rows <= max_rows for piece in by_rows)
    by_bytes = list(cut_by_bytes(batch, max_bytes))
    assert all(
        piece.num_rows == 1 or piece.nbytes <= 2 * max_bytes + 16 for piece in by_bytes if rows
    )
    for pieces in (by_rows, by_bytes):
        assert pa.Table.from_batches(pieces).to_pylist() == batch.to_pylist()
