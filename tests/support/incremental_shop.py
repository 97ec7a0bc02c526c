"""A project whose models stand twice: built by intervals, and whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

START = datetime(2024, 1, 1, tzinfo=UTC)
PROJECT = """
name: shop
sources:
  orders: {path: orders.parquet, event_time: ordered_at, available_at: paid_at}
  rates: {path: rates.parquet, event_time: set_at}
  regions: {path: regions.parquet, static: true}
entities:
  customer: {keys: {customer: bigint}}
"""
MODELS = {
    "cleaned": "select id, customer, ordered_at as at, paid_at, amount from {{ source('orders') }} "
    "where amount is not null",
    "rolling": """{{ config(CUT event_time='at') }}
select id, customer, at, sum(amount) over w as spent, count(*) over w as orders
from {{ ref('cleaned') }}
window w as (partition by customer order by at
  range between interval '30 hours' preceding and current row)""",
    "daily": """{{ config(CUT event_time='day_end') }}
select customer, date_trunc('day', at) + interval '1 day' as day_end, sum(amount) as spent,
  max(at) as last_at
from {{ ref('cleaned') }} group by customer, date_trunc('day', at)""",
    "weekly": """{{ config(CUT event_time='day_end') }}
select customer, day_end, sum(spent) over (partition by customer order by day_end
  range between interval '2 days' preceding and current row) as spent
from {{ ref('daily') }}""",
    "priced": """{{ config(CUT event_time='ordered_at') }}
select o.id, o.ordered_at, r.rate, g.region
from {{ source('orders') }} o
left join {{ source('rates') }} r
  on r.set_at <= o.ordered_at and r.set_at > o.ordered_at - interval '20 hours'
left join {{ source('regions') }} g on g.customer = o.customer""",
    "ahead": """{{ config(CUT event_time='paid_at') }}
select id, paid_at, ordered_at, row_number() over
  (partition by customer, date_trunc('day', paid_at) order by paid_at, id) as place
from {{ source('orders') }}""",
    "both": """{{ config(CUT event_time='at') }}
with paid as (select id, paid_at + interval '5 hours' as at from {{ source('orders') }})
select id, at from paid union all select id, ordered_at from {{ source('orders') }}
where amount > 1""",
    "simple_view": """{{ config(CUT kind='feature_view', entity='customer', event_time='set_at',
  ttl='2 days') }}
select cast(round(rate) as bigint) as customer, set_at, rate from {{ source('rates') }}""",
    "late_view": """{{ config(CUT kind='feature_view', entity='customer', event_time='ordered_at',
  available_at='known_at', ttl='40 hours') }}
select customer, ordered_at, max(paid_at) over w as known_at, sum(amount) over w as spent
from {{ source('orders') }}
window w as (partition by customer order by ordered_at
  range between interval '1 day' preceding and current row)""",
    "reader": """{{ config(CUT kind='feature_view', entity='customer', event_time='paid_at') }}
select o.customer, o.paid_at, v.spent, s.rate
from {{ source('orders') }} o
left join {{ ref('late_view') }} v on v.customer = o.customer
left join {{ ref('simple_view') }} s on s.customer = o.customer""",
}
VIEWS = tuple(name for name, text in MODELS.items() if "feature_view" in text)
INCREMENTAL = tuple(name for name, text in MODELS.items() if "CUT" in text)
WHOLE = "_whole"
CUT = "materialized='incremental', interval='1 day',"


def event_time(model: str) -> str:
    """Return the column of a model's instants."""
    return MODELS[model].split("event_time='")[1].split("'")[0]


def write_project(root: Path) -> None:
    """Write the project without its data."""
    (root / "models").mkdir(parents=True)
    (root / "featuresql.yml").write_text(PROJECT)
    for name, text in MODELS.items():
        (root / f"models/{name}.sql").write_text(text.replace("CUT", CUT))
        whole = text.replace("CUT", "materialized='table',")
        for other in MODELS:
            whole = whole.replace(f"ref('{other}')", f"ref('{other}{WHOLE}')")
        (root / f"models/{name}{WHOLE}.sql").write_text(whole)


def write_orders(root: Path, rows: list[tuple]) -> None:
    """Write orders of (id, customer, ordered hour, paid hour, amount)."""
    columns = list(zip(*rows, strict=True)) or [()] * 5
    table = {
        "id": pa.array(columns[0], pa.int64()),
        "customer": pa.array(columns[1], pa.int64()),
        "ordered_at": instants(columns[2]),
        "paid_at": instants(columns[3]),
        "amount": pa.array(columns[4], pa.float64()),
    }
    pq.write_table(pa.table(table), root / "orders.parquet")


def write_rates(root: Path, rows: list[tuple]) -> None:
    """Write rates of (hour, rate)."""
    columns = list(zip(*rows, strict=True)) or [()] * 2
    table = {"set_at": instants(columns[0]), "rate": pa.array(columns[1], pa.float64())}
    pq.write_table(pa.table(table), root / "rates.parquet")


def write_regions(root: Path, rows: list[tuple]) -> None:
    """Write regions of (customer, region)."""
    columns = list(zip(*rows, strict=True)) or [()] * 2
    table = {
        "customer": pa.array(columns[0], pa.int64()),
        "region": pa.array(columns[1], pa.string()),
    }
    pq.write_table(pa.table(table), root / "regions.parquet")


def instants(hours: tuple) -> pa.Array:
    """Return instants, given in hours after the first of 2024."""
    values = [None if hour is None else START + timedelta(hours=hour) for hour in hours]
    return pa.array(values, pa.timestamp("us", tz="UTC"))
