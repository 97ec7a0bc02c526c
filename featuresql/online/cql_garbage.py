"""Removes the rows of versions that nobody will read again."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from featuresql.online.cql_in_flight import InFlight
from featuresql.online.cql_marks import (
    DEAD,
    REPLACED,
    WRITING,
    Mark,
    Marks,
    change_marks,
    read_marks,
)
from featuresql.online.cql_session import CqlSession
from featuresql.online.cql_state import CURRENT, GARBAGE, VERSION, Change, CqlState
from featuresql.online.cql_statements import CqlStatements
from featuresql.online.cql_write import unlogged

_BATCH_ROWS: Final = 100


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
    found = state.read((GARBAGE, CURRENT))
    limits = {WRITING: abandoned_before_s, REPLACED: replaced_before_s, DEAD: float("inf")}
    for view, text in found[GARBAGE].items():
        for number, mark in read_marks(text).items():
            # A current version has no mark; one that came back from a node long away is no reason.
            if mark.since_s <= limits[mark.word] and str(number) != found[CURRENT].get(view):
                _remove_version(session, statements, view, number, mark)


def _remove_version(
    session: CqlSession, statements: CqlStatements, view: str, number: int, mark: Mark
) -> None:
    state = CqlState(session, statements)
    ours = replace(mark, word=DEAD)

    def dead(marks: Marks) -> Marks:
        # From here on its writer, if it lives after all, cannot make it current any more.
        return {**marks, number: ours} if marks.get(number) == mark else marks

    change_marks(state, view, dead)
    if read_marks(state.value(GARBAGE, view)).get(number) != ours:
        return
    _remove_rows(session, statements, number)
    record = state.value(VERSION, str(number))
    if record is not None:
        state.change([Change(VERSION, str(number), record, None)])
    change_marks(state, view, lambda marks: {n: m for n, m in marks.items() if n != number})


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
