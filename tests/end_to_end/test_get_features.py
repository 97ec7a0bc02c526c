"""Feature values at an instant of the past are those of a training set at that instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shop_project import START

from featuresql import FeatureStore, RequestError

NAMES = ["spending.spent", "spending.note"]


@pytest.mark.parametrize("hours", [0, 0.5, 1, 24, 30, 199, 200, 400])
def test_they_are_what_a_training_set_has_at_that_instant(
    store: FeatureStore, hours: float
) -> None:
    at = START + timedelta(hours=hours)
    ids = [1, 2, 9, None, 1]
    found = store.get_features(ids, [*NAMES, "spending.orders"], at)
    spine = {"visit": [0] * 5, "visited_at": [at] * 5, "customer": ids, "basket": [0.0] * 5}
    expected = store.get_historical_features("purchase", spine)
    for feature in ("spent", "note", "orders"):
        assert found[f"spending.{feature}"].to_pylist() == expected[feature].to_pylist()
    assert found.column_names == ["customer", "as_of", *NAMES, "spending.orders"]
    assert found["customer"].to_pylist() == ids


def test_each_row_may_have_an_instant_of_its_own(store: FeatureStore) -> None:
    instants = ["2024-01-01T01:00:00", "2024-01-09T12:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)]
    found = store.get_features({"customer": [1, 1, 1]}, ["spending.spent"], instants)
    alone = [store.get_features([1], ["spending.spent"], at) for at in instants]
    assert found["spending.spent"].to_pylist() == [
        table["spending.spent"][0].as_py() for table in alone
    ]
    assert found["spending.spent"].to_pylist() == [10.0, 15.0, None]


def test_metadata_says_when_a_value_was_true_known_and_built(store: FeatureStore) -> None:
    at = START + timedelta(hours=5)
    found = store.get_features([1, 9], ["spending.spent"], at, include_metadata=True).to_pylist()
    assert found[0]["spending__event_ts"] == START
    assert found[0]["spending__available_at"] == START + timedelta(hours=1)
    assert found[0]["spending__age"] == timedelta(hours=5)
    assert found[0]["spending__version"]
    assert [found[1][f"spending__{part}"] for part in ("event_ts", "version", "age")] == [None] * 3


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (
            ([1], ["spending.spnt"], "2024-01-01"),
            "unknown-feature",
            "did you mean 'spending.spent'?",
        ),
        (([1], [], "2024-01-01"), "unknown-feature", "no feature is asked for"),
        (([1], ["purchase.spent"], "2024-01-01"), "unknown-feature", "purchase.spent"),
        ((["x"], NAMES, "2024-01-01"), "wrong-type", "customer"),
        (({"visit": [1]}, NAMES, "2024-01-01"), "unknown-column", "customer"),
        (([1, 2], NAMES, ["2024-01-01"]), "row-count", "2 rows"),
        (([1], NAMES, "yesterday"), "instant", "as_of"),
    ],
)
def test_what_does_not_fit_is_refused(
    store: FeatureStore, asked: tuple, code: str, said: str
) -> None:
    with pytest.raises(RequestError) as caught:
        store.get_features(*asked)
    assert caught.value.code == code
    assert said in str(caught.value)


def test_a_view_that_is_not_built_is_named(shop: Path) -> None:
    with FeatureStore(shop) as fresh, pytest.raises(RequestError, match="'spending'") as caught:
        fresh.get_features([1], NAMES, "2024-01-01")
    assert caught.value.code == "not-built"
