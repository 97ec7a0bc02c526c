from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_call import Call

from featuresql.engines.duckdb_session import DuckDBSession


def test_ls_lists_models_parents_first(built_shop: Path, call: Call) -> None:
    ended = call("ls", "--project-dir", built_shop, "--output", "json")
    assert ended.code == 0
    models = {model["name"]: model for model in json.loads(ended.out)["models"]}
    assert list(models)[-1] == "order_return"
    assert models["customer_orders"]["entity"] == "customer"
    assert models["customer_orders"]["sources"] == ["orders"]
    assert models["customer_orders"]["columns"]["order_count"] == "BIGINT"


def test_ls_prints_a_table_of_what_is_selected(built_shop: Path, call: Call) -> None:
    where = ("--project-dir", built_shop)
    ended = call("ls", *where, "--select", "kind:feature_view", "--exclude", "customer_returns")
    header, *rows = ended.out.splitlines()
    assert header.split() == ["model", "kind", "entity", "columns", "reads"]
    assert [row.split() for row in rows] == [
        ["customer_orders", "feature_view", "customer", "4", "orders"]
    ]


def test_a_selection_of_nothing_names_the_nearest_model(built_shop: Path, call: Call) -> None:
    ended = call("ls", "--project-dir", built_shop, "--select", "customer_ordrs")
    assert ended.code == 1
    assert "customer_orders" in ended.err


def test_compile_writes_the_selected_sql_and_runs_nothing(shop: Path, call: Call) -> None:
    ended = call(
        "compile", "--project-dir", shop, "--select", "customer_orders", "--output", "json"
    )
    assert ended.code == 0, ended.err
    assert json.loads(ended.out) == {
        "models": [
            {
                "name": "customer_orders",
                "kind": "feature_view",
                "columns": 4,
                "leakage": {"proven": 2},
                "intervals": None,
                "file": "target/compiled/customer_orders.sql",
            }
        ]
    }
    assert "AVG" in (shop / "target/compiled/customer_orders.sql").read_text()
    assert not list((shop / "target").glob("*.duckdb"))


def test_run_builds_and_then_keeps(shop: Path, call: Call) -> None:
    where = ("--project-dir", shop, "--output", "json")
    first = json.loads(call("run", *where).out)
    again = json.loads(call("run", *where).out)
    fresh = json.loads(call("run", *where, "--full-refresh").out)
    assert {r["status"] for r in first["results"]} == {"built"}
    assert {r["status"] for r in again["results"]} == {"kept"}
    assert {r["status"] for r in fresh["results"]} == {"built"}
    rows = {r["model"]: r["rows"] for r in first["results"]}
    assert (rows["customer_orders"], rows["customer_returns"]) == (240, 42)
    assert set(first["results"][0]) == {"model", "status", "seconds", "rows", "version"}


def test_progress_goes_to_stderr_and_results_to_stdout(shop: Path, call: Call) -> None:
    ended = call("run", "--project-dir", shop, "--select", "customer_orders")
    assert ended.err.startswith("run 1/1 customer_orders: done, 240 rows, ")
    assert ended.out.split()[:4] == ["model", "status", "rows", "seconds"]


