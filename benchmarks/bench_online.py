"""An online batch over a real server and LMDB, beside its bare parts in the same run.

65 features of one view, 100,000 entities. Ours is `FeatureClient.stream` against `featuresql serve`
in a process of its own. The bare parts are an echoing DoExchange of as many bytes, likewise, plus
`lmdb` gets of rows as long and a numpy decode. Run: python benchmarks/bench_online.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import flight

from featuresql import FeatureClient, FeatureStore

ENTITIES, FEATURES = 100_000, 65
BATCHES = (1, 100, 1_000, 10_000)
PROJECT = """
name: bench
sources:
  history: {path: history.parquet, event_time: ts}
  asked: {path: asked.parquet, event_time: asked_at}
entities:
  thing: {keys: {k: bigint}}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_project(root)
        with FeatureStore(root) as store:
            store.run()
            store.materialize()
        bare_store(root)
        with serving(root) as url, FeatureClient(url) as client, client.stream("service") as stream:
            print("   keys   bare exchange   bare store   ours      ours / bare parts   (p50, ms)")
            for size in BATCHES:
                keys = np.random.default_rng(size).integers(0, ENTITIES, size)
                rows = pa.table({"k": keys})
                rounds = 200 if size <= 1_000 else 30
                answer = stream.get(rows)
                assert answer.num_rows == size
                ours = median_ms(lambda rows=rows: stream.get(rows), rounds)
                echo = echo_ms(rows, answer, rounds)
                bare = median_ms(lambda keys=keys: bare_read(root, keys), rounds)
                ratio = ours / (echo + bare)
                print(f"{size:7,} {echo:15.2f} {bare:12.2f} {ours:6.2f} {ratio:19.2f}")


def median_ms(work: Callable[[], object], rounds: int) -> float:
    for _ in range(5):
        work()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times)


@contextmanager
def serving(root: Path) -> Iterator[str]:
    """Run a server in a process of its own and give its URL."""
    command = [sys.executable, "-m", "featuresql", "serve", "--port", "0"]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--project-dir", str(root)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(timeout=15)


ECHO = """
import sys
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


def echo_ms(rows: pa.Table, answer: pa.Table, rounds: int) -> float:
    """Time an exchange that takes small batches and answers with as many bytes as ours."""
    process = subprocess.Popen(  # noqa: S603 - our own text
        [sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        client = flight.connect(f"grpc://127.0.0.1:{process.stdout.readline().strip()}")
        writer, reader = client.do_exchange(flight.FlightDescriptor.for_command(b"echo"))
        whole = answer.combine_chunks().to_batches()[0]
        writer.begin(whole.schema)
        writer.write_batch(whole)
        one = whole.slice(0, max(1, rows.num_rows // FEATURES))

        def call() -> object:
            writer.write_batch(one)
            return reader.read_chunk().data

        result = median_ms(call, rounds)
        writer.close()
        client.close()
        return result
    finally:
        process.kill()
        process.wait()


def bare_store(root: Path) -> None:
    table = pq.read_table(root / "history.parquet").drop_columns(["ts"])
    matrix = np.column_stack([table[f"f{i}"].to_numpy() for i in range(FEATURES)])
    environment = lmdb.open(str(root / "bare"), map_size=1 << 30)
    with environment.begin(write=True) as transaction:
        for key, row in zip(table["k"].to_pylist(), matrix, strict=True):
            transaction.put(key.to_bytes(8, "big"), row.tobytes())
    environment.close()


_OPEN: dict[Path, lmdb.Environment] = {}


def bare_read(root: Path, keys: np.ndarray) -> list[np.ndarray]:
    environment = _OPEN.get(root) or _OPEN.setdefault(root, lmdb.open(str(root / "bare")))
    raw = keys.astype(">i8").tobytes()
    with environment.begin() as transaction:
        values = [transaction.get(raw[i : i + 8]) for i in range(0, len(raw), 8)]
    matrix = np.frombuffer(b"".join(values), np.float64).reshape(-1, FEATURES)
    return [np.ascontiguousarray(matrix[:, i]) for i in range(FEATURES)]


def write_project(root: Path) -> None:
    random = np.random.default_rng(0)
    ts = pa.array(np.full(ENTITIES, 1_600_000_000_000_000)).cast(pa.timestamp("us"))
    features = {f"f{i}": random.random(ENTITIES) for i in range(FEATURES)}
    keys = {"k": np.arange(ENTITIES)}
    pq.write_table(pa.table({**keys, "ts": ts, **features}), root / "history.parquet")
    pq.write_table(pa.table({**keys, "asked_at": ts}), root / "asked.parquet")
    (root / "models").mkdir()
    (root / "featuresql.yml").write_text(PROJECT)
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
