"""The clustered online store: ScyllaDB or Cassandra, by CQL."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa

from featuresql.errors import OnlineStoreError
from featuresql.online.cql_garbage import collect_garbage
from featuresql.online.cql_read import read_lookups
from featuresql.online.cql_ring import Ring
from featuresql.online.cql_schema import has_schema, make_schema
from featuresql.online.cql_session import CqlSession
from featuresql.online.cql_settings import CqlSettings
from featuresql.online.cql_state import FORMAT, VERSION, CqlState, check_format, format_text
from featuresql.online.cql_statements import CqlStatements, prepare_statements
from featuresql.online.cql_versions import CurrentVersions
from featuresql.online.cql_write import VersionWriter
from featuresql.online.not_materialized import raise_not_materialized
from featuresql.ports import OnlineVersion, ViewAnswer, ViewLookup
from featuresql.spec.model import FeatureView

DEFAULT_REPLACED_S = 120.0
DEFAULT_ABANDONED_S = 3600.0


@dataclass(frozen=True, slots=True)
class _Opened:
    """What there is once the store's tables are there."""

    statements: CqlStatements
    versions: CurrentVersions


class CqlStore:
    """Keeps the latest visible row of each entity, for each view, in a keyspace of a cluster.

    Implements `featuresql.ports.OnlineStore`. Threads may share it. Any number of processes may
    read and write; of two that write one view, the later to begin wins.
    """

    def __init__(
        self,
        session: CqlSession,
        *,
        replaced_s: float = DEFAULT_REPLACED_S,
        abandoned_s: float = DEFAULT_ABANDONED_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use `CqlStore.open`."""
        self._session = session
        self._ring = Ring(session.cluster.metadata)
        self._replaced_s, self._abandoned_s, self._clock = replaced_s, abandoned_s, clock
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._is_made = False
        self._closed = False

    @classmethod
    def open(
        cls,
        settings: CqlSettings,
        *,
        replaced_s: float = DEFAULT_REPLACED_S,
        abandoned_s: float = DEFAULT_ABANDONED_S,
        clock: Callable[[], float] = time.time,
    ) -> CqlStore:
        """Connect to a cluster; keyspace and tables need not exist, only a write makes them.

        A write removes the rows of versions that were replaced `replaced_s` ago, longer than any
        read may take, or that nobody went on writing for `abandoned_s`, by `clock` in seconds since
        1970. Raises `OnlineStoreError`: with code `unreachable`, `timeout` or `denied` where the
        cluster cannot be used, `store-version` for tables that are none of ours.
        """
        session = CqlSession.open(settings)
        store = cls(session, replaced_s=replaced_s, abandoned_s=abandoned_s, clock=clock)
        try:
            store._open_tables()
        except BaseException:
            store.close()
            raise
        return store

    def write(
        self, view: FeatureView, version: str, watermark_us: int, batches: Iterable[pa.RecordBatch]
    ) -> OnlineVersion:
        """Write a complete new version of the view, as `OnlineStore.write` says.

        Of several rows with one key in one chunk of 65,536 rows the greatest (`event_ts`,
        `available_at`) stays, of those in several chunks the one that was valid last; of rows that
        are the newest at some instant these are the same. Raises `OnlineStoreError`, besides what
        `open` raises: with code `schema` or `null-key` for batches that do not fit the view,
        `replication` for a keyspace that the settings contradict, `superseded` where a write that
        began later is already current, `timeout`, `unreachable` or `unavailable` where the
        cluster stays so for longer than the settings' patience.
        """
        self._check_open()
        opened = self._made_tables()
        writer = VersionWriter(self._session, opened.statements, self._ring, view, self._clock)
        written = writer.write(version, watermark_us, batches)
        # The new version is there, whatever becomes of the old rows: the next write tries again.
        with suppress(OnlineStoreError):
            opened.versions.look()
            now_s = self._clock()
            collect_garbage(
                self._session,
                opened.statements,
                replaced_before_s=now_s - self._replaced_s,
                abandoned_before_s=now_s - self._abandoned_s,
            )
        return written

    def current(self) -> Mapping[str, OnlineVersion]:
        """Return the current version of each view, by the view's name, as it is now."""
        self._check_open()
        opened = self._open_tables()
        known = opened.versions.look() if opened is not None else {}
        return {view: found.record.version for view, found in known.items()}

    def read(self, lookups: Sequence[ViewLookup]) -> tuple[ViewAnswer, ...]:
        """Answer all `lookups` from one snapshot, as `OnlineStore.read` says.

        Raises `OnlineStoreError`: with code `not-materialized` for a view or a feature that the
        store does not have, `key-type` for keys of other types than the stored ones, `corrupt` for
        bytes that no write has made, `timeout`, `unreachable` or `unavailable` where the cluster
        does not answer.
        """
        self._check_open()
        if not lookups:
            return ()
        opened = self._open_tables()
        if opened is None:
            return tuple(raise_not_materialized(lookup.view, ()) for lookup in lookups)
        versions = opened.versions.get()
        return read_lookups(self._session, opened.statements, self._ring, versions, lookups)

    def close(self) -> None:
        """Give back what the store holds. Closing it again does nothing."""
        if not self._closed:
            self._closed = True
            self._session.close()

    def _open_tables(self) -> _Opened | None:
        """Return the statements and versions of the store, None where there are no tables yet."""
        opened = self._opened
        if opened is None and has_schema(self._session):
            statements = prepare_statements(self._session)
            state = CqlState(self._session, statements)
            check_format(state.read((FORMAT,))[FORMAT].get(VERSION))
            versions = CurrentVersions(state, self._session.settings.refresh_ms / 1e3)
            # Two threads may both get here; what either of them keeps will do.
            opened = self._opened = _Opened(statements, versions)
        return opened

    def _made_tables(self) -> _Opened:
        """Return the statements and versions of the store, made and checked at the first write."""
        if not self._is_made:
            with self._lock:
                make_schema(self._session)
        opened = self._open_tables()
        if opened is None:
            raise OnlineStoreError(f"{self._session.settings.place} has lost its tables")
        if not self._is_made:
            state = CqlState(self._session, opened.statements)
            text = format_text(uuid.uuid4().hex)
            check_format(self._session.patiently(lambda: state.add(FORMAT, VERSION, text)))
            self._is_made = True
        return opened

    def _check_open(self) -> None:
        if self._closed:
            raise OnlineStoreError("the online store is closed", code="closed")
