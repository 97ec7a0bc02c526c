"""One piece of work on ClickHouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from featuresql.compiler.asof import ROW
from featuresql.compiler.clickhouse.relations import table_name
from featuresql.compiler.relation_columns import table_columns
from featuresql.compiler.write_sql import write_empty_table
from featuresql.engines.clickhouse_columns import (
    described,
    held_type,
    require_columns,
    split_name,
)
from featuresql.engines.clickhouse_decode import decode_batch
from featuresql.engines.clickhouse_errors import translated
from featuresql.engines.clickhouse_load import insert, replace_table
from featuresql.engines.clickhouse_place import Place, read
from featuresql.errors import EngineError
from featuresql.spec.model import Column

BATCH_ROWS: Final = 65_536
Prepare = Callable[[Client, str], None]


class ClickHouseSession:
    """Runs statements on one client. Not for use by two threads at once."""

    def __init__(self, client: Client, place: Place, prepare: Prepare) -> None:
        """Work on `client`, which its owner closes.

        `prepare` is told of each statement before it runs, so that what it reads can be loaded.
        """
        self._client = client
        self._place = place
        self._prepare = prepare

    def execute(self, statements: Sequence[str]) -> None:
        """Run `statements` in order. ClickHouse has no transactions: each is whole for itself."""
        for statement in statements:
            self._prepare(self._client, statement)
            with translated():
                self._client.raw_query(statement)

    def query(
        self,
        statement: str,
        inputs: Mapping[str, pa.Table] | None = None,
        columns: Sequence[Column] | None = None,
    ) -> pa.RecordBatchReader:
        """Run one SELECT; its answer is complete, on disk, when this returns.

        `columns` are the answer's; without them they are told from ClickHouse's types, in which a
        struct's fields have no names.
        """
        self._prepare(self._client, statement)
        for name, rows in (inputs or {}).items():
            self._give(name, rows)
        reader = read(self._place, self._client, statement)
        if columns is None:
            columns = self._columns_of(statement)
        schema = pa.schema([pa.field(c.name, c.type.arrow) for c in columns])
        return pa.RecordBatchReader.from_batches(schema, _decoded(reader, columns))

    def relations(self) -> frozenset[tuple[str, str]]:
        """Return (schema, name) of every table and view of the database."""
        with translated():
            rows = self._client.query(
                "SELECT name FROM system.tables "
                "WHERE database = currentDatabase() AND NOT is_temporary"
            ).result_rows
        return frozenset(place for row in rows if (place := split_name(row[0])) is not None)

    def views(self) -> Mapping[tuple[str, str], str]:
        """Return the SQL of each view of the database, by (schema, name)."""
        with translated():
            rows = self._client.query(
                "SELECT name, as_select FROM system.tables "
                "WHERE database = currentDatabase() AND engine = 'View'"
            ).result_rows
        return {place: text for name, text in rows if (place := split_name(name)) is not None}

    def columns(self, schema: str, name: str) -> tuple[Column, ...]:
        """Return the columns of a table or view, in order."""
        found = require_columns(described(self._client, table_name(schema, name)), name)
        return tuple(Column(column, kind) for column, kind in found)

    def load(self, schema: str, name: str, rows: pa.Table) -> None:
        """Make a table of `rows`, in place of what was there; `__row` counts them from 0."""
        count = pa.array(np.arange(rows.num_rows, dtype=np.int64))
        numbered = rows.append_column(ROW, count)
        columns = table_columns(numbered)
        place = table_name(schema, name)
        replace_table(self._client, place, columns, numbered.to_batches())

    def _give(self, name: str, rows: pa.Table) -> None:
        """Make a table that only this session sees."""
        columns = table_columns(rows)
        create = write_empty_table(("", name), columns)
        with translated():
            self._client.raw_query(f"DROP TEMPORARY TABLE IF EXISTS {name}")
            self._client.raw_query(create.replace("TABLE", "TEMPORARY TABLE", 1))
        insert(self._client, name, columns, rows.to_batches())

    def _columns_of(self, statement: str) -> list[Column]:
        with translated():
            rows = self._client.query(f"DESCRIBE ({statement})").result_rows
        found = [(row[0], held_type(row[1])) for row in rows]
        for name, kind in found:
            if kind is None:
                message = f"the answer's column '{name}' has a type that FeatureSQL does not know"
                raise EngineError(message, code="engine-type")
        return [Column(name, kind) for name, kind in found if kind is not None]


def _decoded(reader: pa.RecordBatchReader, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
    while True:
        with translated():
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            parts = [
                decode_batch(batch.slice(start, BATCH_ROWS), columns)
                for start in range(0, batch.num_rows, BATCH_ROWS)
            ]
        yield from parts
