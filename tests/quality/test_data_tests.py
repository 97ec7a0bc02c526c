"""Each data test passes good rows and finds the bad ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flights_project import build_project, write_project

from featuresql.errors import FeatureSQLError
from featuresql.ports import Progress
from featuresql.quality.test_report import TestResult
from featuresql.workflows import test_models as verb
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.data_tests import run_data_test
from featuresql.workflows.workspace import Workspace

NOW = datetime(2024, 1, 3, tzinfo=UTC)
ROWS = """
select * from (values
  (1, 'a', 1.5::double, timestamp '2024-01-01', 1.10::decimal(9,2), date '2024-01-01', true, [1]),
  (2, 'b', 'nan'::double, timestamp '2024-01-02', 2.20::decimal(9,2), date '2024-01-02', false,
    [2]),
  (2, null, null, null, null, null, null, null)
) as t(id, name, score, at, price, day, flag, list)
"""
OTHER = (
    "select * from (values ('a', 1::tinyint), ('c', 2::tinyint), (null, null)) as t(name, small)"
)
COLUMN_TESTS = [
    # column, test, failing rows, text shown
    ("id", "not_null", 0, ""),
    ("name", "not_null", 1, "NULL"),
    ("name", "unique", 0, ""),
    ("id", "unique", 1, "2   2"),
    ("name", "accepted_values: {values: [a, b]}", 0, ""),
    ("name", "accepted_values: {values: [a]}", 1, "b"),
    ("id", "accepted_values: {values: [1, 2]}", 0, ""),
    ("id", "accepted_values: {values: [1]}", 2, "2"),
    ("score", "accepted_values: {values: [1.5, nan]}", 0, ""),
    ("at", "accepted_values: {values: [2024-01-01, '2024-01-02 00:00:00']}", 0, ""),
    ("price", "accepted_values: {values: [1.1, 2.2]}", 0, ""),
    ("day", "accepted_values: {values: ['2024-01-01', 2024-01-02]}", 0, ""),
    ("flag", "accepted_values: {values: [true, false]}", 0, ""),
    ("flag", "accepted_values: {values: [true]}", 1, "false"),
    ("name", "relationships: {to: ref('other'), field: name}", 1, "b"),
    ("id", "relationships: {to: ref('other'), field: small}", 0, ""),
    ("id", "range: {min: 1, max: 2}", 0, ""),
    ("id", "range: {min: 1.5}", 1, "1"),
    ("id", "range: {max: 1}", 2, "2"),
    ("score", "range: {min: 0}", 1, "nan"),
    ("score", "range: {max: 1.4}", 2, "1.5"),
    ("price", "range: {min: 1.1, max: 2.2}", 0, ""),
    ("price", "range: {min: 1.11}", 1, "1.10"),
    ("at", "range: {min: 2024-01-01, max: 2024-01-02}", 0, ""),
    ("at", "range: {min: 2024-01-01 00:00:01}", 1, "2024-01-01 00:00:00"),
    ("day", "range: {max: 2024-01-01}", 1, "2024-01-02"),
    ("name", "matches: {pattern: '^[ab]$'}", 0, ""),
    ("name", "matches: {pattern: '^a'}", 1, "b"),
    ("at", "freshness: {max_age: 1 day}", 0, ""),
    ("at", "freshness: {max_age: 23 hours}", 1, "2024-01-02"),
    ("at", "freshness: {max_age: 9 days, where: id > 5}", 1, "NULL"),
    ("name", "not_null: {where: id = 1}", 0, ""),
    ("name", "not_null: {where: 'id = 2 and flag is null'}", 1, "NULL"),
    ("id", "unique: {where: name is not null}", 0, ""),
    ("name", "relationships: {to: ref('other'), field: name, where: id = 1}", 0, ""),
    ("id", "expression: {sql: id > 1, where: score > 0}", 1, "1"),
    ("id", "expression: {sql: id > 0}", 0, ""),
    ("id", "expression: {sql: id + length(name) > 2}", 1, "1   a"),
    ("id", "expression: {sql: 'ID < 2 or name is not null'}", 1, "2"),
    ("list", "expression: {sql: 'list_transform(list, x -> x + id) = [2]'}", 1, "[2]"),
]
MODEL_TESTS = [
    ("expression: {sql: id < 2}", 2, "2"),
    ("expression: {sql: 'true'}", 0, ""),
    ("expression: {sql: 'false'}", 3, "a"),
    ("expression: {sql: 'null'}", 0, ""),
    ("row_count: {min: 3, max: 3}", 0, ""),
    ("row_count: {min: 4}", 1, "3"),
    ("row_count: {max: 2}", 1, "3"),
    ("row_count: {max: 2, where: id = 2}", 0, ""),
    ("unique_columns: {columns: [id, name]}", 0, ""),
    ("unique_columns: {columns: [id]}", 1, "2   2"),
]
WRONG = [
    ("nam", "not_null", "did you mean 'name'"),
    ("id", "expression: {sql: idd > 1}", "did you mean 'id'"),
    ("id", "expression: {sql: id + 1}", "not BOOLEAN"),
    ("id", "expression: {sql: 'id in (select 1)'}", "about one row"),
    ("id", "expression: {sql: 'count(*) > 1'}", "about one row"),
    ("id", "expression: {sql: 'row_number() over () > 1'}", "about one row"),
    ("id", "expression: {sql: 'exists (select 1)'}", "about one row"),
    ("id", "expression: {sql: 'unnest([true])'}", "about one row"),
    ("id", "expression: {sql: 'id > 1; drop table x'}", "one boolean expression"),
    ("id", "expression: {sql: 'id > 1) or (true'}", "cannot be read"),
    ("id", "expression: {sql: 'drop table x'}", "one boolean expression"),
    ("id", "expression: {sql: 'nofunction(id)'}", "nofunction"),
    ("id", "expression: {sql: \"getenv('HOME') = ''\"}", "getenv"),
    ("id", "expression: {sql: random() > 0}", "random"),
    ("id", "expression: {sql: other.id > 1}", "other"),
    ("id", "accepted_values: {values: [a]}", "the text 'a'"),
    ("name", "accepted_values: {values: [1]}", "put it in quotes"),
    ("id", "matches: {pattern: a}", "no text"),
    ("id", "freshness: {max_age: 1 day}", "no TIMESTAMP"),
    ("id", "not_null: {where: idd = 1}", "did you mean 'id'"),
    ("id", "not_null: {where: id}", "not BOOLEAN"),
    ("list", "accepted_values: {values: [1]}", "takes no values"),
    ("name", "range: {min: 1}", "no bound for 'name'"),
    ("id", "range: {min: 2024-01-01}", "no bound for 'id'"),
    ("at", "range: {min: 1}", "no bound for 'at'"),
    ("id", "relationships: {to: ref('other'), field: name}", "'other.name' is VARCHAR"),
    ("id", "relationships: {to: ref('other'), field: smal}", "did you mean 'small'"),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that is built once; each test brings properties of its own."""
    path = tmp_path_factory.mktemp("data_tests")
    build_project(path, models={"rows": ROWS, "other": OTHER})
    return path


