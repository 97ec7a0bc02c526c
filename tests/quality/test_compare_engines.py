"""`featuresql test --engines`: an author's proof that another engine means the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shop_project import ORDERS, VISITS, write_shop

from featuresql.bootstrap import open_workspace
from featuresql.cli.guard import guard
from featuresql.cli.main import cli
from featuresql.engines.clickhouse_session import ClickHouseSession
from featuresql.errors import UsageError
from featuresql.workflows.compare_engines import compare_engines
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.test_models import test_models as run_tests

UNIT = """
unit_tests:
  - name: sums_within_three_days
    model: spending
    given:
      - input: source('orders')
        rows:
          - {customer: 1, ordered_at: "2024-01-01", paid_at: "2024-01-01", amount: 2.0}
          - {customer: 1, ordered_at: "2024-01-02", paid_at: "2024-01-02", amount: 3.0}
    expect:
      rows: [{spent: 2.0, orders: 1}, {spent: 5.0, orders: 2}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_shop(tmp_path, ORDERS, VISITS)
    (tmp_path / "models/tests.yml").write_text(UNIT)
    return tmp_path


def test_models_have_the_same_rows_on_both_engines(project: Path) -> None:
    report = run_tests(open_workspace(project), engines=("duckdb", "chdb"))
    found = {(r.kind, r.model, r.name): r.status for r in report.results}
    assert found == {
        ("unit", "spending", "sums_within_three_days on duckdb"): "pass",
        ("unit", "spending", "sums_within_three_days on chdb"): "pass",
        ("engines", "spending", "same rows on duckdb and chdb"): "pass",
        ("engines", "purchase", "same rows on duckdb and chdb"): "pass",
    }
    assert {r.message for r in report.results if r.kind == "engines"} == {"4 rows"}


def test_rows_that_differ_are_shown(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = ClickHouseSession.load

    def fewer(self: ClickHouseSession, schema: str, name: str, rows):  # noqa: ANN001, ANN202
        load(self, schema, name, rows.slice(1) if name == "orders" else rows)

    monkeypatch.setattr(ClickHouseSession, "load", fewer)
    workspace = open_workspace(project)
    compiled = compile_models(workspace)
    (result,) = compare_engines(workspace, compiled, ["spending"], ["duckdb", "chdb"])
    assert result.status == "fail"
    assert "rows are only on the first" in result.message
    assert "first" in result.rows_shown


def test_only_a_sample_of_each_source_is_taken(project: Path) -> None:
    workspace = open_workspace(project)
    compiled = compile_models(workspace)
    (result,) = compare_engines(
        workspace, compiled, ["spending"], ["duckdb", "chdb"], sample_rows=3
    )
    assert (result.status, result.message) == ("pass", "3 rows")


def test_an_unknown_engine_is_refused(project: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'chdb'"):
        run_tests(open_workspace(project), engines=("chbd",))


def test_github_is_told_of_the_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "models/tests.yml"
    path.write_text(path.read_text().replace("spent: 5.0", "spent: 6.0"))
    where = ["--project-dir", str(project), "--output", "json"]
    assert guard(cli, ["test", "--github", *where], "featuresql") == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["status"] == "error"
    (line,) = [text for text in captured.err.splitlines() if text.startswith("::")]
    file = (project / "models/tests.yml").as_posix()
    assert line.startswith(f"::error file={file},line=3,col=")
    assert "title=unit test sums_within_three_days of spending::" in line
    assert "%0A" in line
