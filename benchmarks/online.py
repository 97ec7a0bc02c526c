"""Online batches over a real server, on LMDB and on CQL, beside their bare parts in the same run.

65 features of one view. Ours is `FeatureClient.stream` against `featuresql serve` in a process of
its own. The bare parts are an echoing DoExchange of as many bytes, likewise, plus the store's own
gets of rows as long and a numpy decode. The three are asked in turn, so that they share whatever
else the machine does. Then what it takes to write all entities, beside the store's own writes of
the same packed rows, and how many requests a second some clients get at once.

    python benchmarks/online.py [--stores lmdb,cql] [--entities 100000] [--streams 1,4,16]

The CQL server is that of the tests: `CQL_HOST`, or Cassandra is fetched and started.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from featuresql import FeatureClient, FeatureStore
from featuresql.bootstrap import close_workspace, open_workspace
from featuresql.spec.column_type import BIGINT, DOUBLE, TIMESTAMP_ARROW
from featuresql.spec.model import Column, FeatureView

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/support"))

from cql_server import RUN_FOLDER, CqlServer, shared_server, stop_shared_server
from online_bare import BareCql, BareLmdb, BareStore, Echo, echo_server

FEATURES = 65
ROUNDS = {1: 300, 100: 200, 1_000: 60, 10_000: 15}
STREAM_KEYS, STREAM_S = 100, 5.0
PROJECT = """
name: bench
sources:
  history: {{path: history.parquet, event_time: ts}}
  asked: {{path: asked.parquet, event_time: asked_at}}
entities:
  thing: {{keys: {{k: bigint}}}}
default_target: lmdb
targets:
  lmdb:
    online: {{type: lmdb}}
  cql:
    online: {{type: scylla, hosts: ["{host}"], port: {port}, keyspace: bench{user}}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure online answers beside their bare parts.")
    parser.add_argument("--stores", default="lmdb,cql")
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--streams", default="1,4,16")
    arguments = parser.parse_args()
    stores = arguments.stores.split(",")
    streams = [int(text) for text in arguments.streams.split(",") if text]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with cql_server(root, wanted="cql" in stores) as server:
            write_project(root, server, arguments.entities)
            with FeatureStore(root, target=stores[0]) as store:
                store.run()
            for name in stores:
                bare = BareCql(server) if name == "cql" and server else BareLmdb(root / "bare")
                measure_writes(root, name, bare, arguments.entities)
                measure_reads(root, name, bare, arguments.entities)
                measure_streams(root, name, streams, arguments.entities)
                bare.close()


@contextmanager
def cql_server(root: Path, *, wanted: bool) -> Iterator[CqlServer | None]:
    """Give the server to measure, one that is stopped at the end where it was started for this."""
    os.environ[RUN_FOLDER] = str(root / "server")
    (root / "server").mkdir()
    try:
        yield shared_server() if wanted else None
    finally:
        stop_shared_server()


def measure_writes(root: Path, target: str, bare: BareStore, entities: int) -> None:
    """Print how long all entities take: the store's own writes, ours, and `materialize`."""
    random = np.random.default_rng(0)
    rows = [row.tobytes() for row in random.random((entities, FEATURES))]
    workspace = open_workspace(root, target)
    batches = packed_batches(entities)
    pairs = []
    for number in range(3):
        began = time.perf_counter()
        bare.write(rows)
        middle = time.perf_counter()
        workspace.online().write(view(), f"v{number}", 0, batches)
        pairs.append((middle - began, time.perf_counter() - middle))
    close_workspace(workspace)
    with FeatureStore(root, target=target) as store:
        began = time.perf_counter()
        store.materialize()
        whole = time.perf_counter() - began
    theirs, ours = (statistics.median(pair[at] for pair in pairs) for at in (0, 1))
    print(f"\n{target}: {entities:,} rows of {FEATURES} numbers written")
    print(f"  bare    {theirs:6.2f} s  {entities / theirs:9,.0f} rows a second")
    print(f"  ours    {ours:6.2f} s  {entities / ours:9,.0f} rows a second, {ours / theirs:.2f} x")
    print(f"  materialize, the engine's query included: {whole:.2f} s")


def view() -> FeatureView:
    """Return a view like the project's, under another name."""
    features = tuple(Column(f"f{i}", DOUBLE) for i in range(FEATURES))
    return FeatureView("written", "thing", (Column("k", BIGINT),), "ts", None, features)


def packed_batches(entities: int) -> list[pa.RecordBatch]:
    random = np.random.default_rng(0)
    batches = []
    for first in range(0, entities, 10_000):
        keys = np.arange(first, min(first + 10_000, entities))
        instants = pa.array(np.full(len(keys), 1_600_000_000_000_000), TIMESTAMP_ARROW)
        values = [pa.array(column) for column in random.random((FEATURES, len(keys)))]
        names = ["k", "event_ts", "available_at", *(f"f{i}" for i in range(FEATURES))]
        batches.append(
            pa.RecordBatch.from_arrays([pa.array(keys), instants, instants, *values], names)
        )
    return batches


def measure_reads(root: Path, target: str, bare: BareStore, entities: int) -> None:
    """Print the times of batches of each size."""
    print(f"\n{target}: p50 (p99) in ms")
    print("   keys     bare exchange        bare store              ours    ours / bare parts, p50")
    with (
        serving(root, target) as url,
        FeatureClient(url) as client,
        client.stream("service") as stream,
        echo_server() as port,
    ):
        for size, rounds in ROUNDS.items():
            keys = np.random.default_rng(size).choice(entities, size, replace=False)
            rows = pa.table({"k": keys})
            answer = stream.get(rows)
            assert answer.num_rows == size
            assert answer.column("f7").null_count == 0
            echo = Echo(port, rows, answer)
            times = in_turn(
                rounds,
                echo,
                lambda keys=keys: bare.read(keys),
                lambda rows=rows: stream.get(rows),
            )
            echo.close()
            p50 = [statistics.median(part) for part in times]
            shown = "".join(
                f"{median:9.2f} ({p99(part):6.2f})" for median, part in zip(p50, times, strict=True)
            )
            print(f"{size:7,} {shown} {p50[2] / (p50[0] + p50[1]):12.2f}")


def in_turn(rounds: int, *works: Callable[[], object]) -> list[list[float]]:
    """Return the times of each work in ms, done one after the other, round by round."""
    times: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 5):
        for work, found in zip(works, times, strict=True):
            began = time.perf_counter()
            work()
            if number >= 5:
                found.append((time.perf_counter() - began) * 1e3)
    return times


