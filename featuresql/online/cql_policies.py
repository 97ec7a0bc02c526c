"""How the driver chooses nodes, when it asks again, and what it waits for."""

from __future__ import annotations

import ssl
from typing import Final

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, ExecutionProfile
from cassandra.policies import (
    ConstantSpeculativeExecutionPolicy,
    FallthroughRetryPolicy,
    LoadBalancingPolicy,
    RetryPolicy,
    TokenAwarePolicy,
)
from cassandra.query import Statement, tuple_factory

from featuresql.online.cql_settings import CqlSettings

READS: Final = EXEC_PROFILE_DEFAULT
WRITES: Final = "writes"
STATE: Final = "state"
_MOST_RETRIES: Final = 2


class RetryIdempotent(RetryPolicy):  # type: ignore[misc]  # the driver has no types
    """Asks another node, twice at most, and only for what may be done twice.

    The driver calls these methods; they answer with one of its constants and a consistency level,
    None being the same.
    """

    def on_read_timeout(
        self, query: Statement, *_: object, retry_num: int, **_more: object
    ) -> tuple[int, None]:
        """Say what to do when replicas did not answer a read."""
        return self._again(query, retry_num)

    def on_write_timeout(
        self, query: Statement, *_: object, retry_num: int, **_more: object
    ) -> tuple[int, None]:
        """Say what to do when replicas did not answer a write."""
        return self._again(query, retry_num)

    def on_unavailable(
        self, query: Statement, *_: object, retry_num: int, **_more: object
    ) -> tuple[int, None]:
        """Say what to do when too few replicas are alive."""
        return self._again(query, retry_num)

    def on_request_error(
        self, query: Statement, *_: object, retry_num: int, **_more: object
    ) -> tuple[int, None]:
        """Say what to do when the connection broke or the node failed."""
        return self._again(query, retry_num)

    def _again(self, query: Statement, retry_num: int) -> tuple[int, None]:
        if query.is_idempotent and retry_num < _MOST_RETRIES:
            return self.RETRY_NEXT_HOST, None
        return self.RETHROW, None


def serial_level(settings: CqlSettings) -> int:
    """Return the level of lightweight transactions: as wide as the consistency is."""
    local = settings.consistency.startswith("local_")
    level: int = ConsistencyLevel.LOCAL_SERIAL if local else ConsistencyLevel.SERIAL
    return level


def profiles(settings: CqlSettings, nodes: LoadBalancingPolicy) -> dict[object, ExecutionProfile]:
    """Return the driver's execution profiles: for reads, for writes and for the store's state.

    Each sends a request to a replica of its routing key among `nodes`. The state's is for
    lightweight transactions, which are never done again unasked.
    """
    common = {
        "load_balancing_policy": TokenAwarePolicy(nodes),
        "consistency_level": ConsistencyLevel.name_to_value[settings.consistency.upper()],
        "serial_consistency_level": serial_level(settings),
        "request_timeout": settings.timeout_ms / 1e3,
        "row_factory": tuple_factory,
    }
    twice = ConstantSpeculativeExecutionPolicy(settings.speculative_ms / 1e3, 1)
    retry = RetryIdempotent()
    return {
        READS: ExecutionProfile(retry_policy=retry, speculative_execution_policy=twice, **common),
        WRITES: ExecutionProfile(retry_policy=retry, **common),
        STATE: ExecutionProfile(retry_policy=FallthroughRetryPolicy(), **common),
    }


def tls_context(settings: CqlSettings) -> ssl.SSLContext | None:
    """Return how to speak TLS, None for plain text; `OSError` where the CA's file is not one."""
    if not settings.secure:
        return None
    context = ssl.create_default_context(cafile=settings.ca_cert)
    context.check_hostname = settings.verify_host
    return context
