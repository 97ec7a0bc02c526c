"""What a CQL store knows of itself, changed by lightweight transactions on one partition.

format / version      the layout, and the store's own id
next / KIND           the next number of a kind
entity / NAME         the number that stands for an entity in keys
version / NUMBER      the record of a version, which never changes
current / VIEW        the number of the view's current version
garbage / NUMBER      since when nobody needs the version's rows: seconds since 1970
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cassandra.query import BatchStatement, BatchType, BoundStatement

from featuresql.errors import OnlineStoreError
from featuresql.online.cql_errors import TRANSIENT
from featuresql.online.cql_policies import STATE
from featuresql.online.cql_session import CqlSession
from featuresql.online.cql_statements import CqlStatements

FORMAT: Final = "format"
NEXT: Final = "next"
ENTITY: Final = "entity"
VERSION: Final = "version"
CURRENT: Final = "current"
GARBAGE: Final = "garbage"

_LAYOUT: Final = "featuresql online store 1"


@dataclass(frozen=True, slots=True)
class Change:
    """One value to change, if it still is `old`; None is a value that is not there."""

    kind: str
    name: str
    old: str | None
    new: str | None


class CqlState:
    """Reads and changes the state. Threads may share it."""

    def __init__(self, session: CqlSession, statements: CqlStatements) -> None:
        """Use `statements` on `session`."""
        self._session = session
        self._statements = statements

    def read(self, kinds: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return the values of `kinds`, by kind and name, as they stood at one instant."""
        found: dict[str, dict[str, str]] = {kind: {} for kind in kinds}
        rows = self._session.execute(self._statements.read_state.bind([list(kinds)]))
        for kind, name, value in rows:
            found[kind][name] = value
        return found

    def value(self, kind: str, name: str) -> str | None:
        """Return a value after all changes that have begun; None where it is not there."""
        statement = self._statements.read_value.bind((kind, name))
        rows = self._session.execute(statement, STATE)
        return rows[0][0] if rows else None

    def change(self, changes: Sequence[Change]) -> bool:
        """Make all `changes` or none; return whether they were made.

        A change whose outcome is not known counts as not made: look at the values.
        """
        batch = BatchStatement(BatchType.UNLOGGED)
        for change in changes:
            batch.add(self._statement(change))
        try:
            return bool(self._session.execute(batch, STATE)[0][0])
        except OnlineStoreError as error:
            if error.code not in TRANSIENT:
                raise
            return False

    def add(self, kind: str, name: str, value: str) -> str:
        """Put a value where there is none yet; return the one that is there."""
        while (found := self.value(kind, name)) is None:
            self.change([Change(kind, name, None, value)])
        return found

    def take_number(self, kind: str) -> int:
        """Return the next number of a kind, from 1. None is ever given twice."""
        while True:
            old = self.value(NEXT, kind)
            number = int(old or 1)
            if self.change([Change(NEXT, kind, old, str(number + 1))]):
                return number

    def _statement(self, change: Change) -> BoundStatement:
        kind, name = change.kind, change.name
        if change.new is None:
            return self._statements.remove_value.bind((kind, name, change.old))
        if change.old is None:
            return self._statements.add_value.bind((kind, name, change.new))
        return self._statements.replace_value.bind((change.new, kind, name, change.old))


def check_format(found: str | None) -> bool:
    """Return whether this is a store; False where it has no format yet.

    Raises `OnlineStoreError` with code `store-version` for a store of another layout.
    """
    if found is not None and not found.startswith(f"{_LAYOUT} "):
        raise OnlineStoreError(
            f"the online store was written by another version: it says '{found}',"
            f" this is '{_LAYOUT}'",
            code="store-version",
            hint="take another keyspace, or drop this one and materialize again",
        )
    return found is not None


def format_text(store_id: str) -> str:
    """Return the value of the format for a store that is made, with its own id."""
    return f"{_LAYOUT} {store_id}"
