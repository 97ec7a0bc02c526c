"""The keyspace and the tables of a CQL store: made where they are absent, and checked.

online_rows     key, version -> row     the rows of one key lie in one partition
online_chunks   version, chunk -> keys  what was written, so that it can be removed again
online_state    kind, name -> value     what the store knows of itself, in one partition
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cassandra.metadata import protect_name, protect_value

from featuresql.errors import OnlineStoreError
from featuresql.online.cql_session import CqlSession
from featuresql.online.cql_settings import CqlSettings

ROWS: Final = "online_rows"
CHUNKS: Final = "online_chunks"
STATE: Final = "online_state"
_MOST_REPLICAS: Final = 3
_TABLES: Final = {
    ROWS: "(key blob, version int, row blob, PRIMARY KEY (key, version))",
    CHUNKS: "(version int, chunk int, newest_us bigint, keys frozen<list<blob>>,"
    " PRIMARY KEY ((version, chunk)))",
    STATE: "(scope text, kind text, name text, value text, PRIMARY KEY (scope, kind, name))",
}
_COLUMNS: Final = {
    ROWS: {
        "key": ("blob", "partition_key"),
        "version": ("int", "clustering"),
        "row": ("blob", "regular"),
    },
    CHUNKS: {
        "version": ("int", "partition_key"),
        "chunk": ("int", "partition_key"),
        "newest_us": ("bigint", "regular"),
        "keys": ("frozen<list<blob>>", "regular"),
    },
    STATE: {
        "scope": ("text", "partition_key"),
        "kind": ("text", "clustering"),
        "name": ("text", "clustering"),
        "value": ("text", "regular"),
    },
}
_READ_COLUMNS: Final = (
    "SELECT table_name, column_name, type, kind FROM system_schema.columns WHERE keyspace_name = %s"
)
_READ_KEYSPACE: Final = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = %s"
_MAKE_KEYSPACE: Final = "CREATE KEYSPACE IF NOT EXISTS {name} WITH replication = {replication}"
_WITHOUT_TABLETS: Final = " AND tablets = {'enabled': false}"
_KNOWS_TABLETS: Final = (
    "SELECT column_name FROM system_schema.columns WHERE keyspace_name = 'system_schema'"
    " AND table_name = 'scylla_keyspaces' AND column_name = 'initial_tablets'"
)
_MAKE_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS {keyspace}.{table} {columns} WITH gc_grace_seconds = {gc_grace_s}"
)
_DAY_S: Final = 86_400
# What comes back to life in the first two is of versions that nobody reads.
_GC_GRACE_S: Final = {ROWS: _DAY_S, CHUNKS: _DAY_S, STATE: 10 * _DAY_S}


def has_schema(session: CqlSession) -> bool:
    """Return whether the store's tables are all there.

    Raises `OnlineStoreError` with code `store-version` where one has other columns than ours.
    """
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for table, column, kind, role in session.run(_READ_COLUMNS, [session.settings.keyspace]):
        found.setdefault(table, {})[column] = (kind, role)
    for table, columns in _COLUMNS.items():
        if table in found and found[table] != columns:
            raise OnlineStoreError(
                f"{session.settings.place} has a table '{table}' that is none of ours, or of"
                " another version",
                code="store-version",
                hint="take another keyspace, or drop this one and materialize again",
            )
    return found.keys() >= _COLUMNS.keys()


def make_schema(session: CqlSession) -> None:
    """Make the keyspace and the tables where they are absent, and check them.

    Raises `OnlineStoreError`: with code `replication` where the keyspace has another replication
    than the settings say, `denied` where the user may not make what is absent.
    """
    settings = session.settings
    keyspace = protect_name(settings.keyspace)
    there = session.run(_READ_KEYSPACE, [settings.keyspace])
    if there:
        _check_replication(dict(there[0][0]), settings)
    else:
        replication = _map_text(_replication(session))
        statement = _MAKE_KEYSPACE.format(name=keyspace, replication=replication)
        # ScyllaDB has lightweight transactions without tablets only, in versions from 6.0 on.
        session.run(statement + (_WITHOUT_TABLETS if session.run(_KNOWS_TABLETS) else ""))
    if not has_schema(session):
        for table, columns in _TABLES.items():
            grace_s = _GC_GRACE_S[table]
            session.run(
                _MAKE_TABLE.format(
                    keyspace=keyspace, table=table, columns=columns, gc_grace_s=grace_s
                )
            )
        has_schema(session)


def _replication(session: CqlSession) -> dict[str, str]:
    """Return the replication to make the keyspace with, as the server has it."""
    wanted = session.settings.replication
    if wanted is not None:
        return _whole(wanted)
    hosts = session.cluster.metadata.all_hosts()
    count = sum(host.datacenter == session.local_dc for host in hosts)
    return _whole({session.local_dc: max(1, min(count, _MOST_REPLICAS))})


def _whole(replication: Mapping[str, str | int]) -> dict[str, str]:
    """Return the options as texts, with the class that numbers for data centres mean."""
    texts = {name: str(value) for name, value in replication.items()}
    return {"class": texts.pop("class", "NetworkTopologyStrategy"), **texts}


def _check_replication(found: dict[str, str], settings: CqlSettings) -> None:
    if settings.replication is None:
        return
    wanted = _whole(settings.replication)
    # The server knows classes by their full names.
    found = {**found, "class": found["class"].rpartition(".")[2]}
    wanted["class"] = wanted["class"].rpartition(".")[2]
    if found != wanted:
        raise OnlineStoreError(
            f"the keyspace '{settings.keyspace}' has the replication {_map_text(found)},"
            f" the target says {_map_text(wanted)}",
            code="replication",
            hint="ALTER KEYSPACE and repair, or change `replication` of the target",
        )


def _map_text(values: Mapping[str, str]) -> str:
    items = (f"{protect_value(name)}: {protect_value(value)}" for name, value in values.items())
    return f"{{{', '.join(items)}}}"
