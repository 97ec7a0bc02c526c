"""The bare parts of an online answer: an echo over Flight, and stores without anything around them.

The bare stores keep each entity's numbers packed by numpy, and give them back as columns.
"""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import lmdb
import numpy as np
import pyarrow as pa
from cassandra import ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import RoundRobinPolicy, TokenAwarePolicy
from cassandra.query import BatchStatement, BatchType, tuple_factory
from cql_server import CqlServer
from pyarrow import flight

IN_KEYS, BATCH_ROWS, WRITES_IN_FLIGHT = 50, 50, 32
KEYSPACE = "bare"

ECHO = """
from pyarrow import flight
class Echo(flight.FlightServerBase):
    def do_exchange(self, context, descriptor, reader, writer):
        answer, begun = None, False
        for chunk in reader:
            if not begun:
                answer = chunk.data
                writer.begin(answer.schema)
                begun = True
                continue
            if chunk.data is not None:
                writer.write_batch(answer)
server = Echo("grpc://127.0.0.1:0")
print(server.port, flush=True)
server.serve()
"""


class Echo:
    """An exchange that takes small batches and answers each with as many bytes as `answer`."""

    def __init__(self, port: str, rows: pa.Table, answer: pa.Table) -> None:
        self._client = flight.connect(f"grpc://127.0.0.1:{port}")
        descriptor = flight.FlightDescriptor.for_command(b"echo")
        self._writer, self._reader = self._client.do_exchange(descriptor)
        whole = answer.combine_chunks().to_batches()[0]
        self._writer.begin(whole.schema)
        self._writer.write_batch(whole)
        self._asked = whole.slice(0, max(1, rows.num_rows // whole.num_columns))

    def __call__(self) -> pa.RecordBatch:
        self._writer.write_batch(self._asked)
        return self._reader.read_chunk().data

    def close(self) -> None:
        self._writer.close()
        self._client.close()


@contextmanager
def echo_server() -> Iterator[str]:
    """Run an echoing server in a process of its own and give its port."""
    process = subprocess.Popen(  # noqa: S603 - our own text
        [sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


class BareStore(Protocol):
    """Rows of numbers by their keys, 0 and up."""

    def write(self, rows: list[bytes]) -> None: ...

    def read(self, keys: np.ndarray) -> list[np.ndarray]: ...


def columns(values: list[bytes]) -> list[np.ndarray]:
    """Decode packed rows into contiguous columns."""
    matrix = np.frombuffer(b"".join(values), np.float64).reshape(len(values), -1)
    return [np.ascontiguousarray(column) for column in matrix.T]


def packed(keys: np.ndarray) -> list[bytes]:
    return keys.astype(">i8").view("V8").tolist()


class BareLmdb:
    """LMDB's own `put` and `get`."""

    def __init__(self, folder: Path) -> None:
        self._environment = lmdb.open(str(folder), map_size=1 << 30)

    def write(self, rows: list[bytes]) -> None:
        with self._environment.begin(write=True) as transaction:
            for key, row in zip(packed(np.arange(len(rows))), rows, strict=True):
                transaction.put(key, row)

    def read(self, keys: np.ndarray) -> list[np.ndarray]:
        with self._environment.begin() as transaction:
            return columns(list(map(transaction.get, packed(keys))))

    def close(self) -> None:
        self._environment.close()


class BareCql:
    """The driver's own calls: IN on 50 keys, all under way at once; unlogged batches of 50."""

    def __init__(self, server: CqlServer) -> None:
        profile = ExecutionProfile(
            load_balancing_policy=TokenAwarePolicy(RoundRobinPolicy()),
            consistency_level=ConsistencyLevel.LOCAL_QUORUM,
            row_factory=tuple_factory,
        )
        auth = PlainTextAuthProvider(server.user, server.password) if server.user else None
        self._cluster = Cluster(
            [server.host],
            port=server.port,
            auth_provider=auth,
            execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        )
        session = self._session = self._cluster.connect()
        session.execute(
            f"CREATE KEYSPACE IF NOT EXISTS {KEYSPACE} WITH replication ="
            " {'class': 'SimpleStrategy', 'replication_factor': 1}"
        )
        session.execute(
            f"CREATE TABLE IF NOT EXISTS {KEYSPACE}.rows (key blob PRIMARY KEY, row blob)"
        )
        self._insert = session.prepare(f"INSERT INTO {KEYSPACE}.rows (key, row) VALUES (?, ?)")
        self._select = session.prepare(f"SELECT key, row FROM {KEYSPACE}.rows WHERE key IN ?")

    def write(self, rows: list[bytes]) -> None:
        keys = packed(np.arange(len(rows)))
        waiting: deque = deque()
        for first in range(0, len(rows), BATCH_ROWS):
            batch = BatchStatement(BatchType.UNLOGGED)
            some = slice(first, first + BATCH_ROWS)
            for key, row in zip(keys[some], rows[some], strict=True):
                batch.add(self._insert, (key, row))
            if len(waiting) >= WRITES_IN_FLIGHT:
                waiting.popleft().result()
            waiting.append(self._session.execute_async(batch))
        while waiting:
            waiting.popleft().result()

    def read(self, keys: np.ndarray) -> list[np.ndarray]:
        asked = packed(keys)
        futures = [
            self._session.execute_async(self._select, (asked[first : first + IN_KEYS],))
            for first in range(0, len(asked), IN_KEYS)
        ]
        found: dict[bytes, bytes] = {}
        for future in futures:
            found.update(future.result().current_rows)
        return columns([found[key] for key in asked])

    def close(self) -> None:
        self._cluster.shutdown()
