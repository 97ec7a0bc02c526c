"""Bad input gets a defined answer or a clear error, and nothing is half-written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shop_project import ORDERS, START, VISITS, instants, orders, visits

from featuresql import FeatureSQLError, FeatureStore, RequestError

AT = START + timedelta(hours=30)


def rewrite(shop: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    pq.write_table(change(orders(ORDERS)), shop / "orders.parquet")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda t: t.drop_columns(["amount"]), "unknown-column"),
        (lambda t: t.drop_columns(["ordered_at"]), "source-columns"),
        (lambda t: t.set_column(3, "amount", pa.array(["x"] * t.num_rows)), "type-mismatch"),
        (lambda t: t.set_column(1, "ordered_at", pa.array([1] * t.num_rows)), "source-columns"),
    ],
)
def test_a_source_that_does_not_fit_is_refused_and_the_last_version_stays(
    store: FeatureStore, shop: Path, change: Callable[[pa.Table], pa.Table], code: str
) -> None:
    before = store.get_historical_features("purchase")
    rewrite(shop, change)
    with pytest.raises(FeatureSQLError) as caught:
        store.run()
    assert caught.value.code == code
    assert caught.value.location is not None
    pq.write_table(orders(ORDERS), shop / "orders.parquet")
    assert store.get_historical_features("purchase").equals(before)


def test_a_file_that_is_no_parquet_is_named(store: FeatureStore, shop: Path) -> None:
    (shop / "orders.parquet").write_bytes(b"not parquet")
    with pytest.raises(FeatureSQLError, match="the source 'orders' cannot be read") as caught:
        store.run()
    assert caught.value.location.path == "featuresql.yml"


def test_a_missing_file_is_named_at_its_line(store: FeatureStore, shop: Path) -> None:
    (shop / "orders.parquet").unlink()
    with pytest.raises(FeatureSQLError, match=r"orders\.parquet") as caught:
        store.run()
    assert caught.value.location.path == "featuresql.yml"


def test_an_empty_source_gives_the_same_schema(store: FeatureStore, shop: Path) -> None:
    full = store.get_historical_features("purchase")
    rewrite(shop, lambda t: t.slice(0, 0))
    store.run()
    empty = store.get_historical_features("purchase")
    assert empty.schema == full.schema
    assert empty["spent"].null_count == empty.num_rows == len(VISITS)
    store.materialize(until=AT)
    answer = store.get_online_features("purchase", {"customer": [1], "basket": [1.0]}, at=AT)
    assert answer["spent"].to_pylist() == [None]


def test_a_source_that_shrinks_is_what_is_built(store: FeatureStore, shop: Path) -> None:
    rewrite(shop, lambda t: t.slice(2))
    assert {r.status for r in store.run().results} == {"built"}
    assert store.get_historical_features("purchase")["spent"].to_pylist() == [None] * 4


@pytest.mark.parametrize("year", [1850, 2250, 9999])
def test_far_instants_are_instants(store: FeatureStore, shop: Path, year: int) -> None:
    far = datetime(year, 12, 1, tzinfo=START.tzinfo)
    hours = (far - START) / timedelta(hours=1)
    pq.write_table(orders([(1, hours, None, 3.0, "far")]), shop / "orders.parquet")
    store.run()
    spine = visits([(1, hours + 1, 1, 0.0, True), (2, hours - 1, 1, 0.0, True)])
    answer = store.get_historical_features("purchase", spine)
    assert answer["note"].to_pylist() == ["far", None]


def test_instants_beyond_the_calendar_are_refused(store: FeatureStore, shop: Path) -> None:
    beyond = pa.array([2**62], pa.int64()).cast(pa.timestamp("us", tz="UTC"))
    table = orders([(1, 0, None, 1.0, "")]).set_column(1, "ordered_at", beyond)
    pq.write_table(table, shop / "orders.parquet")
    with pytest.raises(FeatureSQLError, match="outside of the years 1 to 9999"):
        store.run()


@pytest.mark.parametrize(
    ("spine", "code"),
    [
        (lambda t: t.drop_columns(["customer"]), "missing-column"),
        (lambda t: t.drop_columns(["visited_at"]), "missing-column"),
        (lambda t: t.append_column("custmer", pa.array([1] * t.num_rows)), "unknown-column"),
        (lambda t: t.set_column(2, "customer", pa.array(["a"] * t.num_rows)), "wrong-type"),
        (lambda t: t.set_column(1, "visited_at", pa.array(["soon"] * t.num_rows)), "lossy-value"),
    ],
)
def test_a_spine_that_does_not_fit_is_refused(
    store: FeatureStore, spine: Callable[[pa.Table], pa.Table], code: str
) -> None:
    with pytest.raises(RequestError) as caught:
        store.get_historical_features("purchase", spine(visits(VISITS)))
    assert caught.value.code == code


def test_a_spine_without_labels_gives_null_labels(store: FeatureStore) -> None:
    answer = store.get_historical_features("purchase", visits(VISITS).drop_columns(["bought"]))
    assert answer["bought"].null_count == len(VISITS)


def test_an_empty_spine_and_an_empty_request_give_empty_answers(store: FeatureStore) -> None:
    full = store.get_historical_features("purchase")
    empty = store.get_historical_features("purchase", visits([]))
    assert empty.num_rows == 0
    assert empty.schema == full.schema
    store.materialize(until=AT)
    request = visits([]).select(["customer", "basket"])
    assert store.get_online_features("purchase", request, at=AT).num_rows == 0


def test_duplicated_keys_and_many_keys_are_answered_in_order(store: FeatureStore) -> None:
    store.materialize(until=AT)
    customers = [1, 2, 1, None, 7] * 20_000
    rows = {"customer": pa.array(customers), "basket": pa.array([0.0] * len(customers))}
    answer = store.get_online_features("purchase", rows, at=AT)
    assert answer["spent"].to_pylist() == [10.0, 7.5, 10.0, None, None] * 20_000


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ({"basket": [1.0]}, "missing-column"),
        ({"customer": [1]}, "missing-column"),
        ({"customer": ["1"], "basket": [1.0]}, "wrong-type"),
        ({"customer": pa.array([2**63], pa.uint64()), "basket": [1.0]}, "lossy-value"),
        ({"customer": [1], "basket": [1.0], "extra": [1]}, "unknown-column"),
        ({"customer": [1, 2], "basket": [1.0]}, "rows"),
    ],
)
def test_a_request_that_does_not_fit_is_refused(
    store: FeatureStore, rows: dict[str, list], code: str
) -> None:
    store.materialize(until=AT)
    with pytest.raises(RequestError) as caught:
        store.get_online_features("purchase", rows, at=AT)
    assert caught.value.code == code


def test_two_instants_are_refused(store: FeatureStore) -> None:
    store.materialize(until=AT)
    rows = {"customer": [1], "basket": [1.0], "visited_at": instants([30])}
    with pytest.raises(RequestError) as caught:
        store.get_online_features("purchase", rows, at=AT)
    assert caught.value.code == "two-instants"


def test_what_was_not_built_or_materialized_is_said(shop: Path) -> None:
    with FeatureStore(shop) as store:
        with pytest.raises(RequestError, match="featuresql run"):
            store.get_historical_features("purchase")
        with pytest.raises(RequestError, match="featuresql run"):
            store.materialize()
        store.run()
        with pytest.raises(FeatureSQLError) as caught:
            store.get_online_features("purchase", {"customer": [1], "basket": [1.0]})
        assert caught.value.code == "not-materialized"
        with pytest.raises(RequestError, match="did you mean 'purchase'"):
            store.get_historical_features("purchas")
