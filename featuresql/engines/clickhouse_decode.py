"""Arrow as ClickHouse writes it -> Arrow as every answer has it.

How ClickHouse holds a value stands in `featuresql.compiler.clickhouse.types`. There is no Python
work for each value: lists are made from offsets, structs by `take`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from featuresql.compiler.clickhouse.types import is_composed
from featuresql.spec.column_type import ColumnType
from featuresql.spec.model import Column

_HEX: Final = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), np.uint8)
_UUID_CHARS: Final = 36
_NANOSECONDS: Final = 1000


def decode_batch(batch: pa.RecordBatch, columns: Sequence[Column]) -> pa.RecordBatch:
    """Return `batch` with exactly the names and Arrow types of `columns`, which it has in order.

    Raises `pyarrow.ArrowInvalid` where a value has no place in its type: text that is no UTF-8, a
    HUGEINT of more than 38 digits.
    """
    arrays = [decode(a, c.type) for a, c in zip(batch.columns, columns, strict=True)]
    schema = pa.schema([pa.field(c.name, c.type.arrow) for c in columns])
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def decode(array: pa.Array, kind: ColumnType) -> pa.Array:
    """Return the values of `array`, held as `types.held(kind)`, with the type `kind.arrow`."""
    if is_composed(kind):
        return _composed(array, kind)
    if kind.name == "NULL":
        return pa.nulls(len(array))
    if kind.name == "HUGEINT":
        return _huge(array)
    if kind.name == "UUID":
        return _uuid_text(array)
    if kind.name == "INTERVAL":
        return _interval(array)
    if pa.types.is_fixed_size_binary(array.type):
        array = array.cast(pa.binary())
    return array.cast(kind.arrow)


def _composed(array: pa.Array, kind: ColumnType) -> pa.Array:
    """Return lists or structs, each of which stands in an Array of none or one."""
    present = np.diff(array.offsets.to_numpy()) > 0
    inner = array.flatten()
    missing = pa.array(~present)
    if kind.element is not None:
        ends = inner.offsets.to_numpy() - inner.offsets[0].as_py() if len(inner) else np.zeros(1)
        counted = np.concatenate([[0], np.cumsum(present)])
        offsets = pa.array(ends.astype(np.int32)[counted])
        values = decode(inner.flatten(), kind.element)
        return pa.ListArray.from_arrays(offsets, values, type=kind.arrow, mask=missing)
    places = pa.array(np.cumsum(present) - 1, mask=~present)
    fields = [
        decode(part, field).take(places)
        for part, (_, field) in zip(inner.flatten(), kind.fields, strict=True)
    ]
    return pa.StructArray.from_arrays(fields, fields=list(kind.arrow), mask=missing)


def _huge(array: pa.Array) -> pa.Array:
    if not pa.types.is_fixed_size_binary(array.type):
        return array.cast(pa.decimal128(38, 0))
    made = pa.Array.from_buffers(
        pa.decimal128(38, 0), len(array), array.buffers(), offset=array.offset
    )
    made.validate(full=True)
    return made


def _uuid_text(array: pa.Array) -> pa.Array:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    count = len(array)
    known = array.is_valid().to_numpy(zero_copy_only=False)
    if not count or not known.any():
        return pa.nulls(count, pa.string())
    start = array.offset * 16
    raw = np.frombuffer(array.buffers()[1], np.uint8)[start : start + count * 16]
    digits = _HEX.reshape(256, 2)[raw].reshape(count, 32)
    text = np.insert(digits, (8, 12, 16, 20), ord("-"), axis=1)
    offsets = np.arange(count + 1, dtype=np.int32) * _UUID_CHARS
    made = pa.StringArray.from_buffers(
        count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text))
    )
    return pc.if_else(pa.array(known), made, None)


def _interval(array: pa.Array) -> pa.Array:
    months, days, microseconds = (
        part.fill_null(0).to_numpy(zero_copy_only=False) for part in array.flatten()
    )
    layout = np.dtype([("months", np.int32), ("days", np.int32), ("nanoseconds", np.int64)])
    values = np.empty(len(array), layout)
    values["months"], values["days"] = months, days
    values["nanoseconds"] = microseconds * _NANOSECONDS
    known = np.packbits(array.is_valid().to_numpy(zero_copy_only=False), bitorder="little")
    buffers = [pa.py_buffer(known), pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.month_day_nano_interval(), len(array), buffers)
