"""Properties files that do not fit their models, as commands meet them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_call import Call

PROPERTIES = """\
models:
  - name: customer_orders
    columns:
      - name: order_count
        description: How many.
      - name: order_cout
        description: A column that there is not.
      - name: amont_mean
        tests: [not_null, {range: {min: 0}}]
      - name: amount_mean
        tests: [{accepted_values: {values: [a]}}]
    tests:
      - unique_columns: {columns: [customer, ordered_at]}
      - expression: {sql: "order_count > nothing"}
unit_tests:
  - name: first
    model: customer_orders
    given:
      - input: source('orders')
        rows: [{custmer_id: 1}, {custmer_id: 2, amount: 3}]
    expect: {rows: [{orders: 1}]}
"""


@pytest.mark.parametrize("command", ["compile", "build"])
def test_every_column_that_there_is_not_is_found_before_anything_runs(
    command: str, shop: Path, call: Call
) -> None:
    (shop / "models/models.yml").write_text(PROPERTIES)
    ended = call(command, "--project-dir", shop, "--output", "json")
    assert ended.code == 1, ended.err
    errors = json.loads(ended.out)["errors"]
    assert [(e["code"], e["line"], e["column"]) for e in errors] == [
        ("unknown-column", 6, 15),
        ("unknown-column", 8, 15),
        ("wrong-type", 11, 17),
        ("unknown-column", 13, 9),
        ("unknown-column", 14, 9),
        ("unknown-column", 16, 11),
        ("unknown-column", 19, 16),
    ]
    assert {e["file"] for e in errors} == {"models/models.yml"}
    assert "did you mean 'order_count'?" in ended.err
    assert "  |       - name: order_cout\n  |               ^\n" in ended.err
    assert not list((shop / "target").glob("*.duckdb"))


def test_expected_columns_may_come_from_other_variables(shop: Path, call: Call) -> None:
    (shop / "models/wide.sql").write_text(
        "select 1 as {{ var('window') | replace(' ', '_') | identifier }}"
    )
    (shop / "models/models.yml").write_text(
        "unit_tests:\n  - name: other\n    model: wide\n    overrides: {vars: {window: a b}}\n"
        "    expect: {rows: [{a_b: 1}]}\n"
    )
    assert call("compile", "--project-dir", shop).code == 0
    assert call("test", "--project-dir", shop).code == 0


def test_a_test_that_does_not_fit_stops_no_other(built_shop: Path, call: Call) -> None:
    (built_shop / "models/models.yml").write_text(PROPERTIES)
    ended = call("test", "--project-dir", built_shop, "--output", "json")
    assert ended.code == 1
    found = json.loads(ended.out)
    assert found["counts"] == {"pass": 0, "warn": 0, "fail": 0, "error": 6}
    assert {error["code"] for error in found["errors"]} == {"test-error"}
