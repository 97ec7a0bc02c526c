"""Answers lookups: keys grouped by node, all their requests under way at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from cassandra.cluster import ResponseFuture
from cassandra.query import BoundStatement

from featuresql.online.cql_ring import Ring
from featuresql.online.cql_session import CqlSession
from featuresql.online.cql_statements import CqlStatements
from featuresql.online.cql_versions import KnownVersion, entity_prefix
from featuresql.online.not_materialized import raise_not_materialized
from featuresql.online.segments import concat
from featuresql.ports import ViewAnswer, ViewLookup

# A node reads the keys of a request one after the other: few keys go out in several requests.
_REQUESTS: Final = 8
_LEAST_KEYS: Final = 12
_MOST_KEYS: Final = 64
_IN_FLIGHT: Final = 128
# So many rows at a time stay in the cache on their way to Arrow's columns.
_BLOCK_ROWS: Final = 2048


@dataclass(frozen=True, slots=True)
class _Asked:
    """Keys of one entity, as they are stored, that are read for some versions of its views.

    `found` has the rows by version and key.
    """

    entity_number: int
    keys: pa.RecordBatch
    texts: list[bytes | None]
    found: dict[int, dict[bytes | None, bytes]]


def read_lookups(
    session: CqlSession,
    statements: CqlStatements,
    ring: Ring,
    versions: Mapping[str, KnownVersion],
    lookups: Sequence[ViewLookup],
) -> tuple[ViewAnswer, ...]:
    """Answer `lookups` from `versions`, which readers may still use while this goes on."""
    asked: list[_Asked] = []
    parts: list[tuple[KnownVersion, _Asked]] = []
    for lookup in lookups:
        known = versions.get(lookup.view)
        if known is None:
            raise_not_materialized(lookup.view, versions)
        part = _ask_once(asked, known, lookup.keys)
        part.found.setdefault(known.number, {})
        parts.append((known, part))
    _fetch(session, statements, ring, asked)
    return tuple(
        ViewAnswer(known.record.version, _decode(known, part, lookup.columns))
        for lookup, (known, part) in zip(lookups, parts, strict=True)
    )


def _ask_once(asked: list[_Asked], known: KnownVersion, keys: pa.RecordBatch) -> _Asked:
    """Return the keys as they are stored; views of one entity share them and their requests."""
    entity_number = known.record.entity_number
    known.keys.check(keys)
    for other in asked:
        if other.entity_number == entity_number and other.keys.equals(keys):
            return other
    prefix = entity_prefix(entity_number)
    texts = [None if key is None else prefix + key for key in known.keys.encode(keys)]
    asked.append(_Asked(entity_number, keys, texts, {}))
    return asked[-1]


def _fetch(
    session: CqlSession, statements: CqlStatements, ring: Ring, asked: Sequence[_Asked]
) -> None:
    """Read all rows into `found`, with a bounded number of requests under way."""
    waiting: deque[tuple[ResponseFuture, _Asked]] = deque()
    for part in asked:
        for statement in _requests(statements, ring, part):
            if len(waiting) >= _IN_FLIGHT:
                _keep(session, *waiting.popleft())
            waiting.append((session.submit(statement), part))
    while waiting:
        _keep(session, *waiting.popleft())


def _requests(statements: CqlStatements, ring: Ring, part: _Asked) -> Iterator[BoundStatement]:
    keys = [key for key in dict.fromkeys(part.texts) if key is not None]
    numbers = list(part.found)
    size = min(max(len(keys) // _REQUESTS, _LEAST_KEYS), _MOST_KEYS)
    for group in ring.groups(keys):
        rows = group.tolist()
        for first in range(0, len(rows), size):
            some = [keys[row] for row in rows[first : first + size]]
            statement = BoundStatement(statements.read_rows, routing_key=some[0])
            yield statement.bind((some, numbers))


def _keep(session: CqlSession, future: ResponseFuture, part: _Asked) -> None:
    found = part.found
    for key, number, row in session.result(future):
        found[number][key] = row


def _decode(known: KnownVersion, part: _Asked, columns: tuple[str, ...]) -> pa.RecordBatch:
    """Return the row of each key, decoded block by block."""
    found, missing = part.found[known.number], known.rows.missing_row
    batches = []
    for first in range(0, max(len(part.texts), 1), _BLOCK_ROWS):
        rows = [found.get(key, missing) for key in part.texts[first : first + _BLOCK_ROWS]]
        batches.append(known.rows.decode(concat(rows), columns))
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)
