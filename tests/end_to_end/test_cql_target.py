"""The whole way on a target whose online store is a CQL cluster."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from cql_server import CqlServer
from cut_proxy import CutProxy
from running_shop import ASK, AT, Running, until
from shop_project import ORDERS, PROJECT, START, VISITS, visits, write_shop

from featuresql import FeatureStore
from featuresql.cli.guard import guard
from featuresql.cli.main import cli
from featuresql.errors import ServingError

TARGETS = """
default_target: cluster
targets:
  cluster:
    online:
      type: scylla
      hosts: ["{host}"]
      port: {port}
      keyspace: {keyspace}
      refresh_ms: 50
      {user}
  embedded:
    engine: {{type: duckdb, path: target/embedded.duckdb}}
    online: {{type: lmdb, path: target/embedded}}
    registry: {{url: "sqlite:///target/embedded.db"}}
"""


@pytest.fixture
def shop(tmp_path: Path, cql_server: CqlServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop whose password comes from the environment."""
    write_shop(tmp_path, ORDERS, VISITS)
    monkeypatch.setenv("SHOP_PASSWORD", cql_server.password or "")
    user = f"user: {cql_server.user}\n      password: \"{{{{ env_var('SHOP_PASSWORD') }}}}\""
    targets = TARGETS.format(
        host=cql_server.host,
        port=cql_server.port,
        keyspace=f"shop_{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:20]}",
        user=user if cql_server.user else "",
    )
    (tmp_path / "featuresql.yml").write_text(PROJECT + targets)
    return tmp_path


def call(shop: Path, *words: str) -> int:
    """Run a command on the shop in this process."""
    return guard(cli, [*words, "--project-dir", str(shop)], "featuresql")


def test_the_commands_work_on_a_cql_target(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    get = ("get", "purchase", "--key", "customer=1", "--key", "basket=2", "--at", AT.isoformat())
    assert call(shop, "run") == 0
    assert call(shop, *get) == 1
    assert "not-materialized" in capsys.readouterr().err
    assert call(shop, "materialize", "--until", AT.isoformat()) == 0
    assert call(shop, *get, "--output", "json") == 0
    assert '"spent": 10.0' in capsys.readouterr().out
    assert call(shop, "debug") == 0
    checked = capsys.readouterr().out
    assert "online store scylla" in checked
    assert "1 views materialized" in checked


def test_debug_says_that_no_cluster_is_there(
    shop: Path, cql_server: CqlServer, capsys: pytest.CaptureFixture[str]
) -> None:
    path = shop / "featuresql.yml"
    path.write_text(path.read_text().replace(f"port: {cql_server.port}", "port: 1"))
    assert call(shop, "debug") == 1
    captured = capsys.readouterr()
    assert "unreachable" in captured.out
    assert "Traceback" not in captured.out + captured.err
    if cql_server.password:
        assert "SHOP_PASSWORD" not in captured.out + captured.err


def test_a_driver_that_is_not_installed_is_named_with_its_extra(shop: Path) -> None:
    program = (
        "import sys; sys.modules['cassandra'] = None;"
        "from featuresql.cli.guard import guard; from featuresql.cli.main import cli;"
        f"sys.exit(guard(cli, ['materialize', '--project-dir', {str(shop)!r}], 'featuresql'))"
    )
    assert call(shop, "run") == 0
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "missing-package" in ended.stderr
    assert "install featuresql[scylla]" in ended.stderr


def test_the_vectors_are_those_of_lmdb_and_of_the_training_set(shop: Path) -> None:
    watermark = START + timedelta(hours=250)
    asked = [(n, 250 + n, customer, 1.5, True) for n, customer in enumerate((1, 2, 3, None, 1))]
    spine = visits(asked)
    request = spine.select(["customer", "basket", "visited_at"])
    answers = []
    for target in ("cluster", "embedded"):
        with FeatureStore(shop, target=target) as store:
            store.run()
            store.materialize(until=watermark)
            answers.append(store.get_online_features("purchase", request))
            offline = store.get_historical_features("purchase", spine, known_at=watermark)
    assert answers[0].equals(answers[1])
    assert answers[0].equals(offline.select(answers[0].column_names))
    assert answers[0].column("spent").null_count < len(asked)


@pytest.fixture
def server(shop: Path) -> Iterator[Running]:
    with FeatureStore(shop) as store:
        store.run()
        store.materialize(until=AT)
    running = Running(shop)
    yield running
    running.stop()


def test_a_server_shows_each_new_version_within_seconds_and_never_an_older_one(
    server: Running, shop: Path
) -> None:
    seen = [server.ask()]
    assert seen[0]["spent"] == [10.0]
    model = shop / "models/spending.sql"
    for factor in (2, 3):
        old = "sum(amount)" if factor == 2 else "2 * sum(amount)"
        model.write_text(model.read_text().replace(old, f"{factor} * sum(amount)"))
        with FeatureStore(shop) as store:
            store.run()
            store.materialize(until=AT)
        assert until(lambda: seen.append(server.ask()) or seen[-1]["spent"] == [10.0 * factor])  # noqa: B023 - called at once
    spent = [answer["spent"][0] for answer in seen]
    assert spent == sorted(spent)
    assert set(spent) == {10.0, 20.0, 30.0}
    assert all(answer["with_basket"] == [answer["spent"][0] + 2.0] for answer in seen)
    assert "Traceback" not in server.log()


def test_a_server_outlives_its_cluster_and_says_what_is_wrong_meanwhile(
    shop: Path, cql_server: CqlServer
) -> None:
    path = shop / "featuresql.yml"
    with CutProxy(cql_server.host, cql_server.port) as proxy:
        text = path.read_text().replace(f"port: {cql_server.port}", f"port: {proxy.port}")
        path.write_text(text.replace("refresh_ms: 50", "timeout_ms: 500"))
        with FeatureStore(shop) as store:
            store.run()
            store.materialize(until=AT)
        running = Running(shop)
        try:
            assert running.ask()["spent"] == [10.0]
            proxy.refuse(refusing=True)
            with pytest.raises(ServingError, match="the online store does not answer") as caught:
                running.ask()
            assert caught.value.code == "store-away"
            assert cql_server.host not in str(caught.value)
            proxy.refuse(refusing=False)
            assert until(lambda: is_answered(running))
            assert "Traceback" not in running.log()
            assert "cannot be reached" in running.log() or "did not answer" in running.log()
        finally:
            running.stop()


def is_answered(running: Running) -> bool:
    try:
        return running.ask()["spent"] == [10.0]
    except ServingError:
        return False


def test_many_requests_at_once_are_answered_in_their_order(server: Running) -> None:
    customers = [n % 4 + 1 for n in range(5_000)]
    rows = pa.table({"customer": customers, "basket": [float(n) for n in range(5_000)]})
    with server.client.stream("purchase") as stream:
        answer = stream.get(rows, at=AT)
    one = server.client.get_online_features("purchase", ASK, at=AT)
    spent = answer.column("spent").to_pylist()
    assert spent[:8:4] == one.column("spent").to_pylist() * 2
    assert [value is None for value in spent[:4]] == [value is None for value in spent[4:8]]
    assert answer.column("with_basket").to_pylist()[4] == spent[0] + 4.0
