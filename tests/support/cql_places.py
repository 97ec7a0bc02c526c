"""Keyspaces for tests on the server of this run."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cassandra.query import SimpleStatement
from cql_server import shared_server

from featuresql.online.cql_session import CqlSession
from featuresql.online.cql_settings import CqlSettings
from featuresql.online.cql_store import CqlStore


def settings_for(path: Path) -> CqlSettings:
    """Return settings for a keyspace that stands for `path`, alike in every process."""
    server = shared_server()
    keyspace = f"k{hashlib.sha256(str(path).encode()).hexdigest()[:20]}"
    return CqlSettings(
        (server.host,),
        keyspace,
        server.port,
        user=server.user,
        password=server.password,
        refresh_ms=0,
    )


def open_store(path: Path) -> CqlStore:
    """Open the store in the keyspace that stands for `path`."""
    return CqlStore.open(settings_for(path))


def stored_rows(session: CqlSession) -> list[tuple[object, ...]]:
    """Return key, bytes and timestamp of all rows of all versions."""
    query = f"SELECT key, row, writetime(row) FROM {session.settings.keyspace}.online_rows"
    # Small pages: a server reads over so many tombstones only for one.
    return sorted(session.run(SimpleStatement(query, fetch_size=100)))
