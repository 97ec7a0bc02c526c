"""Rows of a ticket: JSON values as Arrow columns of a known schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa
from pyarrow import types

from featuresql.errors import RequestError

_WHAT: Final = "the ticket's rows"


def rows_from_json(rows: Mapping[str, list[object]], schema: pa.Schema) -> pa.RecordBatch:
    """Return `rows`, a list of JSON values for each column, with the types of `schema`.

    Dates, times and decimals are texts, instants ISO 8601 texts, which stay texts here. A column
    that `schema` lacks comes as JSON gives it: judging names is not done here.
    Raises `RequestError` with code `wrong-type` or `rows`.
    """
    columns = {
        name: _column(name, values, schema.field(name).type if name in schema.names else None)
        for name, values in rows.items()
    }
    if len({len(column) for column in columns.values()}) > 1:
        raise RequestError(
            f"{_WHAT} have columns of different lengths",
            code="rows",
            hint="give each column one value for each row",
        )
    return pa.record_batch(columns)


def _column(name: str, values: list[object], target: pa.DataType | None) -> pa.Array:
    is_written = target is not None and (
        types.is_temporal(target) or types.is_decimal(target) or types.is_binary(target)
    )
    try:
        if is_written:
            texts = pa.array([None if v is None else str(v) for v in values], pa.string())
            return texts if types.is_timestamp(target) else texts.cast(target)
        return pa.array(values, target)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise RequestError(
            f"column '{name}' of {_WHAT} has a value that is no {target or 'value of one type'}",
            code="wrong-type",
            hint="JSON numbers for numbers, texts for everything else, null for NULL",
        ) from error
