"""Writes a whole new version of a view, chunk by chunk, and then points at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa
from cassandra.query import BatchStatement, BatchType, BoundStatement

from featuresql.errors import OnlineStoreError
from featuresql.online.chunks import chunks
from featuresql.online.cql_in_flight import InFlight
from featuresql.online.cql_marks import (
    REPLACED,
    WRITING,
    Mark,
    Marks,
    change_marks,
    read_marks,
    write_marks,
)
from featuresql.online.cql_ring import Ring, tokens
from featuresql.online.cql_session import CqlSession
from featuresql.online.cql_state import (
    CURRENT,
    ENTITY,
    GARBAGE,
    VERSION,
    Change,
    CqlState,
)
from featuresql.online.cql_statements import CqlStatements
from featuresql.online.cql_versions import MAX_ENTITY_KEY_BYTES, entity_prefix
from featuresql.online.key_codec import KeyCodec
from featuresql.online.newest_rows import newest_rows
from featuresql.online.row_codec import INSTANTS, RowCodec
from featuresql.online.segments import Ints, to_list
from featuresql.online.version_record import VersionRecord
from featuresql.ports import OnlineVersion
from featuresql.spec.model import FeatureView

_JOURNAL_KEYS: Final = 8_192
# Cassandra refuses batches of 50 KiB, counting some bytes a row beside key and value.
_BATCH_ROWS: Final = 64
_BATCH_BYTES: Final = 40_000
_BYTES_BESIDE: Final = 64
_TOUCH_S: Final = 60.0


class VersionWriter:
    """Writes one version of a view: its rows, the journal of their keys, and at last its pointer.

    Rows carry `valid_from`, the later of their two instants, as their timestamp. So a row that is
    written twice, or after a later one of its key, changes nothing; what comes in one chunk is
    looked through beforehand.
    """

    def __init__(
        self,
        session: CqlSession,
        statements: CqlStatements,
        ring: Ring,
        view: FeatureView,
        clock: Callable[[], float],
    ) -> None:
        """Take a number for the version, marked as garbage until it is complete.

        `clock` gives seconds since 1970.
        """
        self._session, self._statements, self._ring = session, statements, ring
        self._state = CqlState(session, statements)
        self._view, self._clock = view, clock
        self._key_names = [key.name for key in view.keys]
        self._value_names = [*INSTANTS, *(feature.name for feature in view.features)]
        self._keys = KeyCodec(view.keys, MAX_ENTITY_KEY_BYTES)
        self._rows = RowCodec(view.features)
        self._in_flight = InFlight(session)
        self._chunks = 0
        self._tokens: list[Ints] = []
        self._entity_number = self._session.patiently(self._take_entity)
        self._number = self._session.patiently(lambda: self._state.take_number(VERSION))
        self._is_marked = False
        self._touched_at = float("-inf")

    def write(
        self, version: str, watermark_us: int, batches: Iterable[pa.RecordBatch]
    ) -> OnlineVersion:
        """Write the rows of `batches` as the version `version` and make it current.

        What fails or is killed before that leaves the old version current.
        """
        self._touch()
        for chunk in chunks(self._view, batches):
            self._write_chunk(chunk)
            self._touch()
        self._in_flight.drain()
        seen = np.concatenate(self._tokens) if self._tokens else np.zeros(0, np.int64)
        rows = len(np.unique(seen))
        written = OnlineVersion(self._view, version, self._number, watermark_us, rows)
        record = VersionRecord(written, self._entity_number).to_json().decode()
        self._session.patiently(lambda: self._state.add(VERSION, str(self._number), record))
        self._session.patiently(self._make_current)
        return written

    def _take_entity(self) -> int:
        name = self._view.entity
        known = self._state.value(ENTITY, name)
        if known is None:
            known = self._state.add(ENTITY, name, str(self._state.take_number(ENTITY)))
        return int(known)

    def _touch(self) -> None:
        """Say that this version is being written: abandoned ones are removed by others."""
        now = self._clock()
        if now - self._touched_at < _TOUCH_S:
            return
        self._session.patiently(self._mark)
        self._touched_at = now

    def _mark(self) -> None:
        mark = Mark(WRITING, self._clock())

        def marked(marks: Marks) -> Marks:
            if self._is_marked and not _is_written(marks, self._number):
                raise _abandoned(self._view)
            return {**marks, self._number: mark}

        change_marks(self._state, self._view.name, marked)
        self._is_marked = True

    def _write_chunk(self, chunk: pa.RecordBatch) -> None:
        prefix = entity_prefix(self._entity_number)
        encoded = self._keys.encode(chunk.select(self._key_names))
        keys = [prefix + key for key in encoded if key is not None]
        if len(set(keys)) < len(keys):
            order = newest_rows(keys, chunk)
            keys = [keys[row] for row in order.tolist()]
            chunk = chunk.take(pa.array(order))
        columns = [chunk.column(name) for name in self._value_names]
        rows = to_list(self._rows.encode(columns, chunk.num_rows))
        valid_from = np.maximum(*(column.cast(pa.int64()).to_numpy() for column in columns[:2]))
        self._tokens.append(tokens(keys))
        for first in range(0, len(keys), _JOURNAL_KEYS):
            some = slice(first, first + _JOURNAL_KEYS)
            self._write_some(keys[some], rows[some], valid_from[some])

    def _write_some(self, keys: list[bytes], rows: list[bytes], valid_from: Ints) -> None:
        """Write rows, and before them the journal of their keys, by which they can be removed."""
        newest_us = int(valid_from.max())
        journal = self._statements.write_chunk.bind((self._number, self._chunks, newest_us, keys))
        self._in_flight.send(journal)
        self._in_flight.drain()
        self._chunks += 1
        stamps = valid_from.tolist()
        insert, number = self._statements.write_row, self._number
        for group in self._ring.groups(keys):
            for some in _batches(group.tolist(), keys, rows):
                bound = [insert.bind((keys[row], number, rows[row], stamps[row])) for row in some]
                self._in_flight.send(bound[0] if len(bound) == 1 else unlogged(bound))

    def _make_current(self) -> None:
        """Point at the new version and give up the one before, in one transaction."""
        view, number = self._view.name, str(self._number)
        while (old := self._state.value(CURRENT, view)) != number:
            if old is not None and int(old) > self._number:
                raise OnlineStoreError(
                    f"another process has made version {old} of '{view}' current, which is newer"
                    f" than this one, {number}",
                    code="superseded",
                    hint="nothing is lost; materialize again if this was to be the newer",
                )
            text = self._state.value(GARBAGE, view)
            marks = read_marks(text)
            if not _is_written(marks, self._number):
                # Where our own change was made after all, this is the one to see it.
                if self._state.value(CURRENT, view) != number:
                    raise _abandoned(self._view)
                return
            del marks[self._number]
            if old is not None:
                marks[int(old)] = Mark(REPLACED, self._clock())
            self._state.change(
                [
                    Change(CURRENT, view, old, number),
                    Change(GARBAGE, view, text, write_marks(marks)),
                ]
            )


def _is_written(marks: Marks, number: int) -> bool:
    """Return whether a version is still what its writer has said of it."""
    return number in marks and marks[number].word == WRITING


def unlogged(bound: list[BoundStatement]) -> BatchStatement:
    """Return bound statements, each of which may be done twice, as one batch that may be too."""
    batch = BatchStatement(BatchType.UNLOGGED)
    for statement in bound:
        batch.add(statement)
    batch.is_idempotent = True
    return batch


def _batches(group: list[int], keys: list[bytes], rows: list[bytes]) -> Iterator[list[int]]:
    """Cut the rows of a group into those of one batch each."""
    some: list[int] = []
    size_bytes = 0
    for row in group:
        row_bytes = len(keys[row]) + len(rows[row]) + _BYTES_BESIDE
        if some and (len(some) >= _BATCH_ROWS or size_bytes + row_bytes > _BATCH_BYTES):
            yield some
            some, size_bytes = [], 0
        some.append(row)
        size_bytes += row_bytes
    if some:
        yield some


def _abandoned(view: FeatureView) -> OnlineStoreError:
    return OnlineStoreError(
        f"this version of '{view.name}' was taken for abandoned, and removed by another process",
        code="superseded",
        hint="materialize again; the clocks of the writers must agree within minutes",
    )
