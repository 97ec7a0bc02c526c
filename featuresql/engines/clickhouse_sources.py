"""A project's sources in ClickHouse: files are loaded when they have changed, tables are read."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client
from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.plain_values import from_plain
from featuresql.compiler.clickhouse.types import has_type
from featuresql.compiler.place_relations import SOURCES_SCHEMA
from featuresql.compiler.write_sql import CLICKHOUSE, write_name
from featuresql.engines.bind_source import files_state, seen_columns
from featuresql.engines.clickhouse_columns import described
from featuresql.engines.clickhouse_errors import translated
from featuresql.engines.clickhouse_load import replace_table
from featuresql.engines.read_source import describe_files, read_source
from featuresql.errors import EngineError
from featuresql.spec.model import Column, Source

FORMAT: Final = 1


class ClickHouseSources:
    """Keeps `sources__NAME` as the files are. Thread-safe.

    What a table was loaded from stands in its comment, so that it is loaded again only when its
    files or its declaration have changed.
    """

    def __init__(self, sources: Mapping[str, Source], root: Path) -> None:
        """Read nothing yet; paths are relative to `root`."""
        self._sources = sources
        self._root = root
        self._loading = threading.Lock()

    def stale(self, client: Client) -> dict[str, str]:
        """Return the sources that are not loaded as they are now, with their present state.

        A source whose files are not there is left as it is: it is an error where it is read.
        """
        with translated():
            found = client.query(
                "SELECT name, comment FROM system.tables WHERE database = currentDatabase() "
                "AND startsWith(name, {prefix:String})",
                parameters={"prefix": f"{SOURCES_SCHEMA}__"},
            ).result_rows
        loaded = {row[0]: row[1] for row in found}
        states = {name: self._state(client, source) for name, source in self._sources.items()}
        return {
            name: state
            for name, state in states.items()
            if state is not None and loaded.get(f"{SOURCES_SCHEMA}__{name}") != state
        }

    def describe(self, client: Client, source: Source) -> tuple[Column, ...]:
        """Return the columns of a source as models see them."""
        if source.table is None:
            return self.describe_files(source)
        return seen_columns(source, described(client, *_table(source.table)))

    def describe_files(self, source: Source) -> tuple[Column, ...]:
        """Return the columns of a source that is files, as models see them."""
        return seen_columns(source, describe_files(source, self._root))

    def load(self, client: Client, name: str, state: str) -> None:
        """Load one source, unless it has been meanwhile. Raises `EngineError` with its place."""
        source = self._sources[name]
        with self._loading:
            if self.stale(client).get(name) is None:
                return
            try:
                if source.table is not None:
                    self._bind_table(client, source, state)
                else:
                    self._load_files(client, source, state)
            except EngineError as error:
                message = f"the source '{name}': {error.message}"
                place = error.location or source.location
                raise EngineError(
                    message, code=error.code, location=place, hint=error.hint
                ) from None

    def _state(self, client: Client, source: Source) -> str | None:
        try:
            if source.table is None:
                return f"{FORMAT}-{files_state(source, self._root)}"
            columns = [(c.name, str(c.type)) for c in self.describe(client, source)]
        except EngineError:
            return None
        text = repr((FORMAT, source.table, columns))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _load_files(self, client: Client, source: Source, state: str) -> None:
        names = describe_files(source, self._root)
        columns = [c for c in seen_columns(source, names) if has_type(c.type)]
        with read_source(source, self._root, names) as reader:
            batches = (batch.select([c.name for c in columns]) for batch in reader)
            replace_table(client, f"{SOURCES_SCHEMA}__{source.name}", columns, batches, state)

    def _bind_table(self, client: Client, source: Source, state: str) -> None:
        """Make the view that shows a table of the server's own as the product holds values."""
        table, database = _table(source.table or "")
        types = {c.name: c.type for c in self.describe(client, source)}
        values = [
            exp.alias_(from_plain(exp.column(name, quoted=True), kind), name.lower(), quoted=True)
            for name, _ in described(client, table, database)
            if (kind := types.get(name.lower())) is not None
        ]
        query = exp.select(*values).from_(exp.table_(table, db=database, quoted=True))
        view = write_name((SOURCES_SCHEMA, source.name))
        with translated():
            client.raw_query(
                f"CREATE OR REPLACE VIEW {view} AS {query.sql(CLICKHOUSE)} COMMENT '{state}'"
            )


def table_state(client: Client, table: str) -> str:
    """Return a digest of all rows of a table of the server's own."""
    name, database = _table(table)
    rows_hash = sql.call("sipHash64", sql.call("tuple", exp.Star()))
    query = exp.select(sql.call("count"), sql.call("sum", rows_hash)).from_(
        exp.table_(name, db=database, quoted=True)
    )
    with translated():
        rows = client.query(query.sql(CLICKHOUSE)).result_rows
    return "-".join(str(value) for value in rows[0])


def _table(text: str) -> tuple[str, str | None]:
    database, dot, name = text.rpartition(".")
    return (name, database) if dot else (text, None)
