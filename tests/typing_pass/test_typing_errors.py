"""What the typing pass refuses, and how it says so."""

from __future__ import annotations

import pytest
import sqlglot
from duckdb_beside import Both
from sqlglot import exp

from featuresql.compiler.read_sql import read_sql
from featuresql.compiler.typing import annotate_types
from featuresql.errors import CompileError, Location, ManyErrors

REFUSED = {
    "lenght(s)": ("unknown-function", "lenght", "did you mean 'length'?"),
    "read_csv('/etc/passwd')": ("forbidden-function", "read_csv", "source()"),
    "getenv('HOME')": ("forbidden-function", "getenv", "source()"),
    "current_setting('threads')": ("forbidden-function", "current_setting", "source()"),
    "read_text('x')": ("forbidden-function", "read_text", "source()"),
    "now()": ("non-deterministic", "now", "column"),
    "random()": ("non-deterministic", "random", "column"),
    "uuid()": ("non-deterministic", "uuid", "column"),
    "current_date": ("non-deterministic", "today", "column"),
    "current_timestamp": ("non-deterministic", "now", "column"),
    "sum(s)": ("type-mismatch", "sum() does not take VARCHAR", "cast"),
    "avg(b)": ("type-mismatch", "avg() does not take BOOLEAN", "cast"),
    "upper(i4)": ("type-mismatch", "upper", "cast"),
    "jaccard(s)": ("type-mismatch", "takes 2 arguments, not 1", ""),
    "s + 1": ("type-mismatch", "VARCHAR", "cast"),
    "ts + 1": ("type-mismatch", "TIMESTAMP", "cast"),
    "i4 = s": ("type-mismatch", "cannot compare INTEGER with VARCHAR", "cast"),
    "s IN (1, 2)": ("type-mismatch", "cannot compare VARCHAR", "cast"),
    "ts < 1": ("type-mismatch", "cannot compare TIMESTAMP", "cast"),
    "coalesce(i4, s)": ("type-mismatch", "COALESCE cannot mix INTEGER and VARCHAR", "cast"),
    "CASE WHEN b THEN dt ELSE 1 END": ("type-mismatch", "CASE cannot mix", "cast"),
    "CASE WHEN s THEN 1 END": ("type-mismatch", "WHEN needs a BOOLEAN", "compare"),
    "NOT ts": ("type-mismatch", "NOT needs a BOOLEAN", "compare"),
    "CAST(dt AS INTEGER)": ("type-mismatch", "no cast from DATE to INTEGER", ""),
    "CAST(s AS UHUGEINT)": ("unsupported-type", "UINT128", "types that a column may have"),
    "histogram(s)": ("unsupported-type", "MAP(VARCHAR, UBIGINT)", "take out"),
    "row_number()": ("type-mismatch", "OVER", "PARTITION BY"),
    "round(d1, i4)": ("type-mismatch", "constant", ""),
    "quantile_cont(i4, f8)": ("type-mismatch", "constant", "write the value"),
    "(st).c": ("type-mismatch", "no field 'c'", ""),
    "st['c']": ("type-mismatch", "no field 'c'", ""),
    "date_part('fortnight', ts)": ("type-mismatch", "fortnight", ""),
    "list_aggregate(li, 'summ')": ("unknown-function", "summ", "did you mean 'sum'?"),
    "list_transform(i4, lambda x: x)": ("type-mismatch", "no list", ""),
    "list_transform(li, lambda x: upper(x))": ("type-mismatch", "upper", "cast"),
    "i4[1]": ("type-mismatch", "no elements", ""),
    "dt AT TIME ZONE 'UTC'": ("unsupported", "DATE", "TIMESTAMP"),
    "[1, 'a', s]": ("type-mismatch", "a list cannot mix", "cast"),
    "'1' + i4": ("type-mismatch", "could mean several things", "cast"),
}


def caught(both: Both, sql: str) -> CompileError:
    tree = read_sql(sql)[0]
    assert isinstance(tree, exp.Query)
    with pytest.raises(CompileError) as found:
        annotate_types(tree, both.relation_columns)
    return found.value


@pytest.mark.parametrize("expression", REFUSED)
def test_an_expression_is_refused_with_its_reason(both: Both, expression: str) -> None:
    error = caught(both, f"SELECT {expression} AS x FROM t")
    code, message, hint = REFUSED[expression]
    assert error.code == code
    assert message in error.message
    assert hint in (error.hint or "")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT i4 FROM t UNION SELECT dt FROM t", "type-mismatch"),
        ("SELECT i4, s FROM t UNION SELECT i4 FROM t", "type-mismatch"),
        ("SELECT i4 FROM t WHERE s", "type-mismatch"),
        ("SELECT t.i4 FROM t JOIN other ON other.i4 = t.s", "type-mismatch"),
        ("SELECT x FROM unnest(5) AS u(x)", "type-mismatch"),
        ("SELECT x FROM (VALUES (1), (DATE '2024-01-01')) AS v(x)", "type-mismatch"),
        ("SELECT i4 FROM nowhere", "unknown-relation"),
        ("SELECT * FROM read_parquet('x.parquet')", "forbidden-function"),
        ("SELECT a FROM t PIVOT (sum(i4) FOR s IN ('a'))", "unsupported"),
    ],
)
def test_a_query_is_refused_with_its_code(both: Both, sql: str, code: str) -> None:
    assert caught(both, sql).code == code


def test_an_error_is_told_once_and_not_again_for_what_contains_it(both: Both) -> None:
    error = caught(both, "SELECT upper(lower(sum(s) + 1)) || 'x' AS x FROM t ORDER BY x")
    assert "sum()" in error.message


def test_several_errors_are_told_together(both: Both) -> None:
    tree = sqlglot.parse_one("SELECT sum(s) AS a, upper(i4) AS b FROM t", dialect="duckdb")
    assert isinstance(tree, exp.Query)
    with pytest.raises(ManyErrors) as found:
        annotate_types(tree, both.relation_columns)
    assert [error.code for error in found.value.errors] == ["type-mismatch", "type-mismatch"]


def test_the_caller_says_where_an_error_is(both: Both) -> None:
    tree = sqlglot.parse_one("SELECT i4, sum(s) AS a FROM t", dialect="duckdb")
    assert isinstance(tree, exp.Query)
    places = []

    def make_error(
        code: str, message: str, node: exp.Expr | None, hint: str | None = None
    ) -> CompileError:
        places.append(node)
        return CompileError(message, code=code, location=Location("m.sql", 3, 7), hint=hint)

    with pytest.raises(CompileError) as found:
        annotate_types(tree, both.relation_columns, make_error)
    assert found.value.location == Location("m.sql", 3, 7)
    assert [type(node) for node in places] == [exp.Sum]


def test_the_clock_may_be_asked_where_the_caller_allows_it(both: Both) -> None:
    tree = sqlglot.parse_one("SELECT now() AS x FROM t", dialect="duckdb")
    assert isinstance(tree, exp.Query)
    typed = annotate_types(tree, both.relation_columns, allow_non_deterministic=True)
    assert str(typed.selects[0].type) == "TIMESTAMPTZ"
