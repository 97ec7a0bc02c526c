"""Queries that sqlglot alone would change or refuse have the rows that they have in DuckDB."""

from __future__ import annotations

import pytest
from raw_beside import Raw

QUERIES = {
    "asof using": "SELECT n.s, o.v, ts FROM <n> AS n ASOF JOIN <o> AS o USING (k, ts)",
    "asof left using": "SELECT * FROM (SELECT k, ts, i FROM <n>) ASOF LEFT JOIN <o> USING (k, ts)",
    "asof using one": "SELECT n.i, o.v FROM <n> AS n ASOF JOIN <o> AS o USING (ts)",
    "asof semi using": "SELECT i FROM <n> ASOF SEMI JOIN <o> USING (k, ts)",
    "asof anti using": "SELECT i FROM <n> ASOF ANTI JOIN <o> USING (k, ts)",
    "semi join": "SELECT o.v FROM <o> AS o SEMI JOIN <n> AS n ON n.k = o.k",
    "anti join": "SELECT o.v FROM <o> AS o ANTI JOIN <n> AS v ON v.k = o.k AND v.i > 0",
    "semi join, renamed": "SELECT v FROM <o> AS o SEMI JOIN <n> AS v(a, b) ON v.a = o.k",
    "semi join of a query": "SELECT v FROM <o> AS o SEMI JOIN (SELECT k u FROM <n>) n ON n.u = o.k",
    "anti join with the name again": """SELECT o.v FROM <o> AS o
        ANTI JOIN <n> AS s ON s.k = o.k AND s.k IN (SELECT s.k FROM <o> AS s WHERE s.n = 3)""",
    "anti join read in a subquery": """SELECT o.v FROM <o> AS o
        ANTI JOIN <n> AS s ON s.k = o.k AND s.k IN (SELECT p.k FROM <o> AS p WHERE p.k = s.k)""",
    "glob": "SELECT s GLOB 'h*' AS a, s NOT GLOB 'h*' AS b, s ~~~ '?b' AS c FROM <n>",
    "escapes": r"SELECT E'a\tb\n\'\x41' AS a, e'it''s' AS b, E'\\d' AS c, E'é\n' AS d",
    "dollars": "SELECT $$it's$$ AS a, $q$a$$b$q$ AS b",
    "column aliases": "SELECT a, t.b, t.d FROM <n> AS t(a, b)",
    "swapped column aliases": "SELECT k, n FROM <o> AS t(n, ts, v, k)",
    "column aliases of a cte": "WITH q AS (SELECT i, k FROM <n>) SELECT z.a, b FROM q AS z(a, b)",
    "column aliases, joined": "SELECT a.p, b.w FROM <n> AS a(p) JOIN <o> AS b(p, x, w) USING (p)",
    "alias": "SELECT k AS a, a AS b FROM <n>",
    "alias of an alias": "SELECT k AS a, a + a AS b, b * 2 AS c FROM <n> WHERE a > 0 ORDER BY b",
    "alias of an aggregate": "SELECT sum(i) AS a, a / 2 AS b FROM <n> GROUP BY k HAVING a > 0",
    "alias of a window": "SELECT row_number() OVER (ORDER BY ts) AS a, a + 1 AS b FROM <n>",
    "alias called like a column": "SELECT k + 1 AS i, i AS b FROM <n>",
    "alias called like the relation": "SELECT k AS a FROM <n> AS a ORDER BY a",
    "grouping": "SELECT k, grouping(k) AS g FROM <n> GROUP BY ROLLUP (k)",
    "grouping of two": "SELECT k, s, grouping_id(k, s) + 1 AS g FROM <n> GROUP BY CUBE (k, s)",
    "lambda": "SELECT list_transform(l, lambda x, i: x + i) AS a FROM <n>",
    "ordinality": "SELECT i, x, o FROM <n>, unnest(l) WITH ORDINALITY AS u(x, o)",
    "rows of a subquery": "SELECT i FROM <n> WHERE (k, i) IN (SELECT k, i FROM <n> WHERE i > 0)",
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_has_the_rows_of_duckdb(raw: Raw, name: str) -> None:
    assert raw.compiled(QUERIES[name]) == raw.written(QUERIES[name])


def test_an_arrow_is_a_lambda(raw: Raw) -> None:
    arrow = "SELECT list_transform(l, {} x + 1) AS a FROM <n>"
    assert raw.compiled(arrow.format("x ->")) == raw.written(arrow.format("lambda x:"))
