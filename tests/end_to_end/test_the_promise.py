"""What is served at t, after a materialization until w <= t, is the offline answer known at w."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_project import START, visits, write_shop

from featuresql import FeatureStore

hours = st.integers(0, 400)
order_rows = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(1, 3)),
        hours,
        st.one_of(st.none(), hours),
        st.floats(-10, 10),
        st.sampled_from([None, "", "a", "é"]),
    ),
    max_size=25,
)
visit_rows = st.lists(
    st.tuples(
        st.integers(1, 9),
        hours,
        st.one_of(st.none(), st.integers(1, 4)),
        st.floats(-10, 10),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=15, deadline=None)
@given(made=order_rows, asked=visit_rows, watermark_hour=hours)
def test_online_is_offline_known_at_the_watermark(
    made: list[tuple], asked: list[tuple], watermark_hour: int
) -> None:
    later = [(row[0], max(row[1], watermark_hour), *row[2:]) for row in asked]
    watermark = START + timedelta(hours=watermark_hour)
    with tempfile.TemporaryDirectory() as folder:
        write_shop(Path(folder), made, later)
        with FeatureStore(folder) as store:
            store.run()
            store.materialize(until=watermark)
            spine = visits(later)
            offline = store.get_historical_features("purchase", spine, known_at=watermark)
            request = spine.select(["customer", "basket", "visited_at"])
            online = store.get_online_features("purchase", request)
    for name in online.column_names:
        assert online[name].to_pylist() == offline[name].to_pylist(), name


def test_late_rows_expressions_and_misses(store: FeatureStore) -> None:
    at = START + timedelta(hours=30)
    store.materialize(until=at)
    rows = {"customer": [1, 9, None], "basket": [2.0, 1.0, 1.0]}
    answer = store.get_online_features("purchase", rows, at=at)
    assert answer.column_names == [
        "visited_at", "customer", "spent", "orders", "note", "with_basket"
    ]  # fmt: skip
    assert answer["spent"].to_pylist() == [10.0, None, None]
    assert answer["note"].to_pylist() == ["a", None, None]
    assert answer["with_basket"].to_pylist() == [12.0, None, None]
    assert answer.schema.field("visited_at").type == pa.timestamp("us", tz="UTC")


def test_own_spine_is_ordered_by_event_time_then_all_columns(store: FeatureStore) -> None:
    assert store.get_historical_features("purchase")["visit"].to_pylist() == [2, 1, 3, 4]


def test_a_brought_spine_keeps_its_order_and_its_duplicates(store: FeatureStore) -> None:
    rows = [(1, 30, 1, 2.0, True), (2, 3, 1, 1.0, False), (1, 30, 1, 2.0, True)]
    answer = store.get_historical_features("purchase", visits(rows))
    assert answer["visit"].to_pylist() == [1, 2, 1]
    assert answer["spent"].to_pylist() == [10.0, 10.0, 10.0]


def test_a_row_ages_on_the_microsecond(store: FeatureStore) -> None:
    store.materialize(until=START + timedelta(hours=30))
    last = START + timedelta(days=10)
    ask = {"customer": [1], "basket": [0.0]}
    fresh = store.get_online_features("purchase", ask, at=last)
    aged = store.get_online_features("purchase", ask, at=last + timedelta(microseconds=1))
    assert fresh["spent"].to_pylist() == [10.0]
    assert aged["spent"].to_pylist() == [None]


def test_an_unchanged_project_is_not_built_again(store: FeatureStore, shop: Path) -> None:
    assert {result.status for result in store.run().results} == {"kept"}
    path = shop / "models/spending.sql"
    path.write_text(path.read_text() + "-- a comment is no change\n")
    assert {result.status for result in store.run().results} == {"kept"}
    path.write_text(path.read_text().replace("3 days", "2 days"))
    assert {result.status for result in store.run().results} == {"built"}


@pytest.mark.parametrize("frame", ["pandas", "polars", "dict", "batch"])
def test_rows_come_in_any_frame(store: FeatureStore, frame: str) -> None:
    store.materialize(until=START + timedelta(hours=30))
    table = pa.table({"customer": [1, 2], "basket": [1.0, 2.0]})
    makers = {
        "pandas": table.to_pandas,
        "polars": lambda: pytest.importorskip("polars").from_arrow(table),
        "dict": table.to_pydict,
        "batch": lambda: table.to_batches()[0],
    }
    answer = store.get_online_features("purchase", makers[frame](), at="2024-01-02T06:00:00")
    assert answer["spent"].to_pylist() == [10.0, 7.5]


def test_metadata_tells_when_each_view_was_true_and_known(store: FeatureStore) -> None:
    at = START + timedelta(hours=30)
    store.materialize(until=at)
    rows = {"customer": [1, 9], "basket": [2.0, 1.0]}
    answer = store.get_online_features("purchase", rows, at=at, include_metadata=True)
    assert answer["v__event_ts"].to_pylist() == [START, None]
    assert answer["v__available_at"].to_pylist() == [START + timedelta(hours=1), None]
    assert [version is None for version in answer["v__version"].to_pylist()] == [False, True]
