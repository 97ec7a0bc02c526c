"""Rows from outside, whatever frame they come in, as one Arrow table."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from featuresql.errors import RequestError

_HINT = "give a pyarrow Table or RecordBatch, a polars or pandas frame, or a dict of equal lists"


def to_table(rows: object) -> pa.Table:
    """Return `rows` as a table with the columns and the order that they came in.

    `rows` is a pyarrow Table, RecordBatch or RecordBatchReader, a polars or pandas frame, anything
    else with `__arrow_c_stream__`, or a dict of lists, arrays or series. A pandas index is no
    column.

    Raises `RequestError` with code `rows` where `rows` is none of these or its columns do not fit
    together, and with code `duplicate-column` where two columns bear one name.
    """
    try:
        table = _convert(rows)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        reason = str(error).split("\n", 1)[0]
        raise RequestError(f"the rows cannot be read: {reason}", code="rows", hint=_HINT) from error
    names = table.schema.names
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise RequestError(
            f"the rows have the column '{twice[0]}' more than once",
            code="duplicate-column",
            hint="give each column a name of its own",
        )
    return table


def _convert(rows: object) -> pa.Table:
    if isinstance(rows, pa.Table):
        return rows
    if isinstance(rows, pa.RecordBatch):
        return pa.Table.from_batches([rows])
    if isinstance(rows, Mapping):
        return pa.table({str(name): _column(values) for name, values in rows.items()})
    if type(rows).__module__.split(".", 1)[0] == "pandas" and hasattr(rows, "columns"):
        return pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
    if hasattr(rows, "__arrow_c_stream__"):
        return pa.table(rows)
    msg = f"a {type(rows).__name__} holds no rows"
    raise TypeError(msg)


def _column(values: object) -> object:
    if isinstance(values, (str, bytes, Mapping)):
        msg = f"a column is a list of values, found a {type(values).__name__}"
        raise TypeError(msg)
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    return pa.array(values)
