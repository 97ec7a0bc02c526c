"""Measure the online store beside its bare parts: packing with numpy, and LMDB's own put and get.

    python benchmarks/bench_online_store.py [--entities 100000] [--rounds 7]

Writes and reads 65 features of mixed types. Both sides run in turn in the same process, on the same
rows and the same disk; the figures are medians. The last column is ours divided by the bare one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import lmdb
import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from featuresql.online.lmdb_store import LmdbStore
from featuresql.ports import ViewLookup
from featuresql.spec.column_type import BIGINT, DOUBLE, TIMESTAMP_ARROW, VARCHAR
from featuresql.spec.model import Column, FeatureView

DOUBLES, BIGINTS, VARCHARS = 55, 6, 4
FEATURES = (
    *(Column(f"d{i}", DOUBLE) for i in range(DOUBLES)),
    *(Column(f"i{i}", BIGINT) for i in range(BIGINTS)),
    *(Column(f"s{i}", VARCHAR) for i in range(VARCHARS)),
)
VIEW = FeatureView("wide", "user", (Column("user_id", BIGINT),), "event_ts", None, FEATURES)
TEXT_BYTES = 12
# What a hand-written store for exactly these columns would keep: the texts are of a fixed width.
PACKED = np.dtype(
    [
        ("event_ts", "<i8"),
        ("available_at", "<i8"),
        *((f"d{i}", "<f8") for i in range(DOUBLES)),
        *((f"i{i}", "<i8") for i in range(BIGINTS)),
        *((f"s{i}", f"S{TEXT_BYTES}") for i in range(VARCHARS)),
    ]
)
BATCH_ROWS = 10_000
CALLS = {1: 2000, 100: 500, 1_000: 100, 10_000: 20}


def make_batches(entities: int) -> Iterator[pa.RecordBatch]:
    random = np.random.default_rng(7)
    schema = pa.schema(
        [("user_id", pa.int64()), ("event_ts", TIMESTAMP_ARROW), ("available_at", TIMESTAMP_ARROW)]
        + [(f.name, f.type.arrow) for f in FEATURES]
    )
    for first in range(0, entities, BATCH_ROWS):
        keys = np.arange(first, min(first + BATCH_ROWS, entities))
        instants = pa.array(keys + 1_600_000_000_000_000, TIMESTAMP_ARROW)
        texts = pa.array([f"text-{key % 9973:07d}" for key in keys])
        columns = [pa.array(keys), instants, instants]
        columns += [pa.array(random.random(len(keys))) for _ in range(DOUBLES)]
        columns += [pa.array(random.integers(0, 1 << 40, len(keys))) for _ in range(BIGINTS)]
        columns += [texts] * VARCHARS
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def bare_key(keys: np.ndarray) -> list[bytes]:
    return keys.astype(">u8").view("V8").tolist()


def bare_write(folder: Path, batches: list[pa.RecordBatch]) -> None:
    environment = lmdb.open(str(folder), map_size=1 << 30)
    with environment.begin(write=True) as transaction:
        for batch in batches:
            rows = np.empty(batch.num_rows, PACKED)
            for name in PACKED.names or ():
                column = batch.column(name)
                column = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
                rows[name] = column.to_numpy(zero_copy_only=False)
            data, width = rows.tobytes(), PACKED.itemsize
            for at, key in enumerate(bare_key(batch.column(0).to_numpy())):
                transaction.put(key, data[at * width : (at + 1) * width])
    environment.close()


def write_ours(folder: Path, batches: Iterable[pa.RecordBatch]) -> None:
    store = LmdbStore.open(folder)
    store.write(VIEW, "v1", 0, batches)
    store.close()


def bare_read(environment: lmdb.Environment, keys: np.ndarray) -> dict[str, np.ndarray]:
    with environment.begin() as transaction:
        rows = np.frombuffer(b"".join(map(transaction.get, bare_key(keys))), PACKED)
    return {name: np.ascontiguousarray(rows[name]) for name in PACKED.names or ()}


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_of_write(entities: int, folder: Path) -> tuple[float, float]:
    """Return this process's peak memory in MB before and after one write."""
    scale = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    write_ours(folder, make_batches(entities))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return before * scale / 1e6, after * scale / 1e6


def in_turn(
    rounds: int, ours: Callable[[], object], bare: Callable[[], object]
) -> Iterator[tuple[float, float]]:
    for _ in range(rounds):
        yield seconds(ours), seconds(bare)


def measure_write(entities: int, rounds: int, table: Table, folder: Path) -> None:
    batches = list(make_batches(entities))
    pairs = []
    for at in range(rounds):
        pairs += in_turn(
            1,
            lambda at=at: write_ours(folder / f"ours{at}", batches),
            lambda at=at: bare_write(folder / f"bare{at}", batches),
        )
    add_row(table, f"write {entities:,} x {len(FEATURES)}", pairs)
    store = LmdbStore.open(folder / "ours1")
    again = [seconds(lambda: store.write(VIEW, "v2", 0, batches)) for _ in range(3)]
    store.close()
    print(f"write over an existing version, old rows removed: {again[-1] * 1e3:,.0f} ms")


def measure_read(entities: int, table: Table, folder: Path) -> None:
    random = np.random.default_rng(11)
    store = LmdbStore.open(folder / "ours0", read_only=True)
    environment = lmdb.open(str(folder / "bare0"), readonly=True, map_size=1 << 30)
    names = tuple(f.name for f in FEATURES)
    for size, calls in CALLS.items():
        keys = random.integers(0, entities, size)
        lookup = ViewLookup("wide", pa.record_batch({"user_id": pa.array(keys)}), names)
        answer = store.read([lookup])[0].rows
        expected = bare_read(environment, keys)
        assert np.array_equal(answer.column("d7").to_numpy(), expected["d7"])
        pairs = in_turn(
            calls,
            lambda lookup=lookup: store.read([lookup]),
            lambda keys=keys: bare_read(environment, keys),
        )
        add_row(table, f"read {size:,} keys", list(pairs))
    environment.close()
    store.close()


def add_row(table: Table, name: str, pairs: list[tuple[float, float]]) -> None:
    ours = statistics.median(pair[0] for pair in pairs)
    bare = statistics.median(pair[1] for pair in pairs)
    table.add_row(name, f"{ours * 1e3:,.3f}", f"{bare * 1e3:,.3f}", f"{ours / bare:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the online store beside its bare parts.")
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    table = Table("what", "ours, ms", "bare, ms", "ratio")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        # A process of its own: a peak never falls again.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            before, after = pool.apply(peak_of_write, (arguments.entities, folder / "peak"))
        measure_write(arguments.entities, arguments.rounds, table, folder)
        measure_read(arguments.entities, table, folder)
    Console().print(table)
    print(
        f"peak memory of a process that writes: {after:,.0f} MB, {before:,.0f} MB before it began"
    )


if __name__ == "__main__":
    main()