def p99(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


def measure_streams(root: Path, target: str, streams: list[int], entities: int) -> None:
    """Print what clients get at once, each on a stream of its own."""
    if not streams:
        return
    print(f"\n{target}: {STREAM_KEYS} keys a request, clients at once")
    with serving(root, target) as url:
        for count in streams:
            times = ask_at_once(url, count, entities)
            flat = sorted(one for found in times for one in found)
            print(
                f"{count:4} streams: {len(flat) / STREAM_S:8,.0f} requests a second,"
                f" p50 {statistics.median(flat):7.2f} ms, p99 {p99(flat):7.2f} ms"
            )


def ask_at_once(url: str, count: int, entities: int) -> list[list[float]]:
    """Ask on `count` streams for some seconds; return the times of each in ms."""
    times: list[list[float]] = [[] for _ in range(count)]
    end = time.perf_counter() + STREAM_S

    def ask(number: int) -> None:
        random = np.random.default_rng(number)
        with FeatureClient(url) as client, client.stream("service") as stream:
            while (began := time.perf_counter()) < end:
                stream.get(pa.table({"k": random.integers(0, entities, STREAM_KEYS)}))
                times[number].append((time.perf_counter() - began) * 1e3)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


@contextmanager
def serving(root: Path, target: str) -> Iterator[str]:
    """Run a server in a process of its own and give its URL."""
    command = [sys.executable, "-m", "featuresql", "serve", "--port", "0", "--target", target]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--project-dir", str(root)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(timeout=15)


def write_project(root: Path, server: CqlServer | None, entities: int) -> None:
    random = np.random.default_rng(0)
    ts = pa.array(np.full(entities, 1_600_000_000_000_000)).cast(pa.timestamp("us"))
    features = {f"f{i}": random.random(entities) for i in range(FEATURES)}
    keys = {"k": np.arange(entities)}
    pq.write_table(pa.table({**keys, "ts": ts, **features}), root / "history.parquet")
    pq.write_table(pa.table({**keys, "asked_at": ts}), root / "asked.parquet")
    (root / "models").mkdir()
    user = f", user: {server.user}, password: {server.password}" if server and server.user else ""
    host, port = (server.host, server.port) if server else ("127.0.0.1", 9042)
    (root / "featuresql.yml").write_text(PROJECT.format(host=host, port=port, user=user))
    (root / "models/features.sql").write_text(
        "{{ config(kind='feature_view', entity='thing', event_time='ts') }}\n"
        "select * from {{ source('history') }}\n"
    )
    names = ", ".join(f"v.f{i}" for i in range(FEATURES))
    (root / "models/service.sql").write_text(
        "{{ config(kind='feature_service', event_time='asked_at') }}\n"
        f"select s.asked_at, {names} from {{{{ source('asked') }}}} s\n"
        "left join {{ ref('features') }} v on v.k = s.k\n"
    )


if __name__ == "__main__":
    main()
