"""A subscript gives what it gives in DuckDB, whatever the compiler knows of its types."""

from __future__ import annotations

import pytest
import sqlglot
from raw_beside import DUCKDB_ONLY, TABLES, Raw, compiled_sql
from small_project import compile_small
from sqlglot import exp

from featuresql.compiler.place_relations import place_relations
from featuresql.errors import CompileError

# Each expression and the call that it becomes, over the table `n`.
CALLS = {
    "l[1]": "LIST_EXTRACT(n.l, 1)",
    "l[-1]": "LIST_EXTRACT(n.l, -1)",
    "l[i]": "LIST_EXTRACT(n.l, n.i)",
    "s[1]": "ARRAY_EXTRACT(n.s, 1)",
    "l[1:2]": "LIST_SLICE(n.l, 1, 2)",
    "l[2:]": "LIST_SLICE(n.l, 2, -1)",
    "l[:i]": "LIST_SLICE(n.l, 1, n.i)",
    "l[:2:-1]": "LIST_SLICE(n.l, -1, 2, -1)",
    "s[:2]": "ARRAY_SLICE(n.s, 1, 2)",
    "st.a": "STRUCT_EXTRACT(n.st, 'a')",
    "st['B']": "STRUCT_EXTRACT(n.st, 'b')",
    "ls[1].w": "STRUCT_EXTRACT(LIST_EXTRACT(n.ls, 1), 'w')",
    "row(i, s)[2]": "STRUCT_EXTRACT(ROW(n.i, n.s), 2)",
    "MAP {'a': i}['a']": "MAP_EXTRACT_VALUE(MAP {'a': n.i}, 'a')",
    "js['a'][0]": "n.js['a'][0]",
    "js -> 'a.b'": "n.js -> 'a.b'",
}
# Expressions with the same values as in DuckDB.
SAME = """
l[0] | l[10] | l[NULL] | l[i + 1] | l[k::INTEGER] | l[1::BIGINT] | l[(1)] | l['1'] | l[l[1]]
(l)[1] | ((l))[1] | [1, 2, 3][1] | [1, 2, 3][i] | [l[1]][1] | (l || [9])[-1] | coalesce(l, [5])[1]
-l[1] | l[1]::VARCHAR | n.l[1] | l[1] IS NULL | CASE WHEN i > 0 THEN l END[1] | l[1] + l[2] * 2
ll[1][1] | ll[2][-1] | ll[1][1:1] | ls[1].q | ls[2].W | ls[1]['w'] | unnest(ll)[1]
list_extract(l, 1) | string_split(s, 'l')[1] | string_split(s, 'l')[-1]
regexp_extract_all(s, '.')[1] | [x[1] FOR x IN ll] | list_transform(ll, lambda x: x[1])
list_transform(l, lambda x: [x, 2][1]) | list_slice(l, 1, 2) | s[-1] | s[0] | s[i] | s[NULL] | s[10]
'abc'[2] | array_extract(s, 1) | upper(s)[1]
l[:] | l[i:] | l[:-1] | l[-2:] | l[0:2] | l[NULL:2] | l[2:NULL] | l[3:1:-1] | l[:-:-1] | l[2:-:-1]
l[1:-:2] | l[1:3:k] | l[1:2][1] | l[i:k] | l[4:] | l[-9:9] | s[1:2] | s[2:] | s[-2:] | s[i:2] | s[:]
st.b | (st).B | n.st.a | n.st.xs[1] | st['xs'][2] | st.xs[-1:] | {'a': i}['a'] | {'a': l}.a[1]
struct_extract(st, 'a') | (row(i, s))[1] | {'A b': i}['a B'] | {'a': {'b': l}}.a.b[1]
MAP {'a': i}['z'] | MAP {'a': i}[NULL] | MAP {'a': l}['a'][1] | MAP {1: {'p': i}}[1].p
MAP {k: s}[1] | map(['a'], [i])['a'] | MAP {'a': {'b': i}}['a']['b']
js['a'] | js[0] | js[-1] | js[1] | js['a'][0] | js['a'][1]::INTEGER | js['a.b'] | js['b']['c']
js -> 0 | js -> -1 | js -> 'a' -> 0 | js ->> 'a.b' | js ->> '$.a[1]' | js -> '$."a.b"'
js -> '/b/c' | js -> '[0]' | js -> '*' | js -> 'b.c' | json_extract(js, 'a.b')
json_extract_string(js, '$.b.c')
"""
QUERIES = [
    "SELECT i FROM <n> ORDER BY l[1]",
    "SELECT l[1] AS x, count(*) AS c FROM <n> GROUP BY l[1]",
    "SELECT st.a AS x, count(*) AS c FROM <n> GROUP BY ALL",
    "SELECT sum(l[1]) AS x, max(st.a) AS y FROM <n>",
    "SELECT sum(l[1]) OVER (ORDER BY i) AS x FROM <n>",
    "SELECT list(i ORDER BY i)[1] AS x, array_agg(s ORDER BY i)[1:2] AS y FROM <n>",
    "SELECT x[1] AS z FROM (SELECT l[1:2] AS x FROM <n>) AS q",
    "WITH q AS (SELECT st AS p FROM <n>) SELECT q.p.xs[1] AS x FROM q WHERE p.xs[1] > 0",
    "SELECT l[1] AS first, first + l[1] AS twice FROM <n> WHERE l[1] = 1 OR s[1] = 'a'",
    "SELECT o.v FROM <o> AS o JOIN <n> AS n ON n.l[1] = o.k AND n.st.a = o.n",
]
REFUSED = {
    "l[1.5]": "list_extract() does not take INTEGER[], DECIMAL(2,1)",
    "l[true]": "list_extract() does not take",
    "l[1, 2]": "a subscript has one position",
    "i[1]": "INTEGER has no elements",
    "st[1]": "there is no field '1'",
    "row(1, 2)[3]": "there is no field '3'",
    "l[:-:i]": "needs both its ends",
    "MAP {'a': 1}[i]": "map_extract_value() cannot mix",
}


