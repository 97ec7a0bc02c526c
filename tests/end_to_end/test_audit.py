"""The audit finds nothing where the promise holds, and every value where it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from shop_project import ORDERS, VISITS, orders, write_shop

from featuresql import FeatureStore
from featuresql.bootstrap import open_workspace
from featuresql.cli.guard import guard
from featuresql.cli.main import cli
from featuresql.errors import RequestError
from featuresql.online.lmdb_store import LmdbStore
from featuresql.workflows.audit import audit

UNTIL = "2024-01-09T00:00:00"


@pytest.fixture
def online(shop: Path) -> Path:
    with FeatureStore(shop) as store:
        store.run()
        store.materialize(until=UNTIL)
    return shop


def test_what_was_just_written_is_what_the_engine_answers(online: Path) -> None:
    (found,) = audit(open_workspace(online))
    assert (found.view, found.keys, found.differences) == ("spending", 2, ())
    assert found.values == 2 * 5


def test_a_value_that_was_changed_is_found(online: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = LmdbStore.read

    def off_by_a_sign(self: LmdbStore, lookups):  # noqa: ANN001, ANN202 - the store's own
        (answer,) = read(self, lookups)
        index = answer.rows.schema.get_field_index("spent")
        rows = answer.rows.set_column(index, "spent", pc.negate(answer.rows["spent"]))
        return (type(answer)(answer.version, rows),)

    monkeypatch.setattr(LmdbStore, "read", off_by_a_sign)
    (found,) = audit(open_workspace(online))
    assert {d.column for d in found.differences} == {"spent"}
    assert len(found.differences) == 2
    assert {d.online for d in found.differences} == {-d.offline for d in found.differences}
    assert "does not hold what was written" in found.differences[0].cause


def test_a_view_that_was_built_again_is_told_from_a_store_that_is_wrong(online: Path) -> None:
    rows = [(*ORDERS[0][:3], 11.0, "a"), *ORDERS[1:]]
    pq.write_table(orders(rows), online / "orders.parquet")
    with FeatureStore(online) as store:
        store.run()
    (found,) = audit(open_workspace(online))
    assert {d.column for d in found.differences} == {"spent"}
    assert "built again" in found.differences[0].cause
    where = ["--project-dir", str(online)]
    assert guard(cli, ["audit", *where], "featuresql") == 1
    with FeatureStore(online) as store:
        store.materialize(until=UNTIL)
    assert guard(cli, ["audit", *where], "featuresql") == 0


def test_a_row_that_has_grown_too_old_is_neither_online_nor_offline(shop: Path) -> None:
    with FeatureStore(shop) as store:
        store.run()
        store.materialize(until="2025-01-01")
    (found,) = audit(open_workspace(shop))
    assert found.keys == 2
    assert found.differences == ()


def test_the_sample_is_drawn_by_its_seed(tmp_path: Path) -> None:
    write_shop(tmp_path, [(n, n, n, float(n), "x") for n in range(50)], VISITS)
    with FeatureStore(tmp_path) as store:
        store.run()
        store.materialize(until=UNTIL)
    workspace = open_workspace(tmp_path)
    (found,) = audit(workspace, sample_keys=7)
    assert (found.keys, found.differences) == (7, ())


def test_it_prints_each_difference_as_json(
    online: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["audit", "--project-dir", str(online), "--output", "json"]
    assert guard(cli, arguments, "featuresql") == 0
    (view,) = json.loads(capsys.readouterr().out)["views"]
    assert (view["view"], view["entities"], view["differences"]) == ("spending", 2, [])


def test_nothing_online_is_an_error(shop: Path) -> None:
    with pytest.raises(RequestError, match="no selected view is online"):
        audit(open_workspace(shop))
