"""Expressions over Arrow batches, in DuckDB."""

from __future__ import annotations

from queue import Empty, SimpleQueue

import duckdb
import pyarrow as pa

from featuresql.engines.duckdb_errors import translated
from featuresql.engines.duckdb_session import naive
from featuresql.engines.utc import utc_schema

REQUEST = "request"


class DuckDBEvaluator:
    """A DuckDB in memory, one thread wide: batches are small.

    Idle cursors wait in a queue, one for each call that ran at the same time. They must not be kept
    in thread-local storage: a Flight server's threads free it after Python's own state is gone.
    """

    def __init__(self) -> None:
        """Open the engine; nothing outside of it can be reached."""
        self._connection = duckdb.connect(":memory:", config={"threads": "1"})
        self._connection.execute("SET enable_external_access=false; SET lock_configuration=true")
        self._idle: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()

    def evaluate(self, statement: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Run a SELECT over the relation `request`, which is `batch`; the rows keep their order."""
        cursor = self._take()
        try:
            with translated():
                cursor.register(REQUEST, naive(pa.Table.from_batches([batch])))
                table = cursor.sql(statement).to_arrow_table()
                cursor.unregister(REQUEST)
        except BaseException:
            cursor.close()
            raise
        self._idle.put(cursor)
        whole = table.cast(utc_schema(table.schema)).combine_chunks()
        batches = whole.to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=whole.schema)

    def _take(self) -> duckdb.DuckDBPyConnection:
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._connection.cursor()

    def close(self) -> None:
        """Close the engine."""
        self._connection.close()
