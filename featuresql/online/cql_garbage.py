"""Removes the rows of versions that nobody will read again."""

from __future__ import annotations

from typing import Final

from featuresql.online.cql_in_flight import InFlight
from featuresql.online.cql_session import CqlSession
from featuresql.online.cql_state import GARBAGE, VERSION, Change, CqlState
from featuresql.online.cql_statements import CqlStatements
from featuresql.online.cql_write import unlogged

_BATCH_ROWS: Final = 100
_DEAD: Final = "dead"


def collect_garbage(
    session: CqlSession,
    statements: CqlStatements,
    *,
    replaced_before_s: float,
    abandoned_before_s: float,
) -> None:
    """Delete the rows, the journal and the record of versions that have long been garbage.

    Those are the versions that were replaced before one instant, and those that somebody began to
    write and did not touch since another, both in seconds since 1970.
    """
    state = CqlState(session, statements)
    limits = {"replaced": replaced_before_s, "writing": abandoned_before_s}
    for name, mark in state.read((GARBAGE,))[GARBAGE].items():
        word, _, at_s = mark.partition(" ")
        dead = f"{_DEAD} {at_s}"
        if word != _DEAD:
            if float(at_s) > limits[word]:
                continue
            # From here on its writer, if it lives after all, cannot make it current any more.
            if not state.change([Change(GARBAGE, name, mark, dead)]):
                continue
        _remove_rows(session, statements, int(name))
        record = state.value(VERSION, name)
        if record is not None:
            state.change([Change(VERSION, name, record, None)])
        state.change([Change(GARBAGE, name, dead, None)])


def _remove_rows(session: CqlSession, statements: CqlStatements, number: int) -> None:
    in_flight = InFlight(session)
    count = 0
    while found := session.execute(statements.read_chunk.bind((number, count))):
        newest_us, keys = found[0]
        for first in range(0, len(keys), _BATCH_ROWS):
            some = keys[first : first + _BATCH_ROWS]
            delete = statements.delete_row
            in_flight.send(unlogged([delete.bind((newest_us, key, number)) for key in some]))
        count += 1
    in_flight.drain()
    # The last first: as long as one is there, all before it are.
    for chunk in range(count - 1, -1, -1):
        in_flight.send(statements.delete_chunk.bind((number, chunk)))
        in_flight.drain()
