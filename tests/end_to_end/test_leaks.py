"""A process that works for long holds no more than one that has just begun."""

from __future__ import annotations

import gc
import threading
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from shop_project import START, VISITS, visits

from featuresql import FeatureSQLError, FeatureStore

AT = START + timedelta(hours=30)
ROUNDS = 40


def held() -> dict[str, int]:
    """Count what this process holds of the system."""
    gc.collect()
    return {
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "system threads": len(list(Path("/proc/self/task").iterdir())),
        "threads": threading.active_count(),
    }


def work(store: FeatureStore, shop: Path) -> None:
    """Do five operations, one of them a failure, one that is left half-done."""
    store.run()
    store.materialize(until=AT)
    spine = visits(VISITS)
    assert store.get_historical_features("purchase", spine).num_rows == len(VISITS)
    with store.serving.get_historical_features("purchase", spine) as reader:
        assert isinstance(reader.schema, pa.Schema)
    ask = {"customer": [1], "basket": [2.0]}
    assert store.get_online_features("purchase", ask, at=AT)["spent"].to_pylist() == [10.0]
    with pytest.raises(FeatureSQLError):
        store.get_historical_features("purchase", spine.drop_columns(["customer"]))
    with FeatureStore(shop) as other:
        assert other.services()


def test_two_hundred_operations_leave_nothing_behind(store: FeatureStore, shop: Path) -> None:
    def files() -> set[str]:
        return {str(path.relative_to(shop)) for path in shop.rglob("*")}

    for _ in range(3):
        work(store, shop)
    before, files_before = held(), files()
    for _ in range(ROUNDS):
        work(store, shop)
    after = held()
    assert {name: after[name] - before[name] for name in after} == dict.fromkeys(after, 0)
    assert files() == files_before
