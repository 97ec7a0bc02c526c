"""Queries made at random over three small tables, of everything that a model may hold."""
# ruff: noqa: E501, PLR0911, UP031 - a query reads best as one line, a choice as one return

from __future__ import annotations

from hypothesis import strategies as st

TABLES = {
    "a": {
        "k": "BIGINT",
        "g": "VARCHAR",
        "ts": "TIMESTAMP",
        "n": "BIGINT",
        "x": "DOUBLE",
        "l": "BIGINT[]",
    },
    "b": {"k": "BIGINT", "g": "VARCHAR", "ts": "TIMESTAMP", "m": "BIGINT", "y": "DOUBLE"},
    "c": {"k": "BIGINT", "m": "BIGINT", "w": "VARCHAR"},
}
NUMBERS = {"a": ("k", "n", "x"), "b": ("k", "m", "y"), "c": ("k", "m")}
FILL = """
CREATE SCHEMA base;
CREATE TABLE base.a AS SELECT (i * 7) % 4 AS k, ['u', 'v', NULL][1 + (i * 5) % 3] AS g,
  TIMESTAMP '2024-01-01' + to_hours((i * 11) % 17) AS ts, CAST((i * 13) % 5 - 1 AS BIGINT) AS n,
  CASE WHEN i % 7 > 0 THEN CAST((i * 3) % 8 AS DOUBLE) END AS x,
  list_value(CAST(i % 3 AS BIGINT), CAST(i % 2 AS BIGINT))[1:1 + i % 2] AS l
  FROM range(12) r(i);
CREATE TABLE base.b AS SELECT (i * 3) % 5 AS k, ['v', 'u', 'w'][1 + i % 3] AS g,
  TIMESTAMP '2024-01-01 06:00:00' + to_hours((i * 5) % 13) AS ts,
  CAST((i * 7) % 6 AS BIGINT) AS m, CAST((i * 5) % 7 AS DOUBLE) / 2 AS y FROM range(9) r(i);
CREATE TABLE base.c AS SELECT i % 4 AS k, CAST((i * 3) % 5 AS BIGINT) AS m,
  ['u', 'v', 'w'][1 + i % 3] AS w FROM range(5) r(i);
"""


def numbers(draw: st.DrawFn, owners: list[tuple[str, str]], depth: int = 2) -> str:
    """Draw a numeric expression over the columns of `owners`: pairs of an alias and a table."""
    alias, table = draw(st.sampled_from(owners))
    column = f"{alias}.{draw(st.sampled_from(NUMBERS[table]))}"
    if depth == 0:
        return column

    def inner() -> str:
        return numbers(draw, owners, depth - 1)

    form = draw(st.integers(0, 9))
    if form < 3:
        return column
    if form == 3:
        return f"({inner()} + {inner()})"
    if form == 4:
        return f"case when {condition(draw, owners, depth - 1)} then {inner()} else {inner()} end"
    if form == 5:
        return f"coalesce({inner()}, {inner()}, 0)"
    if form == 6:
        return f"nullif({inner()}, {inner()})"
    if form == 7:
        return f"greatest({inner()}, abs({inner()}))"
    if form == 8:
        return f"({{'p': {inner()}, 'q': {inner()}}}).p"
    return scalar_subquery(draw, alias)


def condition(draw: st.DrawFn, owners: list[tuple[str, str]], depth: int = 1) -> str:
    alias, _ = draw(st.sampled_from(owners))
    form = draw(st.integers(0, 5)) if depth else 0
    if form == 1:
        return f"exists (select 1 from {SOURCE_C} e where e.k = {alias}.k and e.m > 1)"
    if form == 2:
        return f"{alias}.k in (select i.k from {SOURCE_B} i where i.y > 1)"
    if form == 3:
        return f"not ({condition(draw, owners, depth - 1)})"
    if form == 4:
        return f"({condition(draw, owners, depth - 1)} or {condition(draw, owners, depth - 1)})"
    if form == 5:
        return f"{alias}.k is not null"
    return f"{numbers(draw, owners, 0)} {draw(st.sampled_from(['>', '<=', '=']))} {draw(st.integers(0, 4))}"


SOURCE_A, SOURCE_B, SOURCE_C = ("{{ source('%s') }}" % name for name in "abc")


def scalar_subquery(draw: st.DrawFn, alias: str) -> str:
    function = draw(
        st.sampled_from(["max(s.y)", "count(*)", "count(s.m)", "sum(s.m)", "arg_max(s.y, s.m)"])
    )
    where = draw(st.sampled_from([f"s.k = {alias}.k", f"s.k <= {alias}.k and s.m > 1"]))
    return f"(select {function} from {SOURCE_B} s where {where})"


