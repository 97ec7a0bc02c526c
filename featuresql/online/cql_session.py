"""One connection to a cluster, with the few calls that the store needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster, ResponseFuture, Session
from cassandra.policies import DCAwareRoundRobinPolicy, ExponentialReconnectionPolicy
from cassandra.query import PreparedStatement, SimpleStatement, Statement

from featuresql.errors import OnlineStoreError
from featuresql.online.cql_errors import TRANSIENT, translated
from featuresql.online.cql_policies import READS, profiles, tls_context
from featuresql.online.cql_settings import CqlSettings

T = TypeVar("T")

_RECONNECT_S: Final = (0.2, 5.0)
_BACKOFF_S: Final = (0.05, 2.0)
_CONNECT_S: Final = 5.0


class CqlSession:
    """A session of the driver's, whose errors are `OnlineStoreError`. Threads may share it."""

    def __init__(
        self,
        settings: CqlSettings,
        nodes: DCAwareRoundRobinPolicy,
        cluster: Cluster,
        session: Session,
    ) -> None:
        """Use `CqlSession.open`."""
        self.settings = settings
        self.cluster = cluster
        self._nodes = nodes
        self._session = session

    @classmethod
    def open(cls, settings: CqlSettings) -> CqlSession:
        """Connect. Raises `OnlineStoreError` with code `unreachable` or `denied`."""
        with translated(settings):
            user = settings.user
            nodes = DCAwareRoundRobinPolicy(settings.local_dc or "")
            cluster = Cluster(
                list(settings.hosts),
                port=settings.port,
                auth_provider=PlainTextAuthProvider(user, settings.password) if user else None,
                ssl_context=tls_context(settings),
                execution_profiles=profiles(settings, nodes),
                reconnection_policy=ExponentialReconnectionPolicy(*_RECONNECT_S),
                connect_timeout=_CONNECT_S,
                control_connection_timeout=_CONNECT_S,
            )
            try:
                session: Session = cluster.connect()
            except BaseException:
                cluster.shutdown()
                raise
            return cls(settings, nodes, cluster, session)

    @property
    def local_dc(self) -> str:
        """The data centre that is talked to, as the settings say it or as was found."""
        return str(self._nodes.local_dc)

    def run(
        self, text: str | SimpleStatement, values: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        """Run a statement that is not prepared; `%s` in it stands for a value."""
        with translated(self.settings):
            return list(self._session.execute(text, values or None))

    def prepare(self, text: str, *, idempotent: bool = True) -> PreparedStatement:
        """Return `text` prepared; `idempotent` says that it may be run twice."""
        with translated(self.settings):
            prepared = self._session.prepare(text)
            prepared.is_idempotent = idempotent
            return prepared

    def execute(self, statement: Statement, profile: object = READS) -> list[tuple[Any, ...]]:
        """Run a bound statement or a batch, wait for it and return its rows."""
        with translated(self.settings):
            return list(self._session.execute(statement, execution_profile=profile))

    def submit(self, statement: Statement, profile: object = READS) -> ResponseFuture:
        """Send a statement and return the driver's future, which `result` waits for."""
        with translated(self.settings):
            return self._session.execute_async(statement, execution_profile=profile)

    def result(self, future: ResponseFuture) -> list[tuple[Any, ...]]:
        """Return the rows of what was submitted; of a result that has pages, the first."""
        with translated(self.settings):
            rows: list[tuple[Any, ...]] = future.result().current_rows
            return rows

    def patiently(self, work: Callable[[], T]) -> T:
        """Run `work`, which may be done twice, until the cluster can be reached for it.

        Raises its last error when the settings' patience is over.
        """
        deadline = time.monotonic() + self.settings.patience_ms / 1e3
        pause_s, most_s = _BACKOFF_S
        while True:
            try:
                return work()
            except OnlineStoreError as error:
                if error.code not in TRANSIENT or time.monotonic() + pause_s > deadline:
                    raise
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, most_s)

    def close(self) -> None:
        """Close the connections."""
        self.cluster.shutdown()