def on_column(column: str, test: str) -> str:
    return f"""
models:
  - name: rows
    columns:
      - name: {column}
        tests:
          - {test}
"""


def only(workspace: Workspace) -> TestResult:
    compiled = compile_models(workspace)
    (test,) = compiled.project.data_tests
    with workspace.engine.session() as session:
        return run_data_test(session, compiled, test, NOW)


def opened(root: Path, properties: str) -> Workspace:
    return write_project(root, models={"rows": ROWS, "other": OTHER}, properties=properties)


@pytest.mark.parametrize(("column", "test", "failures", "shown"), COLUMN_TESTS)
def test_of_a_column(root: Path, column: str, test: str, failures: int, shown: str) -> None:
    result = only(opened(root, on_column(column, test)))

    assert (result.status, result.failures) == ("fail" if failures else "pass", failures)
    assert shown in result.rows_shown
    assert bool(result.rows_shown) == bool(failures)
    assert str(result.location).startswith("models/tests.yml:7:")


@pytest.mark.parametrize(("test", "failures", "shown"), MODEL_TESTS)
def test_of_a_model(root: Path, test: str, failures: int, shown: str) -> None:
    properties = f"models:\n  - name: rows\n    tests:\n      - {test}\n"
    result = only(opened(root, properties))

    assert (result.status, result.failures) == ("fail" if failures else "pass", failures)
    assert shown in result.rows_shown


@pytest.mark.parametrize(("column", "test", "said"), WRONG)
def test_that_does_not_fit_its_model(root: Path, column: str, test: str, said: str) -> None:
    result = only(opened(root, on_column(column, test)))

    assert result.status == "error"
    assert said in str(result)
    assert str(result.location).startswith("models/tests.yml:7:")


@pytest.mark.parametrize(
    ("thresholds", "status"),
    [
        ("error_if: '> 1'", "warn"),
        ("error_if: '> 1', warn_if: '>= 2'", "pass"),
        ("error_if: '= 1'", "fail"),
        ("error_if: '!= 1', warn_if: '<1'", "pass"),
        ("severity: warn, error_if: '> 0'", "warn"),
        ("severity: warn, warn_if: '> 1'", "pass"),
    ],
)
def test_thresholds_say_how_many_rows_are_too_many(
    root: Path, thresholds: str, status: str
) -> None:
    result = only(opened(root, on_column("name", f"not_null: {{{thresholds}}}")))
    assert result.status == status


