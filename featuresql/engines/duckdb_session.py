"""One piece of work on an open DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from types import TracebackType
from typing import Self

import duckdb
import numpy as np
import pyarrow as pa
from sqlglot import exp

from featuresql.compiler.asof import ROW, relation
from featuresql.engines.duckdb_errors import translated
from featuresql.engines.interruptible import interruptible
from featuresql.engines.utc import utc_batches
from featuresql.spec.column_type import parse_type
from featuresql.spec.model import Column

BATCH_ROWS = 65_536


class DuckDBSession:
    """Runs statements on one cursor. Not for use by two threads at once."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, writing: Lock) -> None:
        """Work on `cursor`, which its owner closes; `writing` is held while something is written.

        Two transactions that write the same name at once would fail.
        """
        self._cursor = cursor
        self._writing = writing
        self._readers: list[pa.RecordBatchReader] = []

    def __enter__(self) -> Self:
        """Return this session, to be ended with the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End what is still read: it would keep the file open, and the next to open it waiting."""
        while self._readers:
            self._readers.pop().close()

    def execute(self, statements: Sequence[str]) -> None:
        """Run `statements` in one transaction: all of them or none."""
        with self._writing, translated():
            self._cursor.execute("BEGIN")
            try:
                with interruptible(self._cursor.interrupt):
                    for statement in statements:
                        self._cursor.execute(statement)
            except duckdb.Error:
                self._rollback()
                raise
            except BaseException:
                self._cursor.interrupt()
                self._rollback()
                raise
            self._cursor.execute("COMMIT")

    def _rollback(self) -> None:
        try:
            self._cursor.execute("ROLLBACK")
        except duckdb.TransactionException:
            return

    def query(
        self,
        statement: str,
        inputs: Mapping[str, pa.Table] | None = None,
        columns: Sequence[Column] | None = None,
    ) -> pa.RecordBatchReader:
        """Run one SELECT and stream its rows in batches of up to 65,536."""
        with translated():
            for name, table in (inputs or {}).items():
                self._cursor.register(name, naive(table))
            reader = self._cursor.sql(statement).to_arrow_reader(BATCH_ROWS)
        self._readers.append(reader)
        return utc_batches(reader, columns)

    def relations(self) -> frozenset[tuple[str, str]]:
        """Return (schema, name) of every table and view of the database."""
        with translated():
            rows = self._cursor.execute(
                "SELECT table_schema, table_name FROM information_schema.tables "
                "WHERE table_catalog = current_database()"
            ).fetchall()
        return frozenset((schema, name) for schema, name in rows)

    def views(self) -> Mapping[tuple[str, str], str]:
        """Return the SQL of each view of the database, by (schema, name)."""
        with translated():
            rows = self._cursor.execute(
                "SELECT schema_name, view_name, sql FROM duckdb_views() "
                "WHERE database_name = current_database() AND NOT internal"
            ).fetchall()
        return {(schema, name): text for schema, name, text in rows}

    def columns(self, schema: str, name: str) -> tuple[Column, ...]:
        """Return the columns of a table or view, in order."""
        query = exp.Describe(this=relation(schema, name)).sql("duckdb")
        with translated():
            rows = self._cursor.execute(query).fetchall()
        return tuple(Column(row[0], parse_type(row[1])) for row in rows)

    def load(self, schema: str, name: str, rows: pa.Table) -> None:
        """Make a table of `rows`, in place of what was there; `__row` counts them from 0."""
        count = pa.array(np.arange(rows.num_rows, dtype=np.int64))
        numbered = naive(rows.append_column(ROW, count))
        create = exp.Create(
            this=relation(schema, name),
            kind="TABLE",
            replace=True,
            expression=exp.select("*").from_("loaded"),
        )
        with self._writing, translated():
            self._cursor.register("loaded", numbered)
            self._cursor.execute(create.sql("duckdb"))
            self._cursor.unregister("loaded")


def naive(table: pa.Table) -> pa.Table:
    """Return `table` with its UTC instants as naive timestamps, as models see them."""
    fields = [
        pa.field(f.name, pa.timestamp("us")) if pa.types.is_timestamp(f.type) else f
        for f in table.schema
    ]
    if any(pa.types.is_nested(f.type) for f in table.schema):
        # DuckDB refuses structs that are part of longer ones, as those of a slice are.
        table = table.take(pa.array(np.arange(table.num_rows)))
    return table.cast(pa.schema(fields))
