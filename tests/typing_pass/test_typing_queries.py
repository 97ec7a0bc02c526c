"""Types of whole queries, beside DuckDB: the SQL that features are made of."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import sqlglot
from duckdb_beside import Both
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from featuresql.compiler.typing import annotate_types, column_type_of, output_columns
from featuresql.spec.column_type import BIGINT, DOUBLE, TIMESTAMP, parse_type
from featuresql.spec.model import Column

WINDOW = "PARTITION BY s ORDER BY ts RANGE BETWEEN INTERVAL 7 DAY PRECEDING AND CURRENT ROW"
QUERIES = {
    "rolling aggregates": f"""
        SELECT s, ts AS event_ts, avg(f8) OVER w AS m, count(*) OVER w AS n,
          sum(i4) OVER w AS total,
          sum(d1) OVER w AS paid, max(dt) OVER w AS last_day, stddev_samp(i8) OVER w AS spread,
          count(*) FILTER (WHERE i4 > 1) OVER w AS some, avg(d1) OVER w AS mean_paid
        FROM t WINDOW w AS ({WINDOW})""",
    "positions": """
        SELECT lag(i4) OVER w AS a, lag(d1, 1, 0) OVER w AS b, lead(ts) OVER w AS c,
          first_value(s) OVER w AS d, nth_value(i8, 2) OVER w AS e, row_number() OVER w AS f,
          rank() OVER w AS g, percent_rank() OVER w AS h, ntile(4) OVER w AS i,
          last_value(f4 IGNORE NULLS) OVER w AS j, ts - lag(ts) OVER w AS k
        FROM t WINDOW w AS (PARTITION BY s ORDER BY ts)""",
    "ratios and buckets": """
        SELECT i4 / 2 AS half, i4 // 2 AS whole, i4 % 2 AS odd, d1 / i4 AS unit, d1 * 1.1 AS taxed,
          i2 + 1 AS next, i8 * 4000000000 AS large, f4 * 2 AS double_f4, -u1 AS negative,
          width_bucket_free, pow(i4, 2) AS squared
        FROM (SELECT *, least(greatest(f8, 0), 100) AS width_bucket_free FROM t) AS q""",
    "case and coalesce": """
        SELECT CASE WHEN i4 > 1 THEN 'high' WHEN i4 > 0 THEN 'low' END AS band,
          CASE i4 WHEN 1 THEN 1.5 ELSE 2 END AS weight, coalesce(i4, 0) AS filled,
          coalesce(s, 'none') AS named, nullif(i8, 0) AS nonzero, if(b, 1, 0) AS flag,
          ifnull(d1, 0.5) AS price, coalesce(NULL, i2) AS small, NULL AS nothing
        FROM t""",
    "dates": """
        SELECT date_trunc('hour', ts) AS h, date_trunc('month', dt) AS m, dt + 1 AS tomorrow,
          dt - DATE '2024-01-01' AS days, dt + INTERVAL 1 DAY AS later,
          ts - INTERVAL '2' HOUR AS before,
          ts - TIMESTAMP '2024-01-01' AS since, date_diff('day', dt, ts) AS apart,
          extract(hour FROM ts) AS hour, extract(epoch FROM ts) AS seconds, dayofweek(ts) AS dow,
          strftime(ts, '%Y-%m') AS label, strptime(s, '%Y') AS parsed, ts::DATE AS day,
          epoch_ms(ts) AS ms, to_timestamp(f8) AS z, ts AT TIME ZONE 'UTC' AS zoned,
          tz AT TIME ZONE 'America/New_York' AS local, make_timestamp(i8) AS made,
          time_bucket(INTERVAL '15 minutes', ts) AS bucket, last_day(ts) AS month_end,
          INTERVAL (i4) MINUTE AS wait, ts + to_hours(i4) AS due, ts >= '2024-01-01' AS recent
        FROM t""",
    "text": """
        SELECT upper(s) AS a, s || '-' || i4 AS b, concat(s, i4, b) AS c, concat_ws(',', s,
          i4) AS d,
          substring(s, 2, 3) AS e, split_part(s, '-', 1) AS f, string_split(s, ',') AS g,
          regexp_extract(s, '([0-9]+)', 1) AS h, regexp_matches(s, 'a') AS i, length(s) AS j,
          s LIKE 'a%' AS k, s ILIKE 'A%' AS l, s SIMILAR TO 'a' AS m, position('a' IN s) AS n,
          lpad(s, 5, '0') AS o, hash(s) AS p, md5(s) AS q, s[1] AS r, s[1:2] AS u, s IN ('a',
          'b') AS v
        FROM t""",
    "lists and structs": """
        SELECT list_transform(li, lambda x: x * 1.5) AS a, list_filter(li, lambda x: x > i4) AS b,
          list_reduce(li, lambda x, y: x + y) AS c, [x + 1 FOR x IN li IF x > 0] AS d, li[1] AS e,
          li[1:2] AS f, list_sum(li) AS g, list_contains(ls, s) AS h, {'k': i4, 'v': ls} AS i,
          ({'k': i4, 'v': ls}).v AS j, st.a AS k, st['b'] AS l, list_distinct(ls) AS m,
          len(li) AS n,
          range(3) AS o, list_zip(li, ls)[1][1] AS p, map(['a'], [i4])['a'] AS q,
          MAP {'a': d1}['a'] AS r,
          list_transform(li, lambda x, i: x + i) AS u, flatten([li, [1]]) AS v,
          struct_pack(z := i4) AS w,
          list_transform(li, lambda x: list_transform(ls, lambda y: y || x)) AS nested
        FROM t""",
    "json": """
        SELECT js -> 'a' AS a, js ->> 'a' AS b, (js ->> '$.n')::INT AS c, s -> '$.a' AS d,
          json_extract_string(js, '$.a') AS e, json_array_length(js) AS f, json_keys(js) AS g,
          json_type(js, '$.a') AS h, (js -> 'a') ->> 'b' AS i
        FROM t""",
    "aggregates": """
        SELECT s, count(DISTINCT i4) AS a, sum(b) AS c, sum(f4) AS d, avg(i4) AS e, median(dt) AS f,
          quantile_cont(i4, 0.9) AS g, quantile_cont(d1, [0.1, 0.9]) AS h, quantile_disc(i4,
          0.5) AS i,
          mode(s) AS j, arg_max(d1, ts) AS k, max(i2, 3) AS l, list(s ORDER BY ts) AS m,
          string_agg(s, ',' ORDER BY ts) AS n, first(i8 ORDER BY ts) AS o, corr(i4, f8) AS p,
          bool_or(b) AS q, count_if(i4 > 1) AS r, approx_count_distinct(s) AS u, entropy(s) AS v,
          sum(i4) FILTER (WHERE b) AS w, any_value(uu) AS x, regr_slope(i4, f8) AS y,
          array_agg(st) AS z,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY i4) AS within
        FROM t GROUP BY ALL HAVING count(*) > 1""",
    "ctes": """
        WITH one AS (SELECT i4, sum(i8) AS total FROM t GROUP BY i4),
          two AS (SELECT i4, total + 1 AS more, total / 2 AS half FROM one),
          three(a, b) AS (SELECT more, half FROM two)
        SELECT a, b, a * b AS product FROM three""",
    "recursive cte": """
        WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 5)
        SELECT x, x * 2 AS y FROM n""",
    "joins": """
        SELECT t.i4, o.k, o.v * t.i4 AS paid, coalesce(o.v, t.d1) AS either
        FROM t LEFT JOIN other AS o ON o.i4 = t.i4 AND o.ts < t.ts""",
    "using": "SELECT i4, k, t.s FROM t JOIN other USING (i4)",
    "asof": "SELECT t.s, o.v FROM t ASOF LEFT JOIN other AS o ON t.i4 = o.i4 AND t.ts >= o.ts",
    "subqueries": """
        SELECT (SELECT max(o.v) FROM other AS o WHERE o.i4 = t.i4) AS best,
          i4 IN (SELECT i4 FROM other) AS known,
          EXISTS (SELECT 1 FROM other AS o WHERE o.k = t.i8) AS e,
          (SELECT 5) + i1 AS plain, (i4, i8) IN (SELECT o.i4, o.k FROM other AS o) AS pair
        FROM t WHERE i4 > ANY (SELECT i4 FROM other)""",
    "lateral": """
        SELECT t.i4, l.best FROM t, LATERAL (SELECT max(o.v) AS best FROM other AS o
        WHERE o.i4 = t.i4) AS l""",
    "unnest": """
        SELECT t.i4, u.x, g.n FROM t LEFT JOIN unnest(t.ls) AS u(x) ON true,
          generate_series(1, 3) AS g(n)""",
    "unnest in select": "SELECT i4, unnest(li) AS x, unnest(range(2)) AS y FROM t",
    "range of days": """
        SELECT d, d::DATE AS day FROM range(TIMESTAMP '2024-01-01', TIMESTAMP '2024-02-01',
        INTERVAL 1 DAY) AS r(d)""",
    "values": "SELECT x, y + 1 AS z FROM (VALUES (1, 2.5, 'a'), (2, NULL, 'b')) AS v(x, y, n)",
    "union of types": """
        SELECT i1 AS x, d1 AS y, dt AS z, NULL AS n FROM t
        UNION ALL SELECT i8, i4, ts, 5 FROM t UNION ALL SELECT u1, f4, dt, 1.5 FROM t""",
    "union with text": "SELECT i4 AS x FROM t UNION SELECT s FROM t",
    "union by name": "SELECT i4, s FROM t UNION ALL BY NAME SELECT k, i4 FROM other",
    "except and intersect": "SELECT i4 FROM t EXCEPT (SELECT i4 FROM other INTERSECT SELECT 5)",
    "qualify": """
        SELECT s, i4 AS n FROM t
        QUALIFY row_number() OVER (PARTITION BY s ORDER BY n DESC) = 1 ORDER BY n LIMIT 5""",
    "lateral aliases": "SELECT i4 + 1 AS q, q * 1.5 AS r, r / q AS c FROM t WHERE q > 1",
    "grouping sets": "SELECT s, i4, count(*) AS n FROM t GROUP BY ROLLUP (s, i4)",
    "decay": """
        SELECT s, sum(f8 * exp(-date_diff('second', ts, TIMESTAMP '2024-01-01') / 86400.0)) AS v
        FROM t GROUP BY s""",
    "cyclic": "SELECT sin(2 * pi() * extract(hour FROM ts) / 24) AS s FROM t",
    "z-score": "SELECT (f8 - avg(f8) OVER ()) / nullif(stddev_samp(f8) OVER (), 0) AS z FROM t",
    "distinct on": "SELECT DISTINCT ON (s) s, i4 FROM t ORDER BY s, ts DESC",
    "star with changes": "SELECT * EXCLUDE (js, st) REPLACE (i4 + 1.5 AS i4) FROM t",
    "quoted names": 'SELECT i4 AS "My Col", "I8" AS "Other" FROM t',
    "tuples": "SELECT i4 FROM t WHERE (ts, i4) < (TIMESTAMP '2024-01-01', 5)",
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_typical_query_has_the_types_of_duckdb(same: Callable[[str], None], name: str) -> None:
    same(QUERIES[name])


def test_every_expression_of_a_query_has_a_type(both: Both) -> None:
    for sql in QUERIES.values():
        for node in both.typed(sql).walk():
            if isinstance(node, exp.Column | exp.Literal | exp.Func | exp.Binary | exp.Window):
                if node.find_ancestor(exp.DataType, exp.JSONPath, exp.Interval, exp.Identifier):
                    continue
                if node.arg_key == "windows" or isinstance(node, exp.Unnest):
                    continue
                assert node.type is not None, f"{node!r} in {sql}"


def test_the_tree_that_was_given_stays_as_it_was(both: Both) -> None:
    tree = sqlglot.parse_one("SELECT t.i4 + 1 AS x FROM t", dialect="duckdb")
    assert isinstance(tree, exp.Query)
    typed = annotate_types(tree, both.relation_columns)
    assert typed is not tree
    assert tree.selects[0].type is None
    assert column_type_of(typed.selects[0]) == parse_type("INTEGER")


def test_relations_are_asked_for_by_schema_and_name() -> None:
    asked = []

    def relation_columns(schema: str, name: str) -> tuple[Column, ...]:
        asked.append((schema, name))
        return (Column("ts", TIMESTAMP), Column("n", BIGINT))

    tree = sqlglot.parse_one(
        "SELECT a.n / b.n AS x FROM ref.stg_flights AS a JOIN source.flights AS b ON a.n = b.n",
        dialect="duckdb",
    )
    assert isinstance(tree, exp.Query)
    typed = annotate_types(tree, relation_columns)
    assert asked == [("ref", "stg_flights"), ("source", "flights")]
    assert output_columns(typed) == (Column("x", DOUBLE),)


def test_columns_without_a_table_are_those_of_the_set_operation(both: Both) -> None:
    typed = both.typed("SELECT i1 AS x FROM t UNION ALL SELECT d1 FROM t")
    assert [str(column.type) for column in output_columns(typed)] == ["DECIMAL(18,2)"]


def test_a_sum_of_five_hundred_terms_is_typed(both: Both) -> None:
    terms = " + ".join(f"i{[1, 2, 4, 8][n % 4]}" for n in range(500))
    tree = sqlglot.parse_one(f"SELECT {terms} AS x FROM t", dialect="duckdb")
    assert isinstance(tree, exp.Query)
    typed = annotate_types(tree, both.relation_columns)
    assert output_columns(typed)[0].type == BIGINT


def wide_chain(columns: int, ctes: int) -> str:
    first = ", ".join(f"i4 AS c{n}" for n in range(columns))
    middle = ", ".join(f"c{n}" for n in range(columns))
    parts = [f"w0 AS (SELECT {first} FROM t)"]
    parts += [f"w{k} AS (SELECT {middle} FROM w{k - 1})" for k in range(1, ctes)]
    return f"WITH {', '.join(parts)} SELECT {middle} FROM w{ctes - 1}"


def test_the_time_grows_with_the_query_and_no_faster(both: Both) -> None:
    def seconds(columns: int, ctes: int) -> float:
        tree = qualify(
            sqlglot.parse_one(wide_chain(columns, ctes), dialect="duckdb"),
            dialect="duckdb",
            schema=MappingSchema(both.tables, dialect="duckdb"),
            quote_identifiers=False,
        )
        times = []
        for _ in range(3):
            start = time.perf_counter()
            annotate_types(tree, both.relation_columns)
            times.append(time.perf_counter() - start)
        return min(times)

    assert seconds(200, 20) < 8 * seconds(100, 10) + 0.05
