"""featuresql build: each model run and tested before what reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_call import Call

from featuresql.bootstrap import open_workspace
from featuresql.errors import Location
from featuresql.workflows.build_models import waves
from featuresql.workflows.compile_models import compile_models

JSON = ("--output", "json")
SOURCE = "{{ source('orders') }}"
MODELS = {
    "a": f"{{{{ config(materialized='table') }}}}select order_id from {SOURCE}",
    "b": "select order_id from {{ ref('a') }}",
    "c": "select order_id from {{ ref('b') }}",
    "d": f"select customer_id from {SOURCE}",
}
FAILS = (
    "models:\n  - {name: a, tests: [{row_count: {max: 1}}]}\n"
    "  - {name: d, tests: [{row_count: {min: 1}}]}\n"
)


@pytest.fixture
def chain(shop: Path) -> Path:
    """Models a <- b <- c, and d."""
    for path in (shop / "models").rglob("*.*"):
        path.unlink()
    for name, text in MODELS.items():
        (shop / f"models/{name}.sql").write_text(text)
    return shop


def statuses(found: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {model["model"]: model["status"] for model in found["models"]}


def test_a_new_project_is_built_and_tested_in_one_go(shop: Path, call: Call) -> None:
    ended = call("build", "--project-dir", shop, "--leakage")
    assert ended.code == 0, ended.err
    assert ended.out.endswith("\nmodels: 4 built, 0 kept\ntests: 9 passed, 0 failed\n")
    again = call("build", "--project-dir", shop)
    assert again.out.endswith("\nmodels: 0 built, 4 kept\ntests: 7 passed, 0 failed\n")


def test_a_failing_test_stops_what_depends_on_it_and_nothing_else(chain: Path, call: Call) -> None:
    (chain / "models/p.yml").write_text(FAILS)
    ended = call("build", "--project-dir", chain, *JSON)
    assert ended.code == 1
    found = json.loads(ended.out)
    assert statuses(found) == {"a": "built", "b": "skipped", "c": "skipped", "d": "built"}
    assert found["status"] == "error"
    assert found["counts"] == {"pass": 1, "warn": 0, "fail": 1, "error": 0}
    assert [(e["code"], e["file"]) for e in found["errors"]] == [("test-failure", "models/p.yml")]
    (message,) = [m["message"] for m in found["models"] if m["model"] == "c"]
    assert message == "'a', which it reads: its test row_count failed"
    written = json.loads((chain / "target/run_results.json").read_text())
    assert {**written, "errors": found["errors"]} == found


def test_a_warning_stops_nothing(chain: Path, call: Call) -> None:
    (chain / "models/p.yml").write_text(FAILS.replace("max: 1", "max: 1, severity: warn"))
    ended = call("build", "--project-dir", chain)
    assert ended.code == 0, ended.err
    assert "models: 4 built, 0 kept\ntests: 1 passed, 1 warned, 0 failed\n" in ended.out
    assert "warn: row_count of a" in ended.err


def test_a_failing_unit_test_stops_the_model_itself(chain: Path, call: Call) -> None:
    (chain / "models/p.yml").write_text(
        "unit_tests:\n  - name: wrong\n    model: b\n"
        "    given: [{input: ref('a'), rows: [{order_id: 1}]}]\n"
        "    expect: {rows: [{order_id: 2}]}\n"
    )
    ended = call("build", "--project-dir", chain)
    assert ended.code == 1
    lines = {line.split()[0]: line for line in ended.out.splitlines() if line}
    assert [lines[name].split()[1] for name in "abcd"] == ["built", "skipped", "skipped", "built"]
    assert "its test wrong failed" in lines["b"]
    assert "tests: 0 passed, 1 failed" in ended.out
    assert "wrong of b" in ended.err


def test_a_model_that_cannot_be_built_stops_what_reads_it(chain: Path, call: Call) -> None:
    (chain / "models/a.sql").write_text(
        "{{ config(materialized='table') }}\n"
        "select cast('x' || cast(order_id as varchar) as bigint) as order_id "
        "from {{ source('orders') }}"
    )
    ended = call("build", "--project-dir", chain, *JSON)
    assert ended.code == 1
    found = json.loads(ended.out)
    assert statuses(found) == {"a": "failed", "b": "skipped", "c": "skipped", "d": "built"}
    assert [error["file"] for error in found["errors"]] == ["models/a.sql"]
    assert "Traceback" not in ended.err


def test_nothing_is_built_where_a_model_does_not_compile(chain: Path, call: Call) -> None:
    (chain / "models/d.sql").write_text("select nothing from {{ source('orders') }}")
    ended = call("build", "--project-dir", chain)
    assert ended.code == 1
    assert str(Location("models/d.sql", 1, 8)) in ended.err
    assert not (chain / "target").exists()


def test_only_what_is_selected_is_built_and_tested(chain: Path, call: Call) -> None:
    (chain / "models/p.yml").write_text(FAILS)
    ended = call("build", "--project-dir", chain, "--select", "d", *JSON)
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    assert (statuses(found), len(found["results"])) == ({"d": "built"}, 1)
    assert "errors" not in found


def test_what_is_tested_parts_the_models_and_nothing_else(chain: Path) -> None:
    models = compile_models(open_workspace(chain)).models
    assert waves(models, [*models], ()) == [[*models]]
    assert [set(group) for group in waves(models, [*models], {"a"})] == [{"a", "d"}, {"b", "c"}]
    assert waves(models, ["a", "c"], {"b"}) == [["a"], ["c"]]
    assert waves(models, ["a", "b", "c"], {"a", "b"}) == [["a"], ["b"], ["c"]]


def test_progress_counts_the_models_of_the_whole_build(chain: Path, call: Call) -> None:
    (chain / "models/p.yml").write_text(FAILS.replace("max: 1", "min: 1"))
    lines = call("build", "--project-dir", chain).err.splitlines()
    assert [line.split()[1] for line in lines] == ["1/4", "2/4", "3/4", "4/4"]
