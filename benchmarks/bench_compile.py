"""Compile a generated project: parsing alone beside all passes, lineage and the leakage proof.

Then again with the models kept, nothing changed and one model changed, with the artifacts written.

Run: python benchmarks/bench_compile.py [models]. Prints seconds and the ratio to parsing.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from featuresql.bootstrap import open_workspace
from featuresql.compiler.lineage import project_lineage
from featuresql.compiler.read_sql import read_sql
from featuresql.render.render_project import render_project
from featuresql.workflows.compile_models import compile_models, write_compiled

PROJECT = """
name: bench
sources:
  events: {path: events.parquet, event_time: ts}
entities:
  thing: {keys: {k: bigint}}
"""
STAGING = """
select k, ts, x, y, x * y as xy, coalesce(x, 0) as x0, date_trunc('day', ts) as day
from {{ source('events') }} where k is not null
"""
VIEW = """{{{{ config(kind='feature_view', entity='thing', event_time='ts') }}}}
with base as (select k, ts, x, y, xy, x0 from {{{{ ref('stg_{stage}') }}}}),
recent as (
  select k, ts, sum(x) over w as x_sum, avg(y) over w as y_mean, max(xy) over w as xy_max,
    count(*) over w as events, min(x0) over w as x_min
  from base
  window w as (
    partition by k order by ts range between interval '{days} days' preceding and current row
  )
)
select k, ts, x_sum, y_mean, xy_max, events, x_min, x_sum / nullif(events, 0) as x_share,
  case when y_mean > 10 then 'high' else 'low' end as level
from recent
"""
STAGES = 10


def main() -> None:
    count = int((sys.argv[1:] or ["200"])[0])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_project(root, count)
        workspace = open_workspace(root)
        began = time.perf_counter()
        rendered = render_project(workspace.project)
        rendering_s = time.perf_counter() - began
        began = time.perf_counter()
        for model in rendered.values():
            read_sql(model.sql)
        parsing_s = time.perf_counter() - began
        cold = replace(workspace, cache=None)
        began = time.perf_counter()
        compiled = compile_models(cold)
        compiling_s = time.perf_counter() - began
        began = time.perf_counter()
        project_lineage(compiled)
        lineage_s = time.perf_counter() - began
        compile_again(root)
        kept_s = compile_again(root)
        changed = root / "models/view_0.sql"
        changed.write_text(changed.read_text() + "-- changed\n")
        one_s = compile_again(root)
    whole_s = compiling_s + lineage_s
    print(f"{count + STAGES:,} models")
    print(f"rendering                       {rendering_s:7.2f} s")
    print(f"parsing alone                   {parsing_s:7.2f} s")
    print(
        f"rendering, all passes, leakage  {compiling_s:7.2f} s   {compiling_s / parsing_s:5.1f} x"
    )
    print(f"lineage                         {lineage_s:7.2f} s   {lineage_s / parsing_s:5.1f} x")
    print(f"together                        {whole_s:7.2f} s   {whole_s / parsing_s:5.1f} x")
    print(f"again, nothing changed          {kept_s:7.2f} s   {kept_s / parsing_s:5.2f} x")
    print(f"again, one model changed        {one_s:7.2f} s   {one_s / parsing_s:5.2f} x")


def compile_again(root: Path) -> float:
    """Return the seconds of a whole `compile`, from reading the project to its artifacts."""
    began = time.perf_counter()
    workspace = open_workspace(root)
    workspace = replace(workspace, cache=root / "cache/models.sqlite")
    compiled = compile_models(workspace)
    write_compiled(workspace, compiled, tuple(compiled.models))
    return time.perf_counter() - began


def write_project(root: Path, count: int) -> None:
    ones = pa.array([1], pa.int64())
    instants = pa.array([0], pa.int64()).cast(pa.timestamp("us"))
    pq.write_table(
        pa.table({"k": ones, "ts": instants, "x": ones, "y": ones}), root / "events.parquet"
    )
    (root / "models").mkdir()
    (root / "featuresql.yml").write_text(PROJECT)
    for stage in range(STAGES):
        (root / f"models/stg_{stage}.sql").write_text(STAGING)
    for number in range(count):
        text = VIEW.format(stage=number % STAGES, days=1 + number % 30)
        (root / f"models/view_{number}.sql").write_text(text)


if __name__ == "__main__":
    main()
