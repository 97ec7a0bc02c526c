"""A training set that is larger than the memory it may use.

Run: python benchmarks/bench_memory.py [--engine duckdb|chdb] [--labels N] [--views N] [--rows N]
     [--memory-gb N]

Makes a project of so many views, builds it, and writes the training set of its labels to Parquet by
`featuresql training-set`, as a process of its own. Prints seconds, the size of the file, and the
process's greatest resident memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

PROJECT = """
name: bench
sources:
  history: {{path: history.parquet, event_time: ts}}
  labels: {{path: labels.parquet, event_time: asked_at}}
entities:
  thing: {{keys: {{k: bigint}}}}
targets:
  here:
    engine: {{type: {engine}{options}}}
    online: {{type: lmdb}}
    registry: {{url: "sqlite:///target/r.db"}}
"""
FEATURES = 5
ENTITIES = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="duckdb")
    parser.add_argument("--labels", type=int, default=10_000_000)
    parser.add_argument("--views", type=int, default=10)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--memory-gb", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_project(root, arguments)
        run("run", root)
        file = root / "train.parquet"
        began = time.perf_counter()
        run("training-set", root, "here_service", "--output", str(file))
        seconds = time.perf_counter() - began
        peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        rows = pq.ParquetFile(file).metadata.num_rows
        size_mb = file.stat().st_size / 1e6
    print(f"{arguments.engine}: {rows:,} labels x {arguments.views} views in {seconds:.0f} s")
    print(f"file {size_mb:,.0f} MB, peak of the process {peak_mb:,.0f} MB")


def run(command: str, root: Path, *words: str) -> None:
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "featuresql", command, *words, "--project-dir", str(root)],
        check=True,
        stdout=subprocess.DEVNULL,
        env=dict(os.environ),
    )


def write_project(root: Path, arguments: argparse.Namespace) -> None:
    options = ""
    if arguments.engine == "duckdb":
        options = f", memory_limit: {arguments.memory_gb}GB"
    (root / "featuresql.yml").write_text(PROJECT.format(engine=arguments.engine, options=options))
    features = ", ".join(f"random() AS f{i}" for i in range(FEATURES))
    span_us = 365 * 86_400 * 1_000_000
    for name, instant, count, columns in (
        ("history", "ts", arguments.rows, f", {features}"),
        ("labels", "asked_at", arguments.labels, ""),
    ):
        duckdb.sql(
            f"COPY (SELECT (random() * {ENTITIES})::BIGINT AS k, TIMESTAMP '2023-01-01' + "
            f"to_microseconds((random() * {span_us})::BIGINT) AS {instant}{columns} "
            f"FROM range({count})) TO {json.dumps(str(root / name))[1:-1]!r} (FORMAT parquet)"
        )
        (root / name).rename(root / f"{name}.parquet")
    models = root / "models"
    models.mkdir()
    names = range(arguments.views)
    for view in names:
        (models / f"view{view}.sql").write_text(
            "{{ config(kind='feature_view', entity='thing', event_time='ts', ttl='90 days') }}\n"
            f"select * replace (f0 + {view} as f0) from {{{{ source('history') }}}}\n"
        )
    columns = ", ".join(f"v{v}.f{i} as f{v}_{i}" for v in names for i in range(FEATURES))
    joins = "\n".join(f"left join {{{{ ref('view{v}') }}}} v{v} on v{v}.k = s.k" for v in names)
    (models / "here_service.sql").write_text(
        "{{ config(kind='feature_service', event_time='asked_at') }}\n"
        f"select s.k, s.asked_at, {columns} from {{{{ source('labels') }}}} s\n{joins}\n"
    )


if __name__ == "__main__":
    main()
