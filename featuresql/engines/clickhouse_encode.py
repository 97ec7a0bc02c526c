"""Arrow as the product has it -> Arrow that ClickHouse reads into columns as it holds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from featuresql.compiler.clickhouse.types import is_composed
from featuresql.errors import EngineError
from featuresql.spec.column_type import ColumnType
from featuresql.spec.model import Column

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2299
_FIRST_INSTANT: Final = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_LAST_INSTANT: Final = datetime(LAST_YEAR, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
_FIRST_DATE: Final = date(FIRST_YEAR, 1, 1)
_LAST_DATE: Final = date(LAST_YEAR, 12, 31)
_NANOSECONDS: Final = 1000


def encode_batch(batch: pa.RecordBatch, columns: Sequence[Column]) -> pa.RecordBatch:
    """Return `batch`, which has `columns` in order, as ClickHouse's tables of them take it.

    Raises `EngineError` with code `instant-range` for a date or an instant that ClickHouse does not
    hold: it would become another one.
    """
    arrays = []
    for array, column in zip(batch.columns, columns, strict=True):
        try:
            arrays.append(encode(array.cast(column.type.arrow), column.type))
        except EngineError as error:
            message = f"'{column.name}': {error.message}"
            raise EngineError(message, code=error.code, hint=error.hint) from None
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns])


def encode(array: pa.Array, kind: ColumnType) -> pa.Array:
    """Return `array`, of the type `kind.arrow`, as `types.held(kind)` is read from Arrow."""
    if is_composed(kind):
        return _composed(array, kind)
    if kind.name in {"TIMESTAMP", "TIMESTAMPTZ"}:
        _check_between(array, _FIRST_INSTANT, _LAST_INSTANT)
    elif kind.name == "DATE":
        _check_between(array, _FIRST_DATE, _LAST_DATE)
    elif kind.name == "INTERVAL":
        return _interval(array)
    elif kind.name == "NULL":
        return pa.nulls(len(array), pa.int32())
    return array


def _composed(array: pa.Array, kind: ColumnType) -> pa.Array:
    """Return an Array of none or one for each list or struct."""
    present = array.is_valid().to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate([[0], np.cumsum(present)]).astype(np.int32))
    known = array.drop_null()
    if kind.element is not None:
        ends = known.offsets.to_numpy()
        values = encode(known.flatten(), kind.element)
        inner = pa.ListArray.from_arrays(pa.array(ends - ends[0]), values)
        return pa.ListArray.from_arrays(offsets, inner)
    parts = [
        encode(part, field) for part, (_, field) in zip(known.flatten(), kind.fields, strict=True)
    ]
    names = [str(place) for place in range(1, len(parts) + 1)]
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(parts, names))


def _check_between(array: pa.Array, low: date, high: date) -> None:
    bounds = pc.min_max(array)
    least, greatest = bounds["min"].value, bounds["max"].value
    first, last = (pa.scalar(bound, array.type).value for bound in (low, high))
    if least is None or (first <= least and greatest <= last):
        return
    raise EngineError(
        f"ClickHouse holds dates and instants of the years {FIRST_YEAR} to {LAST_YEAR} only",
        code="instant-range",
        hint="mend or filter the rows, or use a target whose engine is duckdb",
    )


def _interval(array: pa.Array) -> pa.Array:
    layout = np.dtype([("months", np.int32), ("days", np.int32), ("nanoseconds", np.int64)])
    values = np.zeros(len(array), layout)
    data = array.buffers()[1]
    if data is not None and len(array):
        values = np.frombuffer(data, layout)[array.offset : array.offset + len(array)]
    parts = [
        pa.array(values["months"].astype(np.int64)),
        pa.array(values["days"].astype(np.int64)),
        pa.array(values["nanoseconds"] // _NANOSECONDS),
    ]
    return pa.StructArray.from_arrays(parts, ["1", "2", "3"], mask=array.is_null())
