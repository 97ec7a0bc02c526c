"""A small project on disk: flights that are known when they have landed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from featuresql.bootstrap import open_workspace
from featuresql.workflows.run_models import run_models
from featuresql.workflows.workspace import Workspace

PROJECT = """
name: small
vars: {hours: 1}
targets:
  local:
    engine: {type: duckdb, path: target/small.duckdb}
    online: {type: lmdb, path: target/online}
    registry: {url: "sqlite:///target/registry.db"}
default_target: local
sources:
  flights: {path: flights.parquet, event_time: departed_at, available_at: landed_at}
  places: {path: places.parquet, static: true}
entities:
  carrier: {keys: {carrier: varchar}}
"""
STAGING = """
select f.flight_id, f.carrier, f.departed_at, f.landed_at, f.delay, f.distance, p.name as place
from {{ source('flights') }} f
left join {{ source('places') }} p on p.code = f.dest
"""
DELAY = """
{{ config(kind='feature_view', entity='carrier', event_time='event_ts', ttl='1 day') }}
select carrier, landed_at as event_ts, avg(delay) over w as delay_mean, count(*) over w as landings
from {{ ref('stg_flights') }}
window w as (
  partition by carrier order by landed_at
  range between to_hours({{ var('hours') }}) preceding and current row
)
"""
SERVICE = """
{{ config(kind='feature_service', event_time='departed_at', request=['distance']) }}
select s.flight_id, s.departed_at, c.delay_mean, c.landings,
  c.delay_mean * s.distance as delay_miles
from {{ ref('stg_flights') }} s
left join {{ ref('carrier_delay') }} c on c.carrier = s.carrier
"""
MODELS = {"stg_flights": STAGING, "carrier_delay": DELAY, "flight_delay": SERVICE}
START = datetime(2024, 1, 1)  # noqa: DTZ001 - the source's own zone is UTC


def flights(count: int = 400) -> pa.Table:
    """Return flights of two carriers that overlap: each departs before the one before it lands."""
    departed = [START + timedelta(minutes=7 * i) for i in range(count)]
    landed = [each + timedelta(minutes=30 + 11 * (i % 7)) for i, each in enumerate(departed)]
    return pa.table(
        {
            "flight_id": pa.array([f"f{i}" for i in range(count)], pa.string()),
            "carrier": pa.array(["AA" if i % 3 else "UA" for i in range(count)], pa.string()),
            "dest": pa.array(["X" if i % 2 else "Y" for i in range(count)], pa.string()),
            "departed_at": pa.array(departed, pa.timestamp("us")),
            "landed_at": pa.array(landed, pa.timestamp("us")),
            "delay": pa.array([(i * 37) % 61 for i in range(count)], pa.int64()),
            "distance": pa.array([float(100 + i) for i in range(count)], pa.float64()),
        }
    )


PLACES = pa.table({"code": ["X", "Y"], "name": ["Xanadu", "Ys"]})


def write_project(
    root: Path,
    models: dict[str, str] = MODELS,
    properties: str = "",
    project: str = PROJECT,
    rows: pa.Table | None = None,
) -> Workspace:
    """Write the project below `root` and open it; the environment of targets is not needed."""
    (root / "models").mkdir(parents=True, exist_ok=True)
    (root / "macros").mkdir(exist_ok=True)
    (root / "featuresql.yml").write_text(project)
    for name, sql in models.items():
        (root / "models" / f"{name}.sql").write_text(sql)
    (root / "models" / "tests.yml").write_text(properties or "models: []\n")
    pq.write_table(flights() if rows is None else rows, root / "flights.parquet")
    pq.write_table(PLACES, root / "places.parquet")
    return open_workspace(root)


def build_project(root: Path, **parts: object) -> Workspace:
    """Write the project, and build its models."""
    workspace = write_project(root, **parts)  # type: ignore[arg-type]
    run_models(workspace, fail_on_leak=False)
    return workspace
