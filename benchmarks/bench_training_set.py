"""Training sets beside plain as-of joins of the same rows, on DuckDB and on ClickHouse in process.

Run: python benchmarks/bench_training_set.py [--engines duckdb,chdb] [--scale 1.0]. For each case it
prints medians of three and ratios:

- `ours`: `get_historical_features`, with everything that it does;
- `plain`: one `ASOF LEFT JOIN` a view over the same tables in the same session, with no TTL, no
  late rows, no ties and in no order; with ten views, ten of them in one statement;
- `in memory` (DuckDB alone): the two statements with all tables in memory, without opening files.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from featuresql import FeatureStore
from featuresql.bootstrap import open_workspace
from featuresql.engines.duckdb_session import naive
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.training_set import TrainingSetPlan, plan_training_set
from featuresql.workflows.workspace import Workspace

ENTITIES = 10_000
ROUNDS = 3
START_US = 1_600_000_000_000_000
SPAN_US = 10**13
PROJECT = """
name: bench
sources:
  history: {{path: history.parquet, event_time: ts}}
  labels: {{path: labels.parquet, event_time: asked_at}}
entities:
  thing: {{keys: {{k: bigint}}}}
targets:
  here: {{engine: {{type: {engine}}}, online: {{type: lmdb}}, registry: {{url: "sqlite:///target/r.db"}}}}
"""


@dataclass(frozen=True)
class Case:
    """A spine of `labels` rows against views of `rows` rows with `features` columns each."""

    labels: int
    rows: int
    features: int
    views: int = 1

    def __str__(self) -> str:
        """Give the sizes in words."""
        views = f", {self.views} views" if self.views > 1 else ""
        return f"{self.labels:,} labels, {self.rows:,} rows x {self.features} features{views}"


CASES = (
    Case(100_000, 1_000_000, 65),
    Case(1_000_000, 5_000_000, 10),
    Case(100_000, 1_000_000, 10),
    Case(100_000, 1_000_000, 10, views=10),
)


@dataclass(frozen=True)
class Measured:
    """Seconds: medians over the rounds."""

    ours: float
    plain: float
    memory: tuple[float, float] | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", default="duckdb,chdb")
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    for engine in arguments.engines.split(","):
        found: dict[Case, Measured] = {}
        for case in CASES:
            labels, rows = (int(n * arguments.scale) for n in (case.labels, case.rows))
            scaled = Case(labels, rows, case.features, case.views)
            found[case] = measure(engine, scaled)
            show(engine, scaled, found[case])
        one, ten = CASES[-2:]
        ratio = found[ten].ours / found[one].ours
        print(f"{engine:6}  ten views take {ratio:.2f} x one view")


def show(engine: str, case: Case, found: Measured) -> None:
    print(f"{engine:6}  {case}")
    print(f"        ours      {found.ours:8.3f} s")
    print(f"        plain     {found.plain:8.3f} s   {found.plain / found.ours:5.2f} x ours")
    if found.memory is not None:
        ours, plain = found.memory
        print(f"        in memory {ours:8.3f} s, plain {plain:8.3f} s   {plain / ours:5.2f} x ours")


def measure(engine: str, case: Case) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_project(root, engine, case)
        spine = pq.read_table(root / "labels.parquet")
        with FeatureStore(root) as store:
            store.run()
            ours = median_s(lambda: store.get_historical_features("service", spine))
        workspace = open_workspace(root)
        plain = median_s(lambda: run_plain(workspace, case, spine))
        memory = None
        if engine == "duckdb":
            memory = measure_in_memory(
                root / "target/bench.duckdb", case, planned(workspace, spine)
            )
    return Measured(ours, plain, memory)


def planned(workspace: Workspace, spine: pa.Table) -> TrainingSetPlan:
    compiled = compile_models(workspace)
    with workspace.engine.session() as session:
        return plan_training_set(workspace, compiled, session, "service", spine=spine)


def run_plain(workspace: Workspace, case: Case, spine: pa.Table) -> None:
    with workspace.engine.session() as session:
        if workspace.engine.dialect == "duckdb":
            session.query(plain_sql(case, "main.", "spine"), {"spine": spine}).read_all()
        else:
            statement = plain_sql(case, "", "spine") + " SETTINGS join_use_nulls = 1"
            session.query(statement, {"spine": spine}).read_all()


def measure_in_memory(file: Path, case: Case, plan: TrainingSetPlan) -> tuple[float, float]:
    """Run the statement of `plan` and the plain one over a copy of the tables in memory."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{file}' AS file (READ_ONLY)")
        connection.execute("COPY FROM DATABASE file TO memory")
        connection.execute("DETACH file")
        for name, table in plan.inputs.items():
            connection.register("brought", naive(table))
            connection.execute(f"CREATE TABLE {name} AS FROM brought")
        run = connection.sql
        ours = median_s(lambda: run(plan.statement).to_arrow_table())
        plain = median_s(lambda: run(plain_sql(case, "main.", "spine_input")).to_arrow_table())
    return ours, plain


def median_s(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def plain_sql(case: Case, schema: str, spine: str) -> str:
    names = [f"v{v}.f{i} AS f{v}_{i}" for v in range(case.views) for i in range(case.features)]
    joins = " ".join(
        f"ASOF LEFT JOIN {schema}features{v} v{v} ON v{v}.k = s.k AND v{v}.ts <= s.asked_at"
        for v in range(case.views)
    )
    return f"SELECT s.k AS k, s.asked_at AS asked_at, {', '.join(names)} FROM {spine} s {joins}"


def write_project(root: Path, engine: str, case: Case) -> None:
    random = np.random.default_rng(0)

    def table(count: int, instant: str) -> dict[str, object]:
        instants = START_US + random.integers(0, SPAN_US, count)
        return {
            "k": random.integers(0, ENTITIES, count),
            instant: pa.array(instants).cast(pa.timestamp("us")),
        }

    features = {f"f{i}": random.random(case.rows) for i in range(case.features)}
    pq.write_table(pa.table(table(case.rows, "ts") | features), root / "history.parquet")
    pq.write_table(pa.table(table(case.labels, "asked_at")), root / "labels.parquet")
    (root / "models").mkdir()
    (root / "featuresql.yml").write_text(PROJECT.format(engine=engine))
    for view in range(case.views):
        (root / f"models/features{view}.sql").write_text(
            "{{ config(kind='feature_view', entity='thing', event_time='ts') }}\n"
            f"select * replace (f0 + {view} as f0) from {{{{ source('history') }}}}\n"
        )
    names = [f"v{v}.f{i} as f{v}_{i}" for v in range(case.views) for i in range(case.features)]
    joins = "\n".join(
        f"left join {{{{ ref('features{v}') }}}} v{v} on v{v}.k = s.k" for v in range(case.views)
    )
    (root / "models/service.sql").write_text(
        "{{ config(kind='feature_service', event_time='asked_at') }}\n"
        f"select s.k, s.asked_at, {', '.join(names)} from {{{{ source('labels') }}}} s\n{joins}\n"
    )


if __name__ == "__main__":
    main()
