"""DuckDB: a file that is opened for each piece of work and closed after it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb
from sqlglot import exp

from featuresql.compiler.asof import ASOF_SCHEMA, HISTORY_SCHEMA, relation
from featuresql.compiler.place_relations import SOURCES_SCHEMA
from featuresql.engines.bind_source import (
    binding_query,
    files_state,
    raw_relation,
    seen_columns,
    source_files,
)
from featuresql.engines.duckdb_errors import translate, translated
from featuresql.engines.duckdb_file import DuckDBFile
from featuresql.engines.duckdb_session import DuckDBSession
from featuresql.errors import EngineError
from featuresql.plan.version_relation import VERSIONS_SCHEMA
from featuresql.spec.model import Column, Source

LOCK_TIMEOUT_S = 30.0
LOCK_RETRY_S = 0.05
# DuckDB puts a spine of few rows through a join of loops, whose `first` makes 0.0 of a -0.0 in a
# list.
_SETTINGS: Final = {"asof_loop_join_threshold": 0}
_SCHEMAS: Final = (SOURCES_SCHEMA, VERSIONS_SCHEMA, ASOF_SCHEMA, HISTORY_SCHEMA)
_OUTSIDER = "a connection of this process that is not FeatureSQL's own"


class DuckDBEngine:
    """An engine on one DuckDB file, for the sources of one project.

    Sessions of one process share the open file, whichever engine they come from, where sources and
    settings are the same, and wait for each other where not; it is closed when the last of them
    ends. Once the sources are bound nothing outside of the file can be read or written, and no
    setting changed. Thread-safe; a session belongs to one thread at a time.
    """

    dialect = "duckdb"

    def __init__(
        self,
        path: Path,
        root: Path,
        sources: Mapping[str, Source],
        settings: Mapping[str, object],
        *,
        lock_timeout_s: float = LOCK_TIMEOUT_S,
    ) -> None:
        """Prepare for `path`, which is opened later; `settings` are DuckDB's, such as threads."""
        self._path = path
        self._root = root
        self._sources = sources
        self._settings = dict(settings)
        self._lock_timeout_s = lock_timeout_s
        self._file = DuckDBFile.of(path)

    def describe(self, source: Source) -> tuple[Column, ...]:
        """Return the columns of a source as models see them, instants as UTC TIMESTAMP."""
        with _translated_for(source):
            return seen_columns(source, self._described(source))

    def _described(self, source: Source) -> list[tuple[str, str]]:
        query = exp.Describe(this=exp.select("*").from_(raw_relation(source, self._root)))
        if source.table is not None:
            with self.session() as session:
                found = session.columns(*_table_name(source.table))
                return [(column.name, str(column.type)) for column in found]
        with duckdb.connect(":memory:") as connection:
            return [(row[0], row[1]) for row in connection.execute(query.sql("duckdb")).fetchall()]

    def state(self, source: Source) -> str:
        """Return a digest of the files' sizes and times, or of all the rows of a table."""
        if source.table is None:
            return files_state(source, self._root)
        schema, name = _table_name(source.table)
        rows = exp.func("hash", exp.column("t"), dialect="duckdb")
        checksum = exp.func("bit_xor", rows, dialect="duckdb")
        query = exp.select(exp.Count(this=exp.Star()), checksum).from_(relation(schema, name, "t"))
        with self.session() as session:
            row = session.query(query.sql("duckdb")).read_all().to_pylist()[0]
        return "-".join(str(value) for value in row.values())

    @contextmanager
    def session(self) -> Iterator[DuckDBSession]:
        """Open the file, or share it where this process has it open, for one piece of work."""
        opened = self._file.cursor(self._binding(), self._connect, self._lock_timeout_s)
        with opened as cursor, DuckDBSession(cursor, self._file.writing) as session:
            yield session

    @contextmanager
    def scratch(self) -> Iterator[DuckDBSession]:
        """Open an empty DuckDB in memory."""
        with duckdb.connect(":memory:", config=self._config()) as connection:
            for schema in _SCHEMAS:
                connection.execute(f"CREATE SCHEMA {schema}")
            connection.execute("SET enable_external_access=false; SET lock_configuration=true")
            with DuckDBSession(connection, threading.Lock()) as session:
                yield session

    def _binding(self) -> Hashable:
        """Return what `_connect` would open: the settings, and the sources with their files."""
        settings = sorted((name, str(value)) for name, value in self._settings.items())
        sources = []
        for source in self._sources.values():
            files = [_state(path) for path in _present(source, self._root)]
            declared = [(column.name, str(column.type)) for column in source.columns]
            sources.append((source.name, source.path, source.timezone, declared, files))
        return repr((settings, sources))

    def _config(self) -> dict[str, str | bool | int | float | list[str]]:
        settings = {**_SETTINGS, **self._settings}
        return {name: str(value) for name, value in settings.items()}

    def _connect(self, deadline: float) -> duckdb.DuckDBPyConnection:
        """Open the file and bind the sources; wait for another process until `deadline`."""
        _make_folder(self._path)
        while True:
            try:
                connection = duckdb.connect(str(self._path), config=self._config())
            except duckdb.Error as error:
                holder = _holder(error)
                if holder is None:
                    raise _unreadable(self._path, error) from None
            else:
                if _is_unlocked(connection):
                    break
                connection.close()
                holder = _OUTSIDER
            if time.monotonic() > deadline:
                message = f"{self._path.name} is held by {holder}"
                hint = "wait until it has ended, or end it"
                raise EngineError(message, code="engine-locked", hint=hint)
            time.sleep(LOCK_RETRY_S)
        try:
            self._bind(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _bind(self, connection: duckdb.DuckDBPyConnection) -> None:
        with translated():
            for schema in _SCHEMAS:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        allowed: list[str] = []
        for source in self._sources.values():
            if source.path is not None:
                allowed += [str(path) for path in _present(source, self._root)]
        with translated():
            paths = exp.Array(expressions=[exp.Literal.string(path) for path in allowed])
            connection.execute(f"SET allowed_paths={paths.sql('duckdb')}")
            connection.execute("SET enable_external_access=false")
            connection.execute("SET lock_configuration=true")
            for source in self._sources.values():
                self._bind_source(connection, source)

    def _bind_source(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
        if source.path is not None and not _present(source, self._root):
            return
        query = exp.Describe(this=exp.select("*").from_(raw_relation(source, self._root)))
        try:
            rows = connection.execute(query.sql("duckdb")).fetchall()
        except duckdb.Error:
            return
        view = exp.Create(
            this=relation(SOURCES_SCHEMA, source.name),
            kind="VIEW",
            replace=True,
            expression=binding_query(source, self._root, [(row[0], row[1]) for row in rows]),
        )
        connection.execute(view.sql("duckdb"))


def _holder(error: duckdb.Error) -> str | None:
    """Return who holds the file, where that is what the error says."""
    text = str(error)
    if "with a different configuration" in text or "file handle conflict" in text:
        return _OUTSIDER
    found = re.search(r"Conflicting lock is held in (.+?)\. ", text)
    return found[1] if found else None


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder of {path.name} cannot be made: {error.strerror}"
        raise EngineError(message, code="engine-file") from None


def _is_unlocked(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether this is a database just opened, not one that this process has open and shut off."""
    row = connection.execute("SELECT current_setting('lock_configuration')").fetchone()
    return row is not None and not row[0]


def _present(source: Source, root: Path) -> tuple[Path, ...]:
    """Return the files, or none: missing ones are an error for the models that read them only."""
    try:
        return source_files(source, root)
    except EngineError:
        return ()


def _state(path: Path) -> tuple[str, int, int]:
    try:
        state = path.stat()
    except OSError:  # it was there a moment ago
        return str(path), -1, 0
    return str(path), state.st_size, state.st_mtime_ns


def _table_name(table: str) -> tuple[str, str]:
    parsed = exp.to_table(table, dialect="duckdb")
    return parsed.db or "main", parsed.name


def _unreadable(path: Path, error: duckdb.Error) -> EngineError:
    said = translate(error).message.replace(str(path), path.name)
    return EngineError(
        f"{path.name} cannot be opened: {said}",
        code="engine-file",
        hint="if another version of DuckDB wrote it, move it away and run again",
    )


@contextmanager
def _translated_for(source: Source) -> Iterator[None]:
    """Name the source and its place in what DuckDB says of a file."""
    try:
        yield
    except duckdb.Error as error:
        message = f"the source '{source.name}' cannot be read: {translate(error).message}"
        raise EngineError(message, code="source-unreadable", location=source.location) from None
