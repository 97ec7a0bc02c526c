"""Every statement of a CQL store, prepared once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cassandra.metadata import protect_name
from cassandra.query import PreparedStatement

from featuresql.online.cql_policies import serial_level
from featuresql.online.cql_session import CqlSession

_READ_ROWS: Final = "SELECT key, version, row FROM {}.online_rows WHERE key IN ? AND version IN ?"
_WRITE_ROW: Final = (
    "INSERT INTO {}.online_rows (key, version, row) VALUES (?, ?, ?) USING TIMESTAMP ?"
)
_DELETE_ROW: Final = "DELETE FROM {}.online_rows USING TIMESTAMP ? WHERE key = ? AND version = ?"
_WRITE_CHUNK: Final = (
    "INSERT INTO {}.online_chunks (version, chunk, newest_us, keys) VALUES (?, ?, ?, ?)"
)
_READ_CHUNK: Final = "SELECT newest_us, keys FROM {}.online_chunks WHERE version = ? AND chunk = ?"
_DELETE_CHUNK: Final = "DELETE FROM {}.online_chunks WHERE version = ? AND chunk = ?"
_READ_STATE: Final = (
    "SELECT kind, name, value FROM {}.online_state WHERE scope = 'store' AND kind IN ?"
)
_READ_VALUE: Final = (
    "SELECT value FROM {}.online_state WHERE scope = 'store' AND kind = ? AND name = ?"
)
_REPLACE_VALUE: Final = (
    "UPDATE {}.online_state SET value = ? WHERE scope = 'store' AND kind = ? AND name = ?"
    " IF value = ?"
)
_ADD_VALUE: Final = (
    "INSERT INTO {}.online_state (scope, kind, name, value) VALUES ('store', ?, ?, ?) IF NOT EXISTS"
)
_REMOVE_VALUE: Final = (
    "DELETE FROM {}.online_state WHERE scope = 'store' AND kind = ? AND name = ? IF value = ?"
)


@dataclass(frozen=True, slots=True)
class CqlStatements:
    """The driver's prepared statements. Those of rows and chunks may be run twice.

    All changes of the state are lightweight transactions, which take part in one order; the others
    are at the settings' consistency.
    """

    read_rows: PreparedStatement
    write_row: PreparedStatement
    delete_row: PreparedStatement
    write_chunk: PreparedStatement
    read_chunk: PreparedStatement
    delete_chunk: PreparedStatement
    read_state: PreparedStatement
    read_value: PreparedStatement
    replace_value: PreparedStatement
    add_value: PreparedStatement
    remove_value: PreparedStatement


def prepare_statements(session: CqlSession) -> CqlStatements:
    """Prepare all statements; the keyspace and the tables are there."""
    keyspace = protect_name(session.settings.keyspace)
    read_rows = session.prepare(_READ_ROWS.format(keyspace))
    # The driver asks for no routing key where it sees an IN; ours gives one with each statement.
    read_rows.routing_key_indexes = [0]
    read_value = session.prepare(_READ_VALUE.format(keyspace))
    read_value.consistency_level = serial_level(session.settings)
    return CqlStatements(
        read_rows=read_rows,
        write_row=session.prepare(_WRITE_ROW.format(keyspace)),
        delete_row=session.prepare(_DELETE_ROW.format(keyspace)),
        write_chunk=session.prepare(_WRITE_CHUNK.format(keyspace)),
        read_chunk=session.prepare(_READ_CHUNK.format(keyspace)),
        delete_chunk=session.prepare(_DELETE_CHUNK.format(keyspace)),
        read_state=session.prepare(_READ_STATE.format(keyspace)),
        read_value=read_value,
        replace_value=session.prepare(_REPLACE_VALUE.format(keyspace), idempotent=False),
        add_value=session.prepare(_ADD_VALUE.format(keyspace), idempotent=False),
        remove_value=session.prepare(_REMOVE_VALUE.format(keyspace), idempotent=False),
    )