@pytest.mark.parametrize("wrong", ["error_if: '10'", "warn_if: '> many'", "error_if: ''"])
def test_a_threshold_is_a_comparison(root: Path, wrong: str) -> None:
    with pytest.raises(FeatureSQLError, match="expected a comparison such as '> 10'"):
        opened(root, on_column("name", f"not_null: {{{wrong}}}"))


def test_a_warning_does_not_fail_the_whole(root: Path) -> None:
    workspace = opened(root, on_column("name", "not_null: {severity: warn}"))
    report = verb.test_models(workspace)

    assert [result.status for result in report.results] == ["warn"]
    assert report.broken == ()


def test_the_tested_column_is_shown_first_and_few_rows_of_many(tmp_path: Path) -> None:
    many = "select i as id, null::varchar as name from unnest(generate_series(1, 20)) as t(i)"
    properties = on_column("name", "not_null")
    workspace = build_project(tmp_path, models={"rows": many}, properties=properties)
    result = only(workspace)

    assert result.failures == 20
    lines = result.rows_shown.splitlines()
    assert lines[0].split() == ["name", "id"]
    assert len(lines) == 2 + 5 + 1
    assert lines[-1] == "… and 15 more"


def test_a_model_that_is_not_built_is_an_error(tmp_path: Path) -> None:
    workspace = write_project(
        tmp_path, models={"rows": ROWS}, properties=on_column("id", "not_null")
    )
    result = only(workspace)

    assert result.status == "error"
    assert "not built" in result.message
    assert "featuresql run" in (result.hint or "")


def test_a_model_built_with_other_columns_is_an_error(tmp_path: Path) -> None:
    build_project(tmp_path, models={"rows": "select 1 as id"})
    result = only(
        write_project(tmp_path, models={"rows": ROWS}, properties=on_column("id", "not_null"))
    )

    assert result.status == "error"
    assert "earlier text" in result.message


def test_a_failure_stops_no_other_test_and_all_is_written_down(root: Path) -> None:
    properties = """
models:
  - name: rows
    columns:
      - {name: nam, tests: [not_null]}
      - {name: name, tests: [not_null]}
      - {name: id, tests: [not_null]}
  - name: other
    columns:
      - {name: name, tests: [not_null]}
"""
    workspace = opened(root, properties)
    seen: list[Progress] = []
    object.__setattr__(workspace, "report", seen.append)
    report = verb.test_models(workspace)

    assert [r.status for r in report.results] == ["error", "fail", "pass", "fail"]
    written = json.loads((root / "target" / "run_results.json").read_text())
    assert written["status"] == "error"
    assert [(r["model"], r["name"], r["status"]) for r in written["results"]] == [
        ("rows", "not_null(nam)", "error"),
        ("rows", "not_null(name)", "fail"),
        ("rows", "not_null(id)", "pass"),
        ("other", "not_null(name)", "fail"),
    ]
    assert [p.status for p in seen if p.status != "started"] == [
        "failed",
        "failed",
        "done",
        "failed",
    ]
    assert [(p.index, p.total) for p in seen if p.status != "started"] == [
        (1, 4),
        (2, 4),
        (3, 4),
        (4, 4),
    ]


def test_selection_chooses_the_tests(root: Path) -> None:
    properties = """
models:
  - {name: rows, tests: [row_count: {min: 1}]}
  - {name: other, tests: [row_count: {min: 1}]}
"""
    workspace = opened(root, properties)

    assert [r.model for r in verb.test_models(workspace, select="other").results] == ["other"]
    assert [r.model for r in verb.test_models(workspace, exclude="other").results] == ["rows"]


def test_a_service_is_tested_on_its_training_rows(tmp_path: Path) -> None:
    properties = """
models:
  - name: flight_delay
    columns:
      - {name: flight_id, tests: [not_null, unique]}
      - {name: landings, tests: [range: {min: 1, max: 2}]}
"""
    results = verb.test_models(build_project(tmp_path, properties=properties)).results

    assert [r.status for r in results] == ["pass", "pass", "fail"]


def test_no_rows_pass(tmp_path: Path) -> None:
    properties = on_column("id", "range: {min: 1}")
    models = {"rows": "select 1 as id where false"}
    result = only(build_project(tmp_path, models=models, properties=properties))

    assert result.status == "pass"
    assert result.failures == 0