@pytest.mark.parametrize("expression", CALLS)
def test_a_subscript_becomes_the_call_that_it_means(expression: str) -> None:
    sql = compiled_sql(f"SELECT {expression} AS x FROM <n>")
    assert sql == f'SELECT {CALLS[expression]} AS x FROM "sources"."n" AS "n"'


@pytest.mark.parametrize(
    "expression",
    [*CALLS, *(e.strip() for line in SAME.split("\n") for e in line.split(" | ") if e)],
)
def test_an_expression_has_the_values_of_duckdb(raw: Raw, expression: str) -> None:
    sql = f"SELECT {expression} AS x FROM <n>"
    assert raw.compiled(sql) == raw.written(sql)


@pytest.mark.parametrize("sql", QUERIES)
def test_a_query_with_subscripts_has_the_rows_of_duckdb(raw: Raw, sql: str) -> None:
    assert raw.compiled(sql) == raw.written(sql)


@pytest.mark.parametrize("expression", REFUSED)
def test_a_subscript_without_a_meaning_is_refused(expression: str) -> None:
    with pytest.raises(CompileError) as caught:
        compiled_sql(f"SELECT {expression} AS x FROM <n>")
    assert REFUSED[expression] in caught.value.message


def test_the_tree_means_the_same_without_its_types(raw: Raw) -> None:
    items = ", ".join(f"{e} AS x{n}" for n, e in enumerate(CALLS))
    sql = f"SELECT {items} FROM <n>"
    tree = (
        compile_small(
            {"tried": DUCKDB_ONLY + sql.replace("<n>", "{{ source('n') }}")}, sources=TABLES
        )
        .models["tried"]
        .tree
    )
    bare = place_relations(tree)
    for node in bare.walk():
        node.type = None
    assert raw.rows(bare.sql("duckdb")) == raw.written(sql)
    assert sqlglot.parse_one(bare.sql("duckdb"), dialect="duckdb").find(exp.Slice) is None
