"""A small project on disk: orders that become known late, a view, a service."""

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
  visits: {path: visits.parquet, event_time: visited_at}
entities:
  customer: {keys: {customer: bigint}}
"""
SPENDING = """{{ config(kind='feature_view', entity='customer', event_time='ordered_at',
  available_at='known_at', ttl='10 days') }}
select customer, ordered_at, max(paid_at) over w as known_at,
  sum(amount) over w as spent, count(*) over w as orders, note
from {{ source('orders') }}
window w as (partition by customer order by ordered_at
  range between interval '3 days' preceding and current row)
"""
SERVICE = """{{ config(kind='feature_service', event_time='visited_at', labels=['bought'],
  request=['basket']) }}
select s.visit, s.visited_at, s.customer, v.spent, v.orders, v.note,
  v.spent + s.basket as with_basket, s.bought
from {{ source('visits') }} s
left join {{ ref('spending') }} v on v.customer = s.customer
"""


def instants(hours: list[float | None]) -> pa.Array:
    values = [None if hour is None else START + timedelta(hours=hour) for hour in hours]
    return pa.array(values, pa.timestamp("us", tz="UTC"))


def orders(rows: list[tuple]) -> pa.Table:
    """Make orders of (customer, ordered hour, paid hour, amount, note)."""
    columns = list(zip(*rows, strict=True)) or [()] * 5
    return pa.table(
        {
            "customer": pa.array(columns[0], pa.int64()),
            "ordered_at": instants(list(columns[1])),
            "paid_at": instants(list(columns[2])),
            "amount": pa.array(columns[3], pa.float64()),
            "note": pa.array(columns[4], pa.string()),
        }
    )


def visits(rows: list[tuple]) -> pa.Table:
    """Make visits of (visit, visited hour, customer, basket, bought)."""
    columns = list(zip(*rows, strict=True)) or [()] * 5
    return pa.table(
        {
            "visit": pa.array(columns[0], pa.int64()),
            "visited_at": instants(list(columns[1])),
            "customer": pa.array(columns[2], pa.int64()),
            "basket": pa.array(columns[3], pa.float64()),
            "bought": pa.array(columns[4], pa.bool_()),
        }
    )


ORDERS = [(1, 0, 1, 10.0, "a"), (1, 24, 200, 5.0, "é"), (2, 1, 1, 7.5, None), (None, 2, 2, 1.0, "")]
VISITS = [
    (1, 30, 1, 2.0, True),
    (2, 0.5, 1, 1.0, False),
    (3, 30, 9, 1.0, None),
    (4, 30, None, 1.0, True),
]


def write_shop(root: Path, order_rows: list[tuple], visit_rows: list[tuple]) -> None:
    (root / "models").mkdir(parents=True, exist_ok=True)
    (root / "featuresql.yml").write_text(PROJECT)
    (root / "models/spending.sql").write_text(SPENDING)
    (root / "models/purchase.sql").write_text(SERVICE)
    pq.write_table(orders(order_rows), root / "orders.parquet")
    pq.write_table(visits(visit_rows), root / "visits.parquet")
