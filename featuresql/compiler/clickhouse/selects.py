"""SELECT, set operations and VALUES."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from featuresql.compiler.clickhouse import rows, sql
from featuresql.compiler.clickhouse.comparable import distinguished
from featuresql.compiler.clickhouse.correlated import always_one
from featuresql.compiler.clickhouse.flat_rows import flatten
from featuresql.compiler.clickhouse.grouping_sets import grouping_sets
from featuresql.compiler.clickhouse.outputs import as_output
from featuresql.compiler.clickhouse.range_frames import find_frames
from featuresql.compiler.clickhouse.set_operations import emit_set_operation
from featuresql.compiler.clickhouse.sort_keys import keys_of, sort_keys
from featuresql.compiler.clickhouse.types import is_composed
from featuresql.compiler.clickhouse.values import truth
from featuresql.compiler.typing.annotate_types import output_columns
from featuresql.spec.model import Column

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

_KNOWN_PARTS = frozenset(
    {
        *("with_", "expressions", "from_", "joins", "laterals", "where", "group", "having"),
        *("qualify", "windows", "distinct", "order", "limit", "offset", "kind", "hint"),
    }
)


def emit_query_node(
    emitter: Emitter,
    query: exp.Expr,
    columns: Sequence[Column] | None = None,
    *,
    plain: bool = False,
) -> exp.Query:
    """Return a query whose columns are `columns`, by default its own names and types.

    With `plain` the columns are of ClickHouse's own types, otherwise as `types.held` says.
    """
    while isinstance(query, exp.Subquery) and not query.args.get("with_"):
        query = query.this
    columns = columns or output_columns(query)
    names = [column.name for column in columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise emitter.refuse(query, f"two columns called '{twice}'", "give one of them an alias")
    if isinstance(query, exp.SetOperation):
        return emit_set_operation(emitter, query, columns, plain=plain)
    if isinstance(query, exp.Select):
        return emit_select(emitter, query, columns, plain=plain)
    raise emitter.refuse(query, f"{query.key.upper()} as a query")


def emit_select(
    emitter: Emitter,
    select: exp.Select,
    columns: Sequence[Column],
    *,
    plain: bool = False,
    distinct: bool = False,
) -> exp.Select:
    """Return a SELECT; with `distinct` what DuckDB holds equal in it has the same bytes."""
    for part, value in select.args.items():
        if value and part not in _KNOWN_PARTS:
            raise emitter.refuse(select, f"{part.upper()} of a SELECT")
    distinct = distinct or select.args.get("distinct") is not None
    made = exp.Select()
    with emitter.within_select(select):
        rows.read_rows(emitter, select, made)
        _read_frames(emitter, select, made)
        sets = grouping_sets(emitter, select)
        with emitter.grouped_by([key for keys in sets for key in keys]):
            for item, column in zip(select.expressions, columns, strict=True):
                output = as_output(emitter, item, column, plain=plain, distinct=distinct)
                made.append("expressions", output)
            with emitter.naming(_as_held(emitter, select, columns) if plain else {}):
                _clauses(emitter, select, made, sets)
    emit_with(emitter, select, made)
    return made


def _as_held(
    emitter: Emitter, select: exp.Select, columns: Sequence[Column]
) -> dict[tuple[str, str], exp.Expr]:
    """Return what the SELECT's aliases stand for, where they are the names of other types."""
    return {
        ("", column.name.lower()): emitter.emit_as(
            item.this if isinstance(item, exp.Alias) else item, column.type
        )
        for item, column in zip(select.expressions, columns, strict=True)
        if is_composed(column.type) or column.type.name == "HUGEINT"
    }


def _read_frames(emitter: Emitter, select: exp.Select, made: exp.Select) -> None:
    """Let windows of a distance order by columns of what `made` reads."""
    frames = dict(find_frames(emitter, select))
    if not frames:
        return
    if select.args.get("group") is not None:
        reason = "RANGE with a distance beside GROUP BY"
        raise emitter.refuse(select, reason, "put the window into a CTE of its own")
    flatten(emitter, select, made, [(framed.name, framed.value) for framed in frames.values()])
    emitter.framed = frames


def emit_with(emitter: Emitter, query: exp.Query, made: exp.Query) -> None:
    """Give `made` the CTEs of `query`."""
    clause = query.args.get("with_")
    if clause is None:
        return
    if clause.args.get("recursive"):
        raise emitter.refuse(query, "a recursive CTE")
    for cte in clause.expressions:
        body = emit_query_node(emitter, cte.this, renamed_columns(cte.this, cte.args["alias"]))
        made.with_(exp.to_identifier(cte.alias, quoted=True), as_=body, copy=False, append=True)


