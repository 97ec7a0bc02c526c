"""Writes on their way to a cluster, a bounded number at once."""

from __future__ import annotations

from collections import deque
from typing import Final, TypeAlias

from cassandra.cluster import ResponseFuture
from cassandra.query import BatchStatement, BoundStatement

from featuresql.errors import OnlineStoreError
from featuresql.online.cql_errors import TRANSIENT
from featuresql.online.cql_policies import WRITES
from featuresql.online.cql_session import CqlSession

Write: TypeAlias = "BoundStatement | BatchStatement"

_MOST: Final = 32


class InFlight:
    """Sends idempotent statements, and sends again what fails for a passing reason.

    It belongs to one thread. Where it is full, the next statement waits for the oldest: so the
    engine is asked for rows no faster than the cluster takes them.
    """

    def __init__(self, session: CqlSession, most: int = _MOST) -> None:
        """Have at most `most` statements under way."""
        self._session = session
        self._most = most
        self._waiting: deque[tuple[ResponseFuture, Write]] = deque()

    def send(self, statement: Write) -> None:
        """Send a bound statement or a batch, which may be done twice.

        Raises `OnlineStoreError` where an earlier one fails for longer than the session's patience.
        """
        while len(self._waiting) >= self._most:
            self._settle()
        self._waiting.append((self._session.submit(statement, WRITES), statement))

    def drain(self) -> None:
        """Wait until all that was sent is done."""
        while self._waiting:
            self._settle()

    def _settle(self) -> None:
        future, statement = self._waiting.popleft()
        try:
            self._session.result(future)
        except OnlineStoreError as error:
            if error.code not in TRANSIENT:
                raise
            self._session.patiently(lambda: self._session.execute(statement, WRITES))
