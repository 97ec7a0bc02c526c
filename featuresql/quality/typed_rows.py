"""Rows of a properties file -> an Arrow table of typed columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from featuresql.errors import Location, ProjectError, did_you_mean
from featuresql.quality.typed_value import typed_value
from featuresql.spec.column_type import ColumnType
from featuresql.spec.model import Column


def typed_rows(
    rows: Sequence[Mapping[str, object]], columns: Sequence[Column], what: str, location: Location
) -> pa.Table:
    """Return `rows` with exactly `columns`, in that order; what a row does not name is NULL.

    Instants are naive timestamps in UTC. `what` names the rows in errors, such as "the input
    ref('m')". Raises `ProjectError` with code `unknown-column` or `wrong-type`.
    """
    known = [column.name for column in columns]
    for row in rows:
        for name in row:
            if name not in known:
                raise ProjectError(
                    f"{what} has no column '{name}'",
                    code="unknown-column",
                    location=location,
                    hint=did_you_mean(name, known),
                )
    arrays = [_array(rows, column, what, location) for column in columns]
    schema = pa.schema([pa.field(c.name, naive_arrow(c.type)) for c in columns])
    if not columns:  # a table of no columns would have no rows
        return pa.Table.from_batches([], schema=schema)
    return pa.Table.from_arrays(arrays, schema=schema)


def naive_arrow(kind: ColumnType) -> pa.DataType:
    """Return the Arrow type of `kind`, with instants as naive timestamps at any depth."""
    return _naive(kind.arrow)


def _naive(data_type: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(data_type):
        return pa.timestamp("us")
    if pa.types.is_list(data_type):
        return pa.list_(_naive(data_type.value_type))
    if pa.types.is_struct(data_type):
        return pa.struct([pa.field(f.name, _naive(f.type)) for f in data_type])
    return data_type


def _array(
    rows: Sequence[Mapping[str, object]], column: Column, what: str, location: Location
) -> pa.Array:
    values = []
    for number, row in enumerate(rows, 1):
        try:
            values.append(typed_value(row.get(column.name), column.type))
        except ValueError as error:
            raise _wrong(f"{what}, row {number}, '{column.name}': {error}", location) from None
    try:
        return pa.array(values, naive_arrow(column.type))
    except (pa.ArrowException, OverflowError) as error:
        message = f"{what}, '{column.name}': a value does not fit {column.type}: {error}"
        raise _wrong(message, location) from None


def _wrong(message: str, location: Location) -> ProjectError:
    return ProjectError(message, code="wrong-type", location=location)