def test_a_dry_run_prints_the_very_statements_of_the_run_and_runs_none(
    shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[str] = []
    execute = DuckDBSession.execute

    def record(self: DuckDBSession, statements: Sequence[str]) -> None:
        executed.extend(statements)
        execute(self, statements)

    monkeypatch.setattr(DuckDBSession, "execute", record)
    where = ("--project-dir", shop)
    steps = json.loads(call("run", *where, "--dry-run", "--output", "json").out)["steps"]
    printed = call("run", *where, "--dry-run").out
    assert executed == []
    assert call("run", *where).code == 0
    planned = [statement for step in steps for statement in step["statements"]]
    assert planned == executed
    assert [line for line in printed.splitlines() if not line.startswith("-- ")] == [
        f"{statement};" for statement in planned
    ]


def test_debug_shows_each_pass_and_what_changed(built_shop: Path, call: Call) -> None:
    ended = call("debug", "order_return", "--project-dir", built_shop)
    assert ended.code == 0
    assert "/parse" not in ended.out
    assert "parse\n" in ended.out
    assert "ASOF" in ended.out.split("inject_asof\n")[1]
    assert "ASOF" not in ended.out.split("inject_asof\n")[0]


def test_debug_shows_the_passes_before_an_error(shop: Path, call: Call) -> None:
    (shop / "models/a.sql").write_text("select amont from {{ source('orders') }}")
    ended = call("debug", "a", "--project-dir", shop, "--output", "json")
    assert ended.code == 1
    assert "models/a.sql:1:8" in ended.err
    assert [step["pass"] for step in json.loads(ended.out)["passes"]][:1] == ["parse"]


def test_debug_of_an_unknown_model_names_the_nearest(shop: Path, call: Call) -> None:
    ended = call("debug", "order_retrun", "--project-dir", shop)
    assert ended.code == 1
    assert "did you mean 'order_return'?" in ended.err


def test_the_tests_of_a_new_project_pass(built_shop: Path, tmp_path: Path, call: Call) -> None:
    where = ("--project-dir", built_shop)
    ended = call("test", *where, "--leakage", "--junit", tmp_path / "r.xml", "--output", "json")
    assert ended.code == 0, ended.err
    results = json.loads(ended.out)["results"]
    assert {r["kind"] for r in results} == {"unit", "data", "leakage"}
    assert {r["status"] for r in results} == {"pass"}
    assert (tmp_path / "r.xml").read_text().count("<testcase") == len(results)
    assert call("test", *where).out.endswith("\n7 passed, 0 failed\n")


def test_a_failing_test_ends_with_1_after_the_results(built_shop: Path, call: Call) -> None:
    path = built_shop / "models/models.yml"
    path.write_text(
        path.read_text().replace(
            "order_count: 2, amount_mean: 40.0", "order_count: 3, amount_mean: 40.0"
        )
    )
    ended = call("test", "--project-dir", built_shop)
    assert ended.code == 1
    assert ended.out.endswith("\n6 passed, 1 failed\n")
    assert "a_month_of_a_customers_orders" in ended.err
    assert "Traceback" not in ended.err


def test_a_warning_is_counted_apart_from_what_passed(built_shop: Path, call: Call) -> None:
    path = built_shop / "models/models.yml"
    text = (
        "models:\n  - name: customer_orders\n    tests: [{row_count: {max: 1, severity: warn}}]\n"
    )
    path.write_text(text)
    ended = call("test", "--project-dir", built_shop)
    assert ended.code == 0, ended.err
    assert ended.out.endswith("\n0 passed, 1 warned, 0 failed\n")
    assert "warn: row_count of customer_orders" in ended.err


def test_debug_of_a_project_checks_every_part(shop: Path, call: Call) -> None:
    ended = call("debug", "--project-dir", shop)
    assert ended.code == 0, ended.err
    title, _, header, *rows = ended.out.splitlines()
    assert title == "project shop, target local"
    assert header.split() == ["part", "status", "detail"]
    assert [row.split("  ")[0] for row in rows] == [
        "engine duckdb", "online store lmdb", "registry",
        "source orders", "source returns", "models",
    ]  # fmt: skip
    assert all(" ok " in row for row in rows)


def test_debug_shows_every_part_that_does_not_work(shop: Path, call: Call) -> None:
    (shop / "data/returns.csv").write_text("order_id\n1\n")
    (shop / "target").mkdir()
    (shop / "target/features.duckdb").write_text("no database")
    (shop / "models/models.yml").write_text(
        "models:\n  - name: placed_orders\n    columns: [{name: nothing}]\n"
    )
    ended = call("debug", "--project-dir", shop, "--output", "json")
    assert ended.code == 1
    found = json.loads(ended.out)
    parts = {check["part"]: check["status"] for check in found["checks"]}
    assert parts == {
        "engine duckdb": "error",
        "online store lmdb": "ok",
        "registry": "ok",
        "source orders": "ok",
        "source returns": "error",
        "models": "error",
    }
    assert len(found["errors"]) >= 3
    assert "Traceback" not in ended.err
