"""Queries that read rows of the query around them.

ClickHouse joins such a query to the distinct values that it reads of those rows: where a value is
NULL, or the query finds nothing, it gives NULL whatever stands in the query, and of several rows it
takes one. So the values come in Arrays, and the answer is an Array of what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlglot import exp

from featuresql.compiler.clickhouse import rows, selects, sql
from featuresql.compiler.clickhouse.emitter import Finish, Lifted
from featuresql.compiler.clickhouse.flat_rows import boxed, flatten
from featuresql.compiler.clickhouse.quantified import (
    count_rows,
    decide,
    is_quantified,
    needs_each_row,
)
from featuresql.compiler.clickhouse.scopes import free_columns, names_of
from featuresql.compiler.clickhouse.sort_keys import first_by
from featuresql.compiler.clickhouse.types import held, is_composed
from featuresql.compiler.typing.annotate_types import output_columns

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

# What finds out about a node, and what makes its value of that.
Answer: TypeAlias = tuple[exp.Expr, Finish]

_FOUND: Final = "__found"
_SEVERAL: Final = "more than one row returned by a subquery used as an expression"
_JOIN_IT: Final = "join the relation instead"


def lift_queries(emitter: Emitter, select: exp.Select, made: exp.Select) -> None:
    """Compute the queries within `select` that read its rows, as columns of what `made` reads."""
    parts = [part for key, part in _parts(select) if key != "from_"]
    nodes = [node for part in parts for node in asking_in(emitter, part)]
    nodes = [n for n in nodes if not isinstance(n, exp.Exists) or not always_one(emitter, n.this)]
    if not nodes:
        return
    for node in nodes:
        _check_place(emitter, select, node)
    found = compute(emitter, select, made, nodes)
    emitter.lifted = {**emitter.lifted, **{id(n): f for n, f in zip(nodes, found, strict=True)}}


def compute(
    emitter: Emitter,
    select: exp.Select,
    made: exp.Select,
    nodes: Sequence[exp.Expr],
    build: Callable[[Emitter, exp.Expr], Answer] | None = None,
) -> list[Lifted]:
    """Let `made` read a relation with a column for the answer of each of `nodes`.

    `build` says how a node is answered, by default as a value.
    """
    own = names_of(select)
    free = {
        (column.table.lower(), column.name.lower()): column
        for node in nodes
        for column in free_columns(node)
    }
    for place, column in free.items():
        if place[0] not in own:
            raise emitter.refuse(column, "a query that reads rows of one two queries around it")
    names = {place: f"{place[0]}:{place[1]}[]" for place in free}
    boxes = [(names[place], boxed(emitter, column)) for place, column in free.items()]
    alias = flatten(emitter, select, made, boxes)
    inside: dict[tuple[str, str], exp.Expr] = {}
    for place, column in free.items():
        box = exp.column(names[place], table=alias, quoted=True)
        whole = is_composed(emitter.kind(column))
        inside[place] = box if whole else sql.call("arrayElement", box, sql.number(1))
    with emitter.naming(inside):
        answers = [(build or _answer)(emitter, node) for node in nodes]
    columns = [(f"{_FOUND}{i}", answer) for i, (answer, _) in enumerate(answers)]
    alias = flatten(emitter, select, made, columns)
    return [
        Lifted(exp.column(name, table=alias, quoted=True), finish)
        for (name, _), (_, finish) in zip(columns, answers, strict=True)
    ]


def _parts(select: exp.Select) -> Iterator[tuple[str, exp.Expr]]:
    for key, value in select.args.items():
        if key in {"from_", "joins", "laterals", "with_"}:
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Expr):
                yield key, part


def asking_in(emitter: Emitter, node: exp.Expr) -> Iterator[exp.Expr]:
    """Give the outermost nodes within `node` that ask a query about the rows around it."""
    if isinstance(node, exp.In) or is_quantified(node):
        if needs_each_row(emitter, node):
            yield node
            return
    elif isinstance(node, exp.Exists | exp.Query):
        if any(True for _ in free_columns(node)):
            yield node
        return
    for part in node.iter_expressions():
        yield from asking_in(emitter, part)


def _check_place(emitter: Emitter, select: exp.Select, node: exp.Expr) -> None:
    """Refuse a correlated query where a grouped SELECT has no rows for it any more."""
    if node.find_ancestor(exp.Lambda, exp.Comprehension):
        raise emitter.refuse(node, "a query within a lambda", "compute it in a CTE before")
    above: exp.Expr | None = node
    is_grouped = bool(select.args.get("group") or select.args.get("having"))
    is_grouped = is_grouped or any(aggregates_in(emitter, item) for item in select.expressions)
    while is_grouped and above is not None and above is not select:
        if emitter.is_aggregate(above) or isinstance(above, exp.Where):
            return
        above = above.parent
    if is_grouped:
        hint = "put the GROUP BY into a CTE"
        raise emitter.refuse(node, "a query about the rows of a grouped SELECT", hint)


def aggregates_in(emitter: Emitter, node: exp.Expr) -> bool:
    """Whether `node` calls an aggregate that is no window, outside of the queries within it."""
    if isinstance(node, exp.Query):
        return False
    if emitter.is_aggregate(node):
        return True
    is_window = isinstance(node, exp.Window)
    parts = _within_window(node) if is_window else [*node.iter_expressions()]
    return any(aggregates_in(emitter, part) for part in parts)


def _within_window(window: exp.Expr) -> list[exp.Expr]:
    call = window.this
    while isinstance(call, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        call = call.this
    order = window.args.get("order")
    return [
        *call.iter_expressions(),
        *(window.args.get("partition_by") or ()),
        *(order.expressions if order else ()),
    ]


def _answer(emitter: Emitter, node: exp.Expr) -> Answer:
    """Return what finds out about `node`, and what makes its value of that."""
    if isinstance(node, exp.Exists):
        return _exists(emitter, node), lambda found: found
    if not isinstance(node, exp.Query):
        return count_rows(emitter, node), lambda counts: decide(node, counts)
    query = plain_select(emitter, node)
    if len(query.expressions) != 1:
        raise emitter.refuse(node, "a query of several columns where one value is wanted")
    if always_one(emitter, query):
        rows_found, finish = all_rows(emitter, query)
        return rows_found, lambda found: element(finish(found), 1)

    def first(found: exp.Expr) -> exp.Expr:
        several = sql.call("greater", sql.call("length", found), sql.number(1))
        checked = sql.call("equals", sql.raised(several, _SEVERAL), sql.number(0))
        return sql.choose(checked, element(found.copy(), 1), element(found.copy(), 1))

    return found_rows(emitter, query, most=2), first


def all_rows(emitter: Emitter, node: exp.Expr) -> Answer:
    """Answer a query about the rows around it with its rows, as Tuples in an Array."""
    query = plain_select(emitter, node)
    if not always_one(emitter, query):
        return found_rows(emitter, query), lambda found: found
    _check_constants(emitter, query)
    return found_rows(emitter, query), lambda found: sql.choose(
        sql.call("empty", found), rows_of_nothing(emitter, query), found.copy()
    )


def _check_constants(emitter: Emitter, query: exp.Select) -> None:
    """Refuse a value of the rows around `query` that stands beside its aggregates."""
    own = names_of(query)
    for item in query.expressions:
        for column in free_columns(item):
            above: exp.Expr | None = column
            while above is not None and above is not query and not emitter.is_aggregate(above):
                above = above.parent
            if column.table.lower() not in own and above is query:
                hint = "write what is done with it outside of the query"
                raise emitter.refuse(column, "a value of the rows around an aggregate", hint)


def element(found: exp.Expr, place: int) -> exp.Expr:
    """Return a column of the first of the rows found, NULL where there is none."""
    return sql.call(
        "tupleElement", sql.call("arrayElement", found, sql.number(1)), sql.number(place)
    )


def plain_select(emitter: Emitter, query: exp.Expr) -> exp.Select:
    """Return a query that reads the rows around it in its own SELECT and WHERE alone.

    Raises `CompileError` where it is another.
    """
    while isinstance(query, exp.Subquery) and not query.args.get("with_"):
        query = query.this
    if not isinstance(query, exp.Select):
        raise emitter.refuse(query, f"{query.key.upper()} about the rows around it", _JOIN_IT)
    for key in ("with_", "qualify", "offset", "windows"):
        if query.args.get(key):
            what = key.rstrip("_").upper()
            raise emitter.refuse(query, f"{what} in a query about the rows around it", _JOIN_IT)
    for key in ("from_", "joins"):
        value = query.args.get(key)
        own = names_of(query)
        for part in value if isinstance(value, list) else [value] if value else []:
            if any(column.table.lower() not in own for column in free_columns(part)):
                hint = "say in WHERE what the rows must be like"
                raise emitter.refuse(query, "a FROM that reads the rows around the query", hint)
    if any(item.find(exp.Window) for item in query.expressions):
        raise emitter.refuse(query, "a window in a query about the rows around it", _JOIN_IT)
    return query


def always_one(emitter: Emitter, query: exp.Expr) -> bool:
    """Whether a query gives one row whatever it reads: aggregates without GROUP BY."""
    while isinstance(query, exp.Subquery):
        query = query.this
    if not isinstance(query, exp.Select):
        return False
    if any(query.args.get(key) for key in ("group", "having", "qualify", "limit", "offset")):
        return False
    return any(aggregates_in(emitter, item) for item in query.expressions)


def _exists(emitter: Emitter, node: exp.Exists) -> exp.Expr:
    query = plain_select(emitter, node.this)
    _check_limit(emitter, query)
    if query.args.get("group") or query.args.get("having"):
        _check_having(emitter, query)
        return exp.Exists(this=selects.emit_query_node(emitter, query))
    made = exp.Select()
    with emitter.within_select(query):
        rows.read_rows(emitter, query, made)
    made.append("expressions", exp.alias_(sql.number(1), "__one", quoted=True))
    return exp.Exists(this=made)


def _check_limit(emitter: Emitter, query: exp.Select) -> None:
    limit = query.args.get("limit")
    if limit is not None and limit.expression.name != "1":
        raise emitter.refuse(
            query, "this LIMIT in a query about the rows around it", "leave it out"
        )


def _check_having(emitter: Emitter, query: exp.Select) -> None:
    if not query.args.get("group"):
        hint = "compare in the query around it"
        raise emitter.refuse(query, "HAVING without GROUP BY about the rows around the query", hint)


def found_rows(emitter: Emitter, query: exp.Select, most: int | None = None) -> exp.Subquery:
    """Return the query that gives the rows of `query`, as Tuples in an Array, `most` at most."""
    if query.args.get("distinct"):
        raise emitter.refuse(query, "DISTINCT in a query about the rows around it", "GROUP BY")
    columns = output_columns(query)
    if query.args.get("group") or query.args.get("having"):
        return _grouped(emitter, query, most)
    made = exp.Select()
    with emitter.within_select(query):
        rows.read_rows(emitter, query, made)
        items = [
            sql.cast(emitter.emit_as(_value(item), column.type), held(column.type))
            for item, column in zip(query.expressions, columns, strict=True)
        ]
        row = sql.call("tuple", *items)
        listed: exp.Expr
        if always_one(emitter, query):
            listed = sql.call("array", row)
        elif query.args.get("limit"):
            listed = sql.call("array", _first(emitter, query, row))
        else:
            listed = _collected(row, most)
    made.append("expressions", listed)
    return exp.Subquery(this=made)


def _value(item: exp.Expr) -> exp.Expr:
    return item.this if isinstance(item, exp.Alias) else item


def _collected(row: exp.Expr, most: int | None) -> exp.Expr:
    parameters = () if most is None else (sql.number(most),)
    if not parameters:
        return sql.call("groupArray", row)
    return sql.parametric("groupArray", parameters, row)


def _grouped(emitter: Emitter, query: exp.Select, most: int | None) -> exp.Subquery:
    _check_having(emitter, query)
    if query.args.get("limit"):
        raise emitter.refuse(query, "LIMIT of groups in a query about the rows around it", _JOIN_IT)
    columns = output_columns(query)
    inner = exp.alias_(
        exp.Subquery(this=selects.emit_query_node(emitter, query, columns)), _FOUND, table=True
    )
    row = sql.call("tuple", *(exp.column(c.name, table=_FOUND, quoted=True) for c in columns))
    return exp.Subquery(this=exp.select(_collected(row, most), copy=False).from_(inner, copy=False))


def _first(emitter: Emitter, query: exp.Select, row: exp.Expr) -> exp.Expr:
    """Return the first of the rows by ORDER BY."""
    _check_limit(emitter, query)
    order = query.args.get("order")
    if order is None:
        raise emitter.refuse(query, "LIMIT without ORDER BY", "say which row by ORDER BY")
    return first_by(emitter, order.expressions, row)


def rows_of_nothing(emitter: Emitter, query: exp.Select) -> exp.Expr:
    """Return what `found_rows` gives of a query that always has one row, where it reads none."""
    kinds = [column.type for column in output_columns(query)]
    with emitter.over_no_rows():
        items = [
            sql.cast(emitter.emit_as(_value(item), kind), held(kind))
            for item, kind in zip(query.expressions, kinds, strict=True)
        ]
    return sql.call("array", sql.call("tuple", *items))
