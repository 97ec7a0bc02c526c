"""`featuresql test --mutate`: a model's tests are as good as the changes that they notice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlglot
from shop_project import ORDERS, VISITS, write_shop

from featuresql.bootstrap import open_workspace
from featuresql.cli.guard import guard
from featuresql.cli.main import cli
from featuresql.quality.mutants import mutants
from featuresql.spec.model import ModelConfig
from featuresql.workflows.mutate_models import MutationReport, mutate_models

WEAK = """
unit_tests:
  - name: one_order
    model: spending
    given:
      - input: source('orders')
        rows: [{customer: 1, ordered_at: "2024-01-01", paid_at: "2024-01-02", amount: 2.0}]
    expect:
      rows: [{customer: 1, spent: 2.0, orders: 1}]
"""
STRONG = """
unit_tests:
  - name: orders_of_three_days
    model: spending
    given:
      - input: source('orders')
        rows:
          - {customer: 1, ordered_at: "2024-01-01", paid_at: "2024-01-03", amount: 2.0, note: a}
          - {customer: 1, ordered_at: "2024-01-04", paid_at: "2024-01-04", amount: 3.0, note: b}
          - {customer: 1, ordered_at: "2024-01-04 12:00:00", paid_at: "2024-01-05", amount: 5.0}
          - {customer: 1, ordered_at: "2024-01-07 12:00:00", paid_at: "2024-01-08", amount: 7.0}
    expect:
      rows:
        - {ordered_at: "2024-01-01", known_at: "2024-01-03", spent: 2.0, orders: 1}
        - {ordered_at: "2024-01-04", known_at: "2024-01-04", spent: 5.0, orders: 2}
        - {ordered_at: "2024-01-04 12:00:00", known_at: "2024-01-05", spent: 8.0, orders: 2}
        - {ordered_at: "2024-01-07 12:00:00", known_at: "2024-01-08", spent: 12.0, orders: 2}
  - name: what_a_visit_sees
    model: purchase
    given:
      - input: ref('spending')
        rows:
          - {customer: 1, ordered_at: "2024-01-01", known_at: "2024-01-01", spent: 2.0, orders: 1}
      - input: source('visits')
        rows:
          - {visit: 1, customer: 1, visited_at: "2024-01-10 23:00:00", basket: 1.5}
          - {visit: 2, customer: 1, visited_at: "2024-01-11 01:00:00", basket: 1.5}
    expect:
      rows:
        - {visit: 1, spent: 2.0, with_basket: 3.5}
        - {visit: 2, spent: null, with_basket: null}
"""


@pytest.fixture
def shop_with(tmp_path: Path):  # noqa: ANN201 - a function from tests to their project
    def make(tests: str) -> Path:
        write_shop(tmp_path, ORDERS, VISITS)
        (tmp_path / "models/tests.yml").write_text(tests)
        return tmp_path

    return make


def survivors(report: MutationReport) -> set[tuple[str, str]]:
    return {(m.model, m.kind) for m in report.survivors}


def test_a_test_of_one_row_notices_little(shop_with) -> None:  # noqa: ANN001 - as above
    report = mutate_models(open_workspace(shop_with(WEAK)))
    assert {("spending", "frame"), ("spending", "interval"), ("spending", "aggregate")} <= (
        survivors(report)
    )
    assert report.untested == ("purchase",)
    lines = {m.location.line for m in report.survivors if m.kind in {"frame", "interval"}}
    assert lines == {6}


def test_tests_at_the_bounds_kill_all_mutants(shop_with) -> None:  # noqa: ANN001 - as above
    report = mutate_models(open_workspace(shop_with(STRONG)))
    assert report.survivors == ()
    assert report.counts["killed"] >= 8
    fates = {(m.kind, m.after): m.fate for m in report.tried if m.kind == "as-of option"}
    assert fates == {
        ("as-of option", "rows live half as long"): "killed",
        ("as-of option", "rows live for ever"): "killed",
    }


def test_every_mutant_is_another_query() -> None:
    sql = (
        "select a + 1 as x, count(distinct b) filter (where c > 2) as n, coalesce(d, 0) as d, "
        "sum(e) over (order by f range between interval '2 days' preceding and current row) as w "
        "from t left join u on t.k = u.k and not u.gone where g = 'h'"
    )
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    before = tree.sql("duckdb")
    made = list(mutants(tree, ModelConfig(ttl_us=10)))
    texts = [(m.tree.sql("duckdb"), m.config.ttl_us) for m in made]
    assert tree.sql("duckdb") == before
    assert (before, 10) not in texts
    assert len(set(texts)) == len(texts)
    assert {m.kind for m in made} == {
        "comparison",
        "logic",
        "arithmetic",
        "constant",
        "interval",
        "aggregate",
        "join",
        "frame",
        "order",
        "removal",
        "as-of option",
    }


def test_the_command_lists_survivors_with_their_lines(
    shop_with,  # noqa: ANN001 - as above
    capsys: pytest.CaptureFixture[str],
) -> None:
    where = ["test", "--mutate", "--project-dir", str(shop_with(WEAK))]
    assert guard(cli, where, "featuresql") == 0
    table = capsys.readouterr().out
    assert "models/spending.sql:6" in table
    assert "without a unit test: purchase" in table
    assert guard(cli, [*where, "--output", "json"], "featuresql") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["counts"]["survived"] == sum(
        mutant["fate"] == "survived" for mutant in document["mutants"]
    )
