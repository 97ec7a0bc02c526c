"""Expressions over Arrow batches, in DuckDB."""

from __future__ import annotations

import threading

import duckdb
import pyarrow as pa

from featuresql.engines.duckdb_errors import translated
from featuresql.engines.duckdb_session import naive
from featuresql.engines.utc import utc_schema

REQUEST = "request"


class DuckDBEvaluator:
    """A DuckDB in memory with a cursor for each thread, one thread wide: batches are small."""

    def __init__(self) -> None:
        """Open the engine; nothing outside of it can be reached."""
        self._connection = duckdb.connect(":memory:", config={"threads": "1"})
        self._connection.execute("SET enable_external_access=false; SET lock_configuration=true")
        self._local = threading.local()

    def evaluate(self, statement: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Run a SELECT over the relation `request`, which is `batch`; the rows keep their order."""
        cursor = self._cursor()
        with translated():
            cursor.register(REQUEST, naive(pa.Table.from_batches([batch])))
            table = cursor.sql(statement).to_arrow_table()
        whole = table.cast(utc_schema(table.schema)).combine_chunks()
        batches = whole.to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=whole.schema)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._connection.cursor()
            self._local.cursor = cursor
        return cursor

    def close(self) -> None:
        """Close the engine."""
        self._connection.close()