def window(draw: st.DrawFn, owners: list[tuple[str, str]]) -> str:
    alias, _ = owners[0]
    value = numbers(draw, owners, 1)
    function = draw(
        st.sampled_from(
            [f"sum({value})", f"lag({value})", "row_number()", "rank()", f"first_value({value})",
             f"count({value}) filter (where {condition(draw, owners, 0)})", f"arg_max({value}, {alias}.k)"]
        )
    )  # fmt: skip
    partition = draw(st.sampled_from([f"partition by {alias}.k ", ""]))
    frame = draw(st.sampled_from(["", " rows between 2 preceding and current row"]))
    if function == "rank()" or frame == "":
        frame = ""
    return f"{function} over ({partition}order by {alias}.ts, {alias}.g{frame})"


def relation(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]]]:
    """Draw a FROM clause whose first relation is `a`, or a part of it, as `p`."""
    first = draw(
        st.sampled_from(
            [
                SOURCE_A,
                f"(select * from {SOURCE_A} i where i.n > 0)",
                f"(select distinct on (i.k, i.g) i.* from {SOURCE_A} i order by i.ts, i.n, i.x, i.l)",
                f"(select i.* from {SOURCE_A} i where i.k in (select j.k from {SOURCE_C} j))",
                f"(select * from {SOURCE_A} qualify row_number() over (partition by k order by ts, n, x, g, l) < 3)",
                f"(select * from {SOURCE_A} order by x, n, ts, k, g, l limit 8)",
            ]
        )
    )
    owners = [("p", "a")]
    joins = draw(
        st.sampled_from(
            [
                "",
                f" left join {SOURCE_B} q on q.k = p.k and q.m > 2",
                f" join {SOURCE_B} q on q.k = p.k",
                f" full join {SOURCE_B} q on q.k = p.k",
                f" asof left join {SOURCE_B} q on q.k = p.k and p.ts >= q.ts",
                f" semi join {SOURCE_C} q2 on q2.k = p.k",
                f" anti join {SOURCE_C} q2 on q2.m = p.n",
                f" cross join {SOURCE_C} r",
                f", lateral (select max(z.m) as m, count(*) as k from {SOURCE_B} z where z.k = p.k) r",
                ", unnest(p.l) as u(k)",
                f" left join (select k, sum(m) as m from {SOURCE_C} group by k having sum(m) > 1) r using (k)",
            ]
        )
    )
    if " q on" in joins:
        owners.append(("q", "b"))
    if joins.endswith((" r", "using (k)")):
        owners.append(("r", "c"))
    return f"{first} p{joins}", owners


@st.composite
def queries(draw: st.DrawFn) -> str:
    """Draw a model: some CTEs, joins, groups, windows and set operations."""
    source, owners = relation(draw)
    where = f" where {condition(draw, owners)}" if draw(st.booleans()) else ""
    values = [numbers(draw, owners) for _ in range(draw(st.integers(1, 3)))]
    form = draw(st.integers(0, 5))
    if form == 0:
        functions = ["sum", "count", "max", "count(distinct ", "list_sort(list("]
        aggregates = []
        for value in values:
            function = draw(st.sampled_from(functions))
            opened = function if "(" in function else function + "("
            aggregates.append(opened + value + ")" * opened.count("("))
        having = draw(st.sampled_from(["", " having count(*) > 1", " having max(p.n) > 0"]))
        items = ", ".join(f"{value} as v{i}" for i, value in enumerate(aggregates))
        group = draw(st.sampled_from(["p.k", "p.k, p.g", "rollup (p.k, p.g)"]))
        body = f"select p.k, {items} from {source}{where} group by {group}{having}"
    elif form == 1:
        items = ", ".join(f"{value} as v{i}" for i, value in enumerate(values))
        body = f"select distinct {items}, p.k from {source}{where}"
    else:
        items = ", ".join(f"{value} as v{i}" for i, value in enumerate(values))
        body = f"select p.k, {items}, {window(draw, owners)} as win from {source}{where}"
    end = draw(st.integers(0, 6))
    if end == 0:
        return f"with t as ({body}) select * from t where t.v0 is not null and t.k > 0"
    if end == 1:
        return f"with t as ({body}), u as (select k, count(*) as n, max(v0) as v from t group by all) select u.*, t.v0 from u join t using (k)"
    if end == 2:
        kind = draw(st.sampled_from(["union all", "union", "except", "intersect"]))
        return f"with t as ({body}) select k, cast(v0 as varchar) as v from t {kind} select k, w from {SOURCE_C}"
    if end == 3:
        return f"with t as ({body}) select count(*) as n, max(k) as k from t"
    if end == 4:
        return f"with t as ({body}), s as (select t.k, {{'v': t.v0, 'k': t.k}} as s from t) select s.s.v as v, s.k from s"
    if end == 5:
        return (
            f"with recursive t as ({body}), r(k, d) as (select k, 0 from t union "
            f"select c.m, r.d + 1 from r join {SOURCE_C} c on c.k = r.k where r.d < 3) select * from r"
        )
    return body
