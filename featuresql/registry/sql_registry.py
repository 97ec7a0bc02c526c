"""The registry in a SQL database: SQLite by default, PostgreSQL for a team."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    Select,
    Table,
    create_engine,
    delete,
    func,
    inspect,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool, StaticPool
from sqlalchemy.schema import CreateIndex, CreateTable

from featuresql.errors import InternalError, RegistryError
from featuresql.plan.steps import Ledger
from featuresql.ports import ModelVersion, OnlineVersion, RunRecord
from featuresql.registry import tables
from featuresql.spec.instant import from_us, to_us

LOCK_TIMEOUT_S: Final = 30.0
Done = TypeVar("Done")
_Upsert = sqlite.Insert | postgresql.Insert
_INSERTS: Final[Mapping[str, Callable[[Table], _Upsert]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
# Both hold until the end of the transaction that makes the tables.
_LOCKS: Final = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(7165384102)",
}
_LOCKED_CODES: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_RETRY_S: Final = 0.02
_MEMORY: Final = (None, "", ":memory:")


class SqlRegistry:
    """Implements `featuresql.ports.Registry`. Safe for threads and for concurrent processes.

    Of a model's versions all are kept; one of them is the current one. A SQLite file that somebody
    removes is made again, empty, by the next call.
    """

    def __init__(self, url: str, *, lock_timeout_s: float = LOCK_TIMEOUT_S) -> None:
        """Open the registry at an SQLAlchemy URL, and make its tables where they are missing.

        A SQLite file's folder is made too; another process's lock on it is waited for. Raises
        `RegistryError` for a URL that cannot be opened and for a registry of a newer FeatureSQL.
        """
        self._url = _parsed(url)
        self._lock_timeout_s = lock_timeout_s
        self._insert = _INSERTS[self._url.get_backend_name()]
        with self._translated("cannot open the registry"):
            self._engine = _engine(self._url, lock_timeout_s)
        try:
            with self._translated("cannot open the registry"):
                self._prepare(time.monotonic() + lock_timeout_s)
        except RegistryError:
            self._engine.dispose()
            raise

    def record_model_version(self, version: ModelVersion) -> None:
        """Record a built version and make it the model's current one."""
        row = {
            "model": version.model,
            "version": version.version,
            "fingerprint": version.fingerprint,
            "source_state": version.source_state,
            "relation": version.relation,
            "rows": version.rows,
            "built_at_us": _to_us(version.built_at),
            "seconds": version.seconds,
        }
        pointer = {"model": version.model, "version": version.version}

        def work(connection: Connection) -> None:
            self._upsert(connection, tables.model_versions, row)
            self._upsert(connection, tables.current_models, pointer)

        self._run("cannot record a model's version", work)

    def model_versions(self) -> Mapping[str, ModelVersion]:
        """Return the current version of each model, by the model's name."""
        built, current = tables.model_versions.c, tables.current_models.c
        query = (
            select(tables.model_versions)
            .join(
                tables.current_models,
                (built.model == current.model) & (built.version == current.version),
            )
            .order_by(built.model)
        )
        rows = self._rows("cannot read the models' versions", query)
        return {
            row["model"]: ModelVersion(
                model=row["model"],
                version=row["version"],
                fingerprint=row["fingerprint"],
                source_state=row["source_state"],
                relation=row["relation"],
                rows=row["rows"],
                built_at=from_us(row["built_at_us"]),
                seconds=row["seconds"],
            )
            for row in rows
        }

    def fingerprint(self, model: str, version: str) -> str | None:
        """Return the fingerprint of the definition that a version was built by, if it is known."""
        columns = tables.model_versions.c
        query = select(columns.fingerprint).where(
            columns.model == model, columns.version == version
        )
        rows = self._rows("cannot read a model's version", query)
        return rows[0]["fingerprint"] if rows else None

    def record_run(self, run: RunRecord) -> None:
        """Record a run, or what has become of it: `run_id` is the key."""
        row = {
            "run_id": run.run_id,
            "verb": run.verb,
            "started_at_us": _to_us(run.started_at),
            "status": run.status,
            "finished_at_us": None if run.finished_at is None else _to_us(run.finished_at),
            "detail": run.detail,
        }
        self._run("cannot record the run", lambda c: self._upsert(c, tables.runs, row))

    def runs(self, limit: int = 20) -> Iterator[RunRecord]:
        """Return at most `limit` runs, the newest first."""
        columns = tables.runs.c
        query = (
            select(tables.runs)
            .order_by(columns.started_at_us.desc(), columns.run_id.desc())
            .limit(max(limit, 0))
        )
        rows = self._rows("cannot read the runs", query)
        return iter(
            [
                RunRecord(
                    run_id=row["run_id"],
                    verb=row["verb"],
                    started_at=from_us(row["started_at_us"]),
                    status=row["status"],
                    finished_at=(
                        None if row["finished_at_us"] is None else from_us(row["finished_at_us"])
                    ),
                    detail=row["detail"],
                )
                for row in rows
            ]
        )

    def record_online_version(self, version: OnlineVersion, at: datetime) -> None:
        """Record that a version went online at that instant."""
        row = {
            "view": version.view.name,
            "number": version.number,
            "version": version.version,
            "watermark_us": version.watermark_us,
            "rows": version.rows,
            "online_at_us": _to_us(at),
        }
        self._run(
            "cannot record the online version",
            lambda c: self._upsert(c, tables.online_versions, row),
        )

    def built_relations(self) -> Mapping[str, datetime]:
        """Return when each version was built, by its relation, also those that are not current."""
        columns = tables.model_versions.c
        query = select(columns.relation, func.max(columns.built_at_us).label("at"))
        rows = self._rows("cannot read the versions", query.group_by(columns.relation))
        return {row["relation"]: from_us(row["at"]) for row in rows}

    def ledger_relations(self) -> frozenset[str]:
        """Return the tables that ledgers of incremental models are about."""
        query = select(tables.ledgers)
        rows = self._rows("cannot read the ledgers", query)
        return frozenset(Ledger(r["model"], r["base"], r["number"]).relation for r in rows)

    def ledger(self, model: str, base: str) -> Ledger | None:
        """Return the ledger of a definition of an incremental model, None where there is none."""
        columns = tables.ledgers.c
        query = select(tables.ledgers).where(columns.model == model, columns.base == base)
        rows = self._rows("cannot read a ledger", query)
        if not rows:
            return None
        return Ledger(model, base, rows[0]["number"], rows[0]["complete_for"])

    def record_ledger(self, ledger: Ledger) -> None:
        """Record which table holds an incremental model, and what it is complete for."""
        row = {
            "model": ledger.model,
            "base": ledger.base,
            "number": ledger.number,
            "complete_for": ledger.complete_for,
        }
        self._run("cannot record a ledger", lambda c: self._upsert(c, tables.ledgers, row))

    def intervals(self, relation: str) -> Mapping[int, str]:
        """Return what each completed interval of a table was made from, by its start."""
        columns = tables.intervals.c
        query = select(columns.start_us, columns.seen).where(columns.relation == relation)
        rows = self._rows("cannot read a ledger", query)
        return {row["start_us"]: row["seen"] for row in rows}

    def record_interval(self, relation: str, start_us: int, seen: str | None) -> None:
        """Record that an interval of a table is complete; where `seen` is None, that it is gone."""
        columns = tables.intervals.c
        gone = delete(tables.intervals).where(
            columns.relation == relation, columns.start_us == start_us
        )

        def work(connection: Connection) -> None:
            if seen is None:
                connection.execute(gone)
            else:
                row = {"relation": relation, "start_us": start_us, "seen": seen}
                self._upsert(connection, tables.intervals, row)

        self._run("cannot record an interval", work)

    def forget_intervals(self, relation: str) -> None:
        """Take all intervals of a table out of its ledger."""
        gone = delete(tables.intervals).where(tables.intervals.c.relation == relation)
        self._run("cannot empty a ledger", lambda connection: connection.execute(gone))

    def close(self) -> None:
        """Give back what the registry holds."""
        self._engine.dispose()

    def _prepare(self, deadline_s: float) -> None:
        if self._is_file() and not str(self._url.database).startswith("file:"):
            Path(str(self._url.database)).parent.mkdir(parents=True, exist_ok=True)
        # SQLite does not wait for a lock while it changes a new file's journal.
        while True:
            try:
                self._make_tables()
            except OperationalError as error:
                if not _is_locked(error) or time.monotonic() > deadline_s:
                    raise
                time.sleep(_RETRY_S)
            else:
                return

    def _make_tables(self) -> None:
        """Check the schema's version and make what is missing; concurrent callers wait."""
        with self._engine.begin() as connection:
            if self._check_version(connection):
                return
        if self._is_file():
            with self._engine.connect() as connection:
                # Readers and the one writer do not wait for each other; the file remembers it.
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        with self._engine.begin() as connection:
            connection.exec_driver_sql(_LOCKS[self._url.get_backend_name()])
            for table in tables.metadata.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(CreateIndex(index, if_not_exists=True))
            self._upsert(
                connection, tables.schema_version, {"id": 1, "version": tables.SCHEMA_VERSION}
            )

    def _check_version(self, connection: Connection) -> bool:
        """Return whether all tables are there; those of an older version are added to."""
        if not inspect(connection).has_table(tables.schema_version.name):
            return False
        found = connection.execute(select(tables.schema_version.c.version)).scalar() or 0
        if found > tables.SCHEMA_VERSION:
            raise RegistryError(
                f"the registry was written by a newer FeatureSQL: found version {found} of its "
                f"tables, expected at most {tables.SCHEMA_VERSION}",
                code="newer-registry",
                hint="install the newer FeatureSQL, or use another registry",
            )
        return bool(found == tables.SCHEMA_VERSION)

    def _is_file(self) -> bool:
        return self._url.get_backend_name() == "sqlite" and self._url.database not in _MEMORY

    def _upsert(self, connection: Connection, table: Table, row: Mapping[str, object]) -> None:
        statement = self._insert(table).values(**row)
        keys = [column.name for column in table.primary_key]
        rest = {name: statement.excluded[name] for name in row if name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))

    def _rows(self, message: str, query: Select[Any]) -> Sequence[RowMapping]:
        return self._run(message, lambda connection: connection.execute(query).mappings().all())

    def _run(self, message: str, work: Callable[[Connection], Done]) -> Done:
        """Do `work` in one transaction; where a file or its tables are gone, make them for it."""
        with self._translated(message):
            try:
                with self._engine.begin() as connection:
                    return work(connection)
            except OperationalError as error:
                if not self._is_file() or _is_locked(error):
                    raise
            self._prepare(time.monotonic() + self._lock_timeout_s)
            with self._engine.begin() as connection:
                return work(connection)

    @contextmanager
    def _translated(self, message: str) -> Iterator[None]:
        """Turn what SQLAlchemy and its drivers raise into a `RegistryError` without secrets."""
        try:
            yield
        except ImportError as error:
            raise RegistryError(
                f"{message}: the driver of '{self._url.drivername}' is not installed",
                code="missing-driver",
                hint="install it, such as `pip install psycopg` for postgresql+psycopg://",
            ) from error
        except (SQLAlchemyError, OSError, ValueError, TypeError, OverflowError) as error:
            if _is_locked(error):
                raise RegistryError(
                    f"{message}: another process has locked it for too long",
                    code="registry-locked",
                    hint="look for a FeatureSQL that hangs, then try again",
                ) from None
            said = getattr(error, "strerror", None) or getattr(error, "orig", None) or error
            reason = _without_secrets(str(said), self._url)
            # The driver's own error may hold the URL: it is not kept as the cause.
            shown = _shown(self._url)
            raise RegistryError(
                f"{message}: {reason.strip()}",
                hint=f"the registry is {shown}",
            ) from None


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (SQLAlchemyError, ValueError):
        raise RegistryError(
            "the registry's URL cannot be read",
            code="registry-url",
            hint="write it like sqlite:///target/registry.db or "
            "postgresql+psycopg://user@host/database",
        ) from None
    if backend not in _INSERTS:
        raise RegistryError(
            f"a registry cannot be kept in '{backend}'",
            code="registry-url",
            hint="known: sqlite, postgresql",
        )
    return parsed


