"""A training set of 100,000 labels against 1 M rows x 65 features, beside a plain as-of join.

Run: python benchmarks/bench_training_set.py [labels] [rows]. Prints medians of five and the ratio.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from featuresql import FeatureStore

FEATURES = 65
ENTITIES = 10_000
ROUNDS = 5
START_US = 1_600_000_000_000_000
SPAN_US = 10**13
PROJECT = """
name: bench
sources:
  history: {path: history.parquet, event_time: ts}
  labels: {path: labels.parquet, event_time: asked_at}
entities:
  thing: {keys: {k: bigint}}
"""


def main() -> None:
    labels, rows = (int(a) for a in (sys.argv[1:] or ("100000", "1000000")))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_project(root, labels, rows)
        store = FeatureStore(root)
        store.run()
        spine = pq.read_table(root / "labels.parquet")
        ours = median_s(lambda: store.get_historical_features("service", spine))
        database = root / "target/bench.duckdb"
        cold = median_s(lambda: plain(database, spine))
        with duckdb.connect(str(database)) as connection:
            connection.register("spine", spine)
            connection.execute("CREATE TEMP TABLE plain_spine AS SELECT * FROM spine")
            warm = median_s(lambda: connection.sql(plain_sql("plain_spine")).to_arrow_table())
        store.close()
    print(f"{labels:,} labels, {rows:,} rows x {FEATURES} features, median of {ROUNDS}")
    print(f"get_historical_features, opens the file   {ours:8.3f} s")
    print(f"plain ASOF LEFT JOIN, opens the file      {cold:8.3f} s   {cold / ours:5.2f} x ours")
    print(f"plain ASOF LEFT JOIN, file kept open      {warm:8.3f} s   {warm / ours:5.2f} x ours")


def plain(database: Path, spine: pa.Table) -> pa.Table:
    with duckdb.connect(str(database)) as connection:
        connection.register("spine", spine)
        return connection.sql(plain_sql("spine")).to_arrow_table()


def median_s(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def plain_sql(spine: str) -> str:
    names = ", ".join(f"v.f{i}" for i in range(FEATURES))
    return (
        f"SELECT s.k, s.asked_at, {names} FROM {spine} s "
        "ASOF LEFT JOIN main.features v ON v.k = s.k AND v.ts <= s.asked_at"
    )


def write_project(root: Path, labels: int, rows: int) -> None:
    random = np.random.default_rng(0)

    def table(count: int, instant: str) -> dict[str, object]:
        instants = START_US + random.integers(0, SPAN_US, count)
        return {
            "k": random.integers(0, ENTITIES, count),
            instant: pa.array(instants).cast(pa.timestamp("us")),
        }

    features = {f"f{i}": random.random(rows) for i in range(FEATURES)}
    pq.write_table(pa.table(table(rows, "ts") | features), root / "history.parquet")
    pq.write_table(pa.table(table(labels, "asked_at")), root / "labels.parquet")
    (root / "models").mkdir()
    (root / "featuresql.yml").write_text(PROJECT)
    (root / "models/features.sql").write_text(
        "{{ config(kind='feature_view', entity='thing', event_time='ts') }}\n"
        "select * from {{ source('history') }}\n"
    )
    names = ", ".join(f"v.f{i}" for i in range(FEATURES))
    (root / "models/service.sql").write_text(
        "{{ config(kind='feature_service', event_time='asked_at') }}\n"
        f"select s.k, s.asked_at, {names} from {{{{ source('labels') }}}} s\n"
        "left join {{ ref('features') }} v on v.k = s.k\n"
    )


if __name__ == "__main__":
    main()
