"""One project on DuckDB and on ClickHouse: the same training set, the same vectors, online too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from shop_project import ORDERS, PROJECT, VISITS, write_shop

from featuresql import FeatureStore

TARGETS = """
default_target: duck
targets:
  duck:
    engine: {type: duckdb, path: target/duck.duckdb}
    online: {type: lmdb, path: target/online_duck}
    registry: {url: "sqlite:///target/duck.db"}
  house:
    engine: {type: chdb, path: target/house.chdb}
    online: {type: lmdb, path: target/online_house}
    registry: {url: "sqlite:///target/house.db"}
"""
WATERMARK = datetime(2024, 1, 12, tzinfo=UTC)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[FeatureStore, FeatureStore]]:
    write_shop(tmp_path, ORDERS, VISITS)
    (tmp_path / "featuresql.yml").write_text(PROJECT + TARGETS)
    with (
        FeatureStore(tmp_path, target="duck") as duck,
        FeatureStore(tmp_path, target="house") as house,
    ):
        duck.run()
        house.run()
        yield duck, house


@pytest.mark.parametrize("known_at", [None, WATERMARK])
def test_a_training_set_is_the_same(
    stores: tuple[FeatureStore, FeatureStore], known_at: datetime | None
) -> None:
    one, other = (store.get_historical_features("purchase", known_at=known_at) for store in stores)
    assert one.num_rows == len(VISITS)
    assert one.schema.equals(other.schema)
    assert one.equals(other)


def test_what_is_materialized_is_the_same(stores: tuple[FeatureStore, FeatureStore]) -> None:
    request = pa.table({"customer": [1, 2, 3], "basket": [1.0, 2.0, 3.0]})
    answers = []
    for store in stores:
        store.materialize(until=WATERMARK)
        answers.append(store.get_online_features("purchase", request, at=WATERMARK))
    assert answers[0].equals(answers[1])
    assert answers[0].column("spent").null_count < request.num_rows
