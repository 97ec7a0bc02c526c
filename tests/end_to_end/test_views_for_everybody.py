"""A view without an entity: its newest visible row counts for everybody, offline and online."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_project import ORDERS, START, VISITS, instants, visits, write_shop

from featuresql import FeatureClient, FeatureStore
from featuresql.cli.guard import guard
from featuresql.cli.main import cli
from flight_server.app import make_server, stop_server
from flight_server.config import ServerConfig

PROJECT = """
name: shop
sources:
  orders: {path: orders.parquet, event_time: ordered_at, available_at: paid_at}
  visits: {path: visits.parquet, event_time: visited_at}
  prices: {path: prices.parquet, event_time: set_at, available_at: told_at}
entities:
  customer: {keys: {customer: bigint}}
default_target: duckdb
targets:
  duckdb:
    engine: {type: duckdb, path: target/e.duckdb}
    online: {type: lmdb, path: target/online_duckdb}
    registry: {url: "sqlite:///target/duckdb.db"}
  chdb:
    engine: {type: chdb, path: target/e.chdb}
    online: {type: lmdb, path: target/online_chdb}
    registry: {url: "sqlite:///target/chdb.db"}
"""
INDEX = """{{ config(kind='feature_view', event_time='set_at', available_at='known_at',
  ttl='9 days') }}
select set_at, max(told_at) over w as known_at, price, max(price) over w as highest
from {{ source('prices') }}
window w as (order by set_at range between interval '2 hours' preceding and current row)
"""
# A view of customers that reads the view of everybody, at its own instants.
RELATIVE = """{{ config(kind='feature_view', entity='customer', event_time='ordered_at',
  available_at='paid_at') }}
select o.customer, o.ordered_at, o.paid_at, o.amount / i.price as relative
from {{ source('orders') }} o left join {{ ref('index') }} i on true
"""
QUOTE = """{{ config(kind='feature_service', event_time='visited_at', request=['basket']) }}
select s.visited_at, s.customer, i.price, i.highest, i.set_at, i.price * s.basket as total,
  r.relative, v.spent
from {{ source('visits') }} s
left join {{ ref('index') }} i on true
left join {{ ref('relative') }} r on r.customer = s.customer
left join {{ ref('spending') }} v on v.customer = s.customer
"""
ALONE = """{{ config(kind='feature_service', event_time='visited_at') }}
select s.visited_at, i.price from {{ source('visits') }} s left join {{ ref('index') }} i on true
"""
PRICES = [(0, 1, 2.0), (27, 200, 3.0), (24, 24, 2.5)]

hours = st.integers(0, 400)
price_rows = st.lists(
    st.tuples(hours, st.one_of(st.none(), hours), st.sampled_from([1.0, 2.0, 4.0])), max_size=8
)
asked_rows = st.lists(st.tuples(hours, st.one_of(st.none(), st.integers(1, 2))), min_size=1)


def write_quotes(root: Path, prices: list[tuple], visit_rows: list[tuple]) -> None:
    write_shop(root, ORDERS, visit_rows)
    columns = list(zip(*prices, strict=True)) or [()] * 3
    table = {
        "set_at": instants(list(columns[0])),
        "told_at": instants(list(columns[1])),
        "price": pa.array(columns[2], pa.float64()),
    }
    pq.write_table(pa.table(table), root / "prices.parquet")
    (root / "featuresql.yml").write_text(PROJECT)
    models = {"index": INDEX, "relative": RELATIVE, "quote": QUOTE, "alone": ALONE}
    for name, text in models.items():
        (root / f"models/{name}.sql").write_text(text)


@contextmanager
def client_of(store: FeatureStore) -> Iterator[FeatureClient]:
    config = ServerConfig(port=0)
    server = make_server(store.serving, config)
    try:
        with FeatureClient(config.url(server.port)) as client:
            yield client
    finally:
        stop_server(server, 1.0)


@settings(max_examples=10, deadline=None)
@given(prices=price_rows, asked=asked_rows, watermark_hour=hours)
def test_online_is_offline_known_at_the_watermark(
    prices: list[tuple], asked: list[tuple], watermark_hour: int
) -> None:
    rows = [(1, max(hour, watermark_hour), who, 2.0, True) for hour, who in asked]
    watermark = START + timedelta(hours=watermark_hour)
    with tempfile.TemporaryDirectory() as folder:
        write_quotes(Path(folder), prices, rows)
        with FeatureStore(folder) as store:
            store.run()
            store.materialize(until=watermark)
            offline = store.get_historical_features("quote", visits(rows), known_at=watermark)
            request = visits(rows).select(["customer", "basket", "visited_at"])
            assert store.get_online_features("quote", request).equals(offline)


@pytest.fixture(params=["duckdb", "chdb"])
def quotes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FeatureStore]:
    write_quotes(tmp_path, PRICES, VISITS)
    with FeatureStore(tmp_path, target=request.param) as store:
        store.run()
        yield store


def test_the_newest_row_counts_for_every_asker(quotes: FeatureStore) -> None:
    rows = [(n, hour, who, 1.0, True) for n, (hour, who) in enumerate(ASKED)]
    answer = quotes.get_historical_features("quote", visits(rows))
    assert answer["price"].to_pylist() == [None, 2.0, 2.5, 2.5, 3.0, None]
    assert answer["relative"].to_pylist() == [None, None, 3.75, None, 2.0, 2.0]
    own = quotes.get_historical_features("quote")
    assert own["price"].to_pylist() == [None, 2.5, 2.5, 2.5]


# No order is known, then customer 1 and nobody; a late price at 200 hours; all are too old at last.
ASKED = [(0.5, 1), (1.5, 1), (24, 2), (30, None), (200, 1), (27 + 9 * 24 + 1, 1)]


def test_a_server_answers_for_everybody(quotes: FeatureStore) -> None:
    at = START + timedelta(hours=30)
    quotes.materialize(until=at)
    ask = {"customer": [1, 2, None], "basket": [2.0, 1.0, 1.0]}
    instant = pa.array([at], pa.timestamp("us", tz="UTC"))
    local = quotes.get_online_features("quote", ask, at=at)
    assert local["price"].to_pylist() == [2.5, 2.5, 2.5]
    assert local["total"].to_pylist() == [5.0, 2.5, 2.5]
    with client_of(quotes) as client:
        assert client.get_online_features("quote", ask, at=at).equals(local)
        alone = client.get_online_features("alone", {"visited_at": instant})
        spine = visits([(n, hour, who, 1.0, True) for n, (hour, who) in enumerate(ASKED)])
        offline = quotes.get_historical_features("quote", spine)
        assert client.get_historical_features("quote", spine).equals(offline)
    assert alone.to_pydict() == {"visited_at": [at], "price": [2.5]}


def test_a_service_of_everybody_alone_needs_no_key(
    quotes: FeatureStore,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    at = START + timedelta(hours=30)
    (index,) = quotes.materialize("index", until=at)
    assert index.rows == 1
    where = ["--project-dir", tmp_path, "--target", request.node.callspec.params["quotes"]]
    quotes.close()
    assert (
        guard(cli, [str(a) for a in ("get", "alone", "--at", at.isoformat(), *where)], "featuresql")
        == 0
    )
    assert "2.5" in capsys.readouterr().out


def test_the_replay_proves_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_quotes(tmp_path, PRICES, VISITS)
    for command in (["run"], ["test", "--leakage"]):
        assert guard(cli, [*command, "--project-dir", str(tmp_path)], "featuresql") == 0
    assert "index" in capsys.readouterr().out
