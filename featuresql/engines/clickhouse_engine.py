"""ClickHouse: a server, or chdb in the process, behind the same code."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client

from featuresql.compiler.place_relations import SOURCES_SCHEMA
from featuresql.compiler.write_sql import CLICKHOUSE
from featuresql.engines.bind_source import files_state
from featuresql.engines.clickhouse_errors import translated
from featuresql.engines.clickhouse_load import LOADING
from featuresql.engines.clickhouse_place import Place
from featuresql.engines.clickhouse_session import ClickHouseSession
from featuresql.engines.clickhouse_sources import ClickHouseSources, table_state
from featuresql.errors import EngineError
from featuresql.spec.model import Column, Source

SCRATCH: Final = "featuresql_scratch_"
GARBAGE_AGE_S: Final = 86_400


class ClickHouseEngine:
    """An engine on one database of ClickHouse, for the sources of one project. Thread-safe.

    A session belongs to one thread at a time.
    """

    dialect = CLICKHOUSE

    def __init__(self, place: Place, root: Path, sources: Mapping[str, Source]) -> None:
        """Prepare for `place`, which is opened later."""
        self._place = place
        self._root = root
        self._sources = ClickHouseSources(sources, root)
        self._is_clean = False

    def describe(self, source: Source) -> tuple[Column, ...]:
        """Return the columns of a source as models see them, instants as UTC TIMESTAMP."""
        if source.table is None:
            return self._sources.describe_files(source)
        try:
            with self._place.open() as client:
                return self._sources.describe(client, source)
        except EngineError as error:
            raise EngineError(
                f"the source '{source.name}' ({source.table}): {error.message}",
                code=error.code if error.code != "engine" else "source",
                location=error.location or source.location,
                hint=error.hint,
            ) from None

    def state(self, source: Source) -> str:
        """Return a digest of the files' sizes and times, or of all the rows of a table."""
        if source.table is None:
            return files_state(source, self._root)
        with self._place.open() as client:
            return table_state(client, source.table)

    @contextmanager
    def session(self) -> Iterator[ClickHouseSession]:
        """Open the database for one piece of work; a source is loaded when it is first read."""
        with self._place.open() as client:
            self._collect_garbage(client)
            stale = self._sources.stale(client)

            def prepare(own: Client, statement: str) -> None:
                for name in self._read_by(own, statement, stale) if stale else ():
                    self._sources.load(own, name, stale.pop(name))

            yield ClickHouseSession(client, self._place, prepare)

    @contextmanager
    def scratch(self) -> Iterator[ClickHouseSession]:
        """Open an empty database, which is dropped afterwards."""
        name = f"{SCRATCH}{int(time.time())}_{secrets.token_hex(8)}"
        with self._place.open(name) as client:
            try:
                yield ClickHouseSession(client, self._place, lambda _client, _statement: None)
            finally:
                with translated():
                    client.raw_query(f"DROP DATABASE IF EXISTS {quote_identifier(name)} SYNC")

    def _read_by(self, client: Client, statement: str, stale: Mapping[str, str]) -> list[str]:
        """Return those of `stale` that a statement reads, be it through views.

        Names are looked for as text: what is found too many is loaded too early, no more.
        """
        with translated():
            views = client.query(
                "SELECT name, as_select FROM system.tables "
                "WHERE database = currentDatabase() AND engine = 'View'"
            ).result_rows
        texts, rest = [statement], {row[0]: row[1] for row in views}
        for text in texts:
            reached = [name for name in rest if name in text]
            texts += [rest.pop(name) for name in reached]
        return [n for n in stale if any(f"{SOURCES_SCHEMA}__{n}" in text for text in texts)]

    def _collect_garbage(self, client: Client) -> None:
        """Drop what killed processes have left behind long ago."""
        if self._is_clean:
            return
        self._is_clean = True
        oldest = int(time.time()) - GARBAGE_AGE_S
        with translated():
            tables = client.query(
                "SELECT name FROM system.tables WHERE database = currentDatabase() AND "
                "toUnixTimestamp(metadata_modification_time) < {oldest:UInt64} AND "
                "(startsWith(name, {loading:String}) OR startsWith(name, '_tmp_replace_'))",
                parameters={"oldest": oldest, "loading": LOADING},
            ).result_rows
            databases = client.query(
                "SELECT name FROM system.databases WHERE startsWith(name, {scratch:String})",
                parameters={"scratch": SCRATCH},
            ).result_rows
        old = [n for (n,) in databases if int(n.removeprefix(SCRATCH).split("_")[0]) < oldest]
        drops = [f"DROP TABLE IF EXISTS {quote_identifier(name)}" for (name,) in tables]
        drops += [f"DROP DATABASE IF EXISTS {quote_identifier(name)}" for name in old]
        for drop in drops:
            # Another process may be at the same.
            with suppress(EngineError), translated():
                client.raw_query(drop)