def _engine(url: URL, lock_timeout_s: float) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, hide_parameters=True, pool_pre_ping=True)
    if url.database in _MEMORY:
        arguments = {"check_same_thread": False}
        return create_engine(
            url, hide_parameters=True, poolclass=StaticPool, connect_args=arguments
        )
    # A connection lives no longer than its work, so that no process keeps the file open.
    return create_engine(
        url, hide_parameters=True, poolclass=NullPool, connect_args={"timeout": lock_timeout_s}
    )


def _shown(url: URL) -> str:
    """Return the URL as an error may show it: without secrets and without this machine's paths."""
    if url.get_backend_name() == "sqlite" and url.database not in _MEMORY:
        return f"the SQLite file {Path(str(url.database)).name}"
    return url.set(query={}).render_as_string(hide_password=True)


def _is_locked(error: Exception) -> bool:
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _LOCKED_CODES


def _without_secrets(text: str, url: URL) -> str:
    secrets = [url.password, *(value for key, value in url.query.items() if "pass" in key.lower())]
    for secret in secrets:
        if isinstance(secret, str) and secret:
            text = text.replace(quote(secret, safe=""), "***").replace(secret, "***")
    return text


def _to_us(instant: datetime) -> int:
    if instant.tzinfo is None:
        raise InternalError("the registry takes instants with a zone only")
    return to_us(instant)
