"""Data tests: a query for the rows that fail, on what is built."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from sqlglot import exp

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import Catalog
from featuresql.compiler.place_relations import NAMES_SCHEMA, place_relations
from featuresql.compiler.relation_columns import relation_columns
from featuresql.compiler.write_sql import DUCKDB, query_columns, write_query
from featuresql.errors import EngineError, FeatureSQLError, RequestError
from featuresql.ports import EngineSession
from featuresql.project.duration import parse_duration
from featuresql.project.properties_file import parse_threshold
from featuresql.quality.failing_rows import failing_rows
from featuresql.quality.test_report import TestResult, error_result
from featuresql.quality.text_table import MAX_ROWS, text_table
from featuresql.spec.model import DataTest

MAX_NAME_CHARS = 60
_COMPARISONS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}


def run_data_test(
    session: EngineSession,
    compiled: CompiledProject,
    test: DataTest,
    now: datetime,
    dialect: str = DUCKDB,
) -> TestResult:
    """Run one data test; one that cannot be run is a result with the status `error`.

    `now` is what freshness is judged by, `dialect` that of the session's engine.
    """
    name = test_name(test)
    test = _dated(test, now)
    try:
        catalog = Catalog(compiled.sources, compiled.models, compiled.project.entities)
        failing = failing_rows(test, catalog)
        for table in failing.find_all(exp.Table):
            _check_built(session, compiled, table.name)
        query = place_relations(failing)
        columns_of = relation_columns(compiled)
        counting = write_query(_count(query), dialect, columns_of)
        count = int(session.query(counting).read_all()["n"][0].as_py())
        shown = None
        if count:
            statement = write_query(query.limit(MAX_ROWS), dialect, columns_of)
            columns = query_columns(query, columns_of)
            shown = session.query(statement, columns=columns).read_all()
    except FeatureSQLError as error:
        return error_result(name, "data", test.model, test.location, error)
    status = _status(test, count)
    if shown is None or status == "pass":
        return TestResult(name, "data", test.model, "pass", test.location)
    return TestResult(
        name,
        "data",
        test.model,
        status,
        test.location,
        message=_message(test, count),
        failures=count,
        rows_shown=text_table(shown)
        + (f"\n… and {count - MAX_ROWS} more" if count > MAX_ROWS else ""),
    )


def _dated(test: DataTest, now: datetime) -> DataTest:
    """Return a test of freshness with the instant that is the oldest it takes."""
    if test.name != "freshness":
        return test
    age = timedelta(microseconds=parse_duration(str(test.arguments["max_age"])))
    oldest = (now - age).astimezone(UTC).replace(tzinfo=None)
    return replace(test, arguments={**test.arguments, "oldest": oldest})


def _status(test: DataTest, count: int) -> Literal["pass", "warn", "fail"]:
    """Return what so many failing rows mean."""
    if test.severity == "error" and _is(test.error_if or "> 0", count):
        return "fail"
    return "warn" if _is(test.warn_if or "> 0", count) else "pass"


def _is(threshold: str, count: int) -> bool:
    found = parse_threshold(threshold)
    assert found is not None  # noqa: S101 - the project's reader has checked it
    comparison, number = found
    return _COMPARISONS[comparison](count, number)


def test_name(test: DataTest) -> str:
    """Return what a data test is called: its name, and what it is about in brackets."""
    columns = test.arguments.get("columns")
    about = test.column
    if test.name == "expression":
        about = str(test.arguments["sql"])
    elif isinstance(columns, list | tuple):
        about = ", ".join(map(str, columns))
    if about is None:
        return test.name
    cut = about if len(about) <= MAX_NAME_CHARS else f"{about[: MAX_NAME_CHARS - 1]}…"
    return f"{test.name}({cut})"


def _message(test: DataTest, count: int) -> str:
    if test.name == "row_count":
        bounds = [f"{k} {v}" for k, v in test.arguments.items() if k in {"min", "max"}]
        return f"the number of rows is outside of {', '.join(bounds)}"
    if test.name == "freshness":
        return f"the newest row is older than {test.arguments['max_age']}, or there is none"
    if test.name in {"unique", "unique_columns"}:
        return f"{count} values are there more than once"
    return f"{count} rows fail"


def _count(query: exp.Query) -> exp.Select:
    count = exp.alias_(exp.Count(this=exp.Star()), "n", quoted=True)
    inner = exp.alias_(query.subquery(), "failing", table=True)
    return exp.select(count).from_(inner)


def _check_built(session: EngineSession, compiled: CompiledProject, name: str) -> None:
    wanted = {c.name: c.type for c in compiled.models[name].columns}
    try:
        made = {c.name: c.type for c in session.columns(NAMES_SCHEMA, name)}
    except EngineError:
        made = {}
    if made != wanted:
        state = "is built from an earlier text" if made else "is not built yet"
        raise RequestError(f"'{name}' {state}", code="not-built", hint="run `featuresql run` first")
