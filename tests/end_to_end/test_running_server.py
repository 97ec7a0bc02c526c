"""A server that runs while its project changes under it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from running_shop import ASK, AT, Running, until
from shop_project import ORDERS, SERVICE, VISITS, orders, visits

from featuresql import FeatureClient, FeatureStore
from featuresql.cli.demo_parts.run_server import run_server
from featuresql.cli.options import ProjectOptions
from featuresql.errors import FeatureSQLError, ServingError


@pytest.fixture
def server(store: FeatureStore, shop: Path) -> Iterator[Running]:
    store.materialize(until=AT)
    running = Running(shop)
    yield running
    running.stop()


def change(shop: Path, model: str, old: str, new: str) -> None:
    path = shop / f"models/{model}.sql"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def rename_feature(shop: Path) -> None:
    change(shop, "spending", "as spent", "as paid")
    change(shop, "purchase", "v.spent, v.orders", "v.paid, v.orders")
    change(shop, "purchase", "v.spent +", "v.paid +")


def test_a_renamed_feature_is_served_when_it_is_materialized_and_no_request_fails(
    server: Running, store: FeatureStore, shop: Path
) -> None:
    seen = []
    rename_feature(shop)
    time.sleep(3)
    seen.append(server.ask())
    store.run()
    seen.append(server.ask())
    assert all(answer["spent"] == [10.0] for answer in seen)
    store.materialize(until=AT)
    answers = []
    assert until(lambda: answers.append(server.ask()) or "paid" in answers[-1])
    names = ["spent" in answer for answer in answers]
    assert names == sorted(names, reverse=True)
    assert answers[-1]["paid"] == [10.0]
    assert server.log().count("\n") == 1
    assert "purchase: the last definition is served until" in server.log()


def test_a_change_that_keeps_the_types_waits_for_its_values(
    server: Running, store: FeatureStore, shop: Path
) -> None:
    change(shop, "spending", "sum(amount) over w", "100 * sum(amount) over w")
    change(shop, "purchase", "v.spent + s.basket", "v.spent / 100 + s.basket")
    time.sleep(3)
    assert server.ask()["with_basket"] == [12.0]
    store.run()
    time.sleep(1.5)
    assert server.ask()["with_basket"] == [12.0]
    store.materialize(until=AT)
    answers = []
    assert until(lambda: answers.append(server.ask()) or answers[-1]["spent"] == [1000.0])
    assert {answer["with_basket"][0] for answer in answers} == {12.0}


def test_what_is_computed_from_the_request_needs_nothing_stored(
    server: Running, shop: Path
) -> None:
    change(shop, "purchase", "v.spent + s.basket", "v.spent - s.basket")
    assert until(lambda: server.ask()["with_basket"] == [8.0])


def test_a_service_that_is_added_is_served(server: Running, shop: Path) -> None:
    (shop / "models/again.sql").write_text(SERVICE)
    assert until(lambda: "again" in server.client.services())
    answer = server.client.get_online_features("again", ASK, at=AT)
    assert answer["spent"].to_pylist() == [10.0]


def test_a_project_that_does_not_compile_leaves_the_last_one_and_one_line(
    server: Running, shop: Path
) -> None:
    change(shop, "purchase", "v.spent, v.orders", "v.spnt, v.orders")
    assert until(lambda: "spnt" in server.log())
    time.sleep(2.5)
    assert server.ask()["spent"] == [10.0]
    assert server.log().count("\n") == 1
    assert "models/purchase.sql" in server.log()
    assert "Traceback" not in server.log()
    assert str(shop) not in server.log()
    change(shop, "purchase", "v.spnt, v.orders", "v.spent as money, v.orders")
    assert until(lambda: "money" in server.ask())


def test_a_source_that_is_away_for_a_while_is_tried_again(server: Running, shop: Path) -> None:
    (shop / "visits.parquet").rename(shop / "away")
    change(shop, "purchase", "v.spent, v.orders", "v.spent as money, v.orders")
    assert until(lambda: "visits.parquet" in server.log())
    time.sleep(2.5)
    assert server.ask()["spent"] == [10.0]
    assert server.log().count("\n") == 1
    (shop / "away").rename(shop / "visits.parquet")
    assert until(lambda: "money" in server.ask())


def test_data_of_another_type_is_followed_though_no_text_has_changed(
    server: Running, store: FeatureStore, shop: Path
) -> None:
    assert server.ask()["note"] == ["a"]
    made = orders(ORDERS)
    numbers = pa.array(range(made.num_rows), pa.int64())
    pq.write_table(made.set_column(4, "note", numbers), shop / "orders.parquet")
    store.run()
    store.materialize(until=AT)

    failures = set()

    def note() -> list:
        try:
            return server.ask()["note"]
        except FeatureSQLError as error:
            failures.add(error.code)
            return []

    assert until(lambda: note() == [0])
    assert failures <= {"stale-version", "service-changed"}


def test_a_server_that_starts_before_the_new_version_says_what_to_do(
    store: FeatureStore, shop: Path
) -> None:
    store.materialize(until=AT)
    change(shop, "spending", "sum(amount)", "count(*)")
    server = Running(shop)
    try:
        with pytest.raises(FeatureSQLError) as caught:
            server.ask()
        assert caught.value.code == "stale-version"
        assert "featuresql materialize" in caught.value.hint
        store.run()
        store.materialize(until=AT)
        assert server.ask()["spent"] == [1]
    finally:
        server.stop()


def test_a_target_that_is_removed_can_be_made_again(
    server: Running, store: FeatureStore, shop: Path
) -> None:
    shutil.rmtree(shop / "target")
    with pytest.raises(FeatureSQLError) as caught:
        server.ask()
    assert caught.value.code == "not-materialized"
    assert str(shop) not in str(caught.value)
    store.run()
    store.materialize(until=AT)
    assert server.ask()["spent"] == [10.0]
    assert store.get_online_features("purchase", ASK, at=AT)["spent"].to_pylist() == [10.0]


def test_an_open_store_follows_another_one(store: FeatureStore, shop: Path) -> None:
    store.materialize(until=AT)
    assert store.get_online_features("purchase", ASK, at=AT)["spent"].to_pylist() == [10.0]
    rename_feature(shop)
    with FeatureStore(shop) as other:
        other.run()
        other.materialize(until=AT)
    assert store.get_historical_features("purchase", visits(VISITS))["paid"][0].as_py() == 10.0

    def paid() -> list:
        answer = store.get_online_features("purchase", ASK, at=AT)
        return answer["paid"].to_pylist() if "paid" in answer.column_names else []

    assert until(lambda: paid() == [10.0])


def test_a_training_set_is_answered_between_run_and_materialize(
    server: Running, store: FeatureStore, shop: Path
) -> None:
    spine = visits(VISITS)
    assert server.client.get_historical_features("purchase", spine)["spent"][0].as_py() == 10.0
    rename_feature(shop)
    time.sleep(3)
    assert server.client.get_historical_features("purchase", spine)["spent"][0].as_py() == 10.0
    store.run()
    assert server.client.get_historical_features("purchase", spine)["paid"][0].as_py() == 10.0


def test_a_connection_that_is_lost_is_no_server_that_never_was(server: Running) -> None:
    with server.client.stream("purchase") as stream:
        assert isinstance(stream.get(ASK), pa.Table)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        with pytest.raises(ServingError) as lost:
            stream.get(ASK)
    assert lost.value.code == "connection-lost"
    with pytest.raises(ServingError) as never:
        server.ask()
    assert never.value.code == "unreachable"


def kill_server_of(project: Path) -> None:
    for process in Path("/proc").iterdir():
        command = process / "cmdline"
        if process.name.isdigit() and command.exists() and str(project) in command.read_text():
            os.kill(int(process.name), signal.SIGKILL)


def ask_after_killing(project: ProjectOptions) -> None:
    with run_server(project) as url, FeatureClient(url, timeout_s=5) as client:
        kill_server_of(project.project_dir)
        client.health()


def test_the_demo_says_how_its_server_died(shop: Path) -> None:
    project = ProjectOptions(project_dir=shop, target=None, variables={})
    with pytest.raises(ServingError) as caught:
        ask_after_killing(project)
    assert caught.value.code == "server-died"
    assert "signal 9" in caught.value.message


def test_the_demo_says_why_its_server_did_not_start(shop: Path) -> None:
    change(shop, "purchase", "v.spent, v.orders", "v.spnt, v.orders")
    project = ProjectOptions(project_dir=shop, target=None, variables={})
    with pytest.raises(ServingError, match="spnt") as caught, run_server(project):
        pass
    assert caught.value.code == "server-start"