def renamed_columns(query: exp.Expr, alias: exp.TableAlias | None) -> tuple[Column, ...]:
    """Return the columns of a query under the names that its alias gives them."""
    columns = output_columns(query)
    names = [identifier.name for identifier in alias.args.get("columns") or ()] if alias else []
    return tuple(
        Column(names[i] if i < len(names) else column.name, column.type)
        for i, column in enumerate(columns)
    )


def _clauses(
    emitter: Emitter, select: exp.Select, made: exp.Select, sets: Sequence[Sequence[exp.Expr]]
) -> None:
    for key, clause in (("having", exp.Having), ("qualify", exp.Qualify)):
        condition = select.args.get(key)
        if condition is not None:
            made.set(key, clause(this=truth(emitter, condition.this)))
    if any(not keys for keys in sets):
        _count_rows(made)
    if len(sets) == 1:
        keys = [emitter.emit(key) for key in sets[0]]
        made.set("group", exp.Group(expressions=keys) if keys else None)
    elif sets:
        tuples = [exp.Tuple(expressions=[emitter.emit(key) for key in keys]) for keys in sets]
        made.set("group", exp.Group(expressions=[exp.GroupingSets(expressions=tuples)]))
    _distinct(emitter, select, made)
    order_and_limit(emitter, select, made)


def _count_rows(made: exp.Select) -> None:
    """Give `made` a HAVING that is always true: an aggregate, without which no row is for all."""
    counted = sql.call("greaterOrEquals", sql.call("count"), sql.number(0))
    having = made.args.get("having")
    made.set("having", exp.Having(this=sql.both(counted, having.this) if having else counted))


def _distinct(emitter: Emitter, select: exp.Select, made: exp.Select) -> None:
    distinct = select.args.get("distinct")
    if distinct is None:
        return
    on = distinct.args.get("on")
    if on is None:
        made.set("distinct", exp.Distinct())
        return
    if select.args.get("limit") is not None:
        raise emitter.refuse(distinct, "DISTINCT ON with LIMIT", "put one of them in a CTE")
    if select.args.get("order") is None:
        raise emitter.refuse(distinct, "DISTINCT ON without ORDER BY", "say which row by ORDER BY")
    keys = [_key(emitter, key) for key in on.expressions]
    made.set("limit", exp.Limit(expression=sql.number(1), expressions=keys))


def order_and_limit(emitter: Emitter, query: exp.Query, made: exp.Query) -> None:
    """Give `made` the ORDER BY, LIMIT and OFFSET of `query`."""
    order = query.args.get("order")
    if order is not None:
        keys = [key for ordered in order.expressions for key in _sort_keys(emitter, query, ordered)]
        made.set("order", exp.Order(expressions=keys))
    for key, kind in (("limit", exp.Limit), ("offset", exp.Offset)):
        clause = query.args.get(key)
        if clause is None:
            continue
        options = clause.args.get("limit_options") or exp.LimitOptions()
        is_number = isinstance(clause, kind) and isinstance(clause.expression, exp.Literal)
        if not is_number or options.args.get("percent") or options.args.get("with_ties"):
            raise emitter.refuse(clause, f"this {key.upper()}", "give it a whole number")
        if order is None and clause.expression.name != "0" and not always_one(emitter, query):
            hint = "say which rows by ORDER BY"
            raise emitter.refuse(clause, f"{key.upper()} without ORDER BY", hint)
        made.set(key, kind(expression=clause.expression.copy()))


def _sort_keys(emitter: Emitter, query: exp.Query, ordered: exp.Ordered) -> list[exp.Ordered]:
    """Return the keys of one key of ORDER BY, of each column in turn for ALL."""
    if not (isinstance(ordered.this, exp.Var) and ordered.name.upper() == "ALL"):
        return sort_keys(emitter, ordered)
    descending = bool(ordered.args.get("desc"))
    return [
        key
        for column in output_columns(query)
        for key in keys_of(
            exp.column(column.name, quoted=True),
            column.type,
            descending=descending,
            nulls_first=bool(ordered.args.get("nulls_first")),
        )
    ]


def _key(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    """Return a value that is equal to another exactly where DuckDB's are."""
    return distinguished(emitter.emit(node), emitter.kind(node))
