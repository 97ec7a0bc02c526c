"""Two tables, value by value."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types


@dataclass(frozen=True, slots=True)
class ColumnComparison:
    """How many rows of a column were compared, how many held a value, how many differed."""

    name: str
    rows: int
    values: int
    differing: int


def compare_columns(left: pa.Table, right: pa.Table) -> tuple[ColumnComparison, ...]:
    """Compare the columns that both tables have, row by row; both have as many rows.

    Floats are compared by their bits, so 0.0 differs from -0.0, and NaN equals itself. A column
    whose types differ differs in all its rows.
    """
    if left.num_rows != right.num_rows:
        msg = f"{left.num_rows} rows against {right.num_rows}"
        raise ValueError(msg)
    names = [name for name in left.schema.names if name in right.schema.names]
    return tuple(
        ColumnComparison(
            name,
            left.num_rows,
            left.num_rows - left.column(name).null_count,
            _differing(left.column(name), right.column(name)),
        )
        for name in names
    )


def _differing(left: pa.ChunkedArray, right: pa.ChunkedArray) -> int:
    if not left.type.equals(right.type):
        return len(left)
    a, b = _bits(left), _bits(right)
    is_null = pc.and_(pc.is_null(a), pc.is_null(b))
    same = pc.or_(is_null, pc.fill_null(pc.equal(a, b), False))
    return len(left) - int(pc.sum(same, min_count=0).as_py())


def _bits(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.nulls(0, array.type)
    if types.is_float64(array.type):
        return array.view(pa.int64())
    return array.view(pa.int32()) if types.is_float32(array.type) else array
