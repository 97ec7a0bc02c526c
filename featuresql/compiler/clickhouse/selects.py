"""SELECT, set operations and VALUES."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from featuresql.compiler.clickhouse import rows, sql
from featuresql.compiler.clickhouse.flat_rows import flatten
from featuresql.compiler.clickhouse.outputs import as_output
from featuresql.compiler.clickhouse.range_frames import find_frames
from featuresql.compiler.clickhouse.sort_keys import sort_keys
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
    if isinstance(query, exp.SetOperation):
        return _set_operation(emitter, query, columns or output_columns(query), plain=plain)
    if isinstance(query, exp.Select):
        return _select(emitter, query, columns or output_columns(query), plain=plain)
    raise emitter.refuse(query, f"{query.key.upper()} as a query")


def _select(
    emitter: Emitter, select: exp.Select, columns: Sequence[Column], *, plain: bool
) -> exp.Select:
    for part, value in select.args.items():
        if value and part not in _KNOWN_PARTS:
            raise emitter.refuse(select, f"{part.upper()} of a SELECT")
    made = exp.Select()
    with emitter.within_select(select):
        rows.read_rows(emitter, select, made)
        _read_frames(emitter, select, made)
        with emitter.grouped_by(select):
            for item, column in zip(select.expressions, columns, strict=True):
                made.append("expressions", as_output(emitter, item, column, plain=plain))
            _clauses(emitter, select, made)
    _with(emitter, select, made)
    return made


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


def _with(emitter: Emitter, query: exp.Query, made: exp.Query) -> None:
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


def _clauses(emitter: Emitter, select: exp.Select, made: exp.Select) -> None:
    for key, clause in (("having", exp.Having), ("qualify", exp.Qualify)):
        condition = select.args.get(key)
        if condition is not None:
            made.set(key, clause(this=truth(emitter, condition.this)))
    _group(emitter, select, made)
    _distinct(emitter, select, made)
    _order_and_limit(emitter, select, made)


def _group(emitter: Emitter, select: exp.Select, made: exp.Select) -> None:
    group = select.args.get("group")
    if group is None:
        return
    if group.args.get("totals") or group.args.get("all"):
        raise emitter.refuse(group, "this form of GROUP BY", "name the columns")
    keys = [emitter.emit(key) for key in group.expressions]
    parts: dict[str, list[exp.Expr]] = {}
    for name, kind in (("rollup", exp.Rollup), ("cube", exp.Cube)):
        parts[name] = [
            kind(expressions=[emitter.emit(key) for key in part.expressions])
            for part in group.args.get(name) or ()
        ]
    if group.args.get("grouping_sets"):
        raise emitter.refuse(group, "GROUPING SETS", "write ROLLUP or CUBE, or a UNION ALL")
    made.set("group", exp.Group(expressions=keys, **parts))


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
    keys = [emitter.emit(key) for key in on.expressions]
    made.set("limit", exp.Limit(expression=sql.number(1), expressions=keys))


def _order_and_limit(emitter: Emitter, query: exp.Query, made: exp.Query) -> None:
    order = query.args.get("order")
    if order is not None:
        keys = [key for ordered in order.expressions for key in sort_keys(emitter, ordered)]
        made.set("order", exp.Order(expressions=keys))
    for key, kind in (("limit", exp.Limit), ("offset", exp.Offset)):
        clause = query.args.get(key)
        if clause is None:
            continue
        if not isinstance(clause, kind) or not isinstance(clause.expression, exp.Literal):
            raise emitter.refuse(clause, f"this {key.upper()}", "give it a whole number")
        made.set(key, kind(expression=clause.expression.copy()))


def _set_operation(
    emitter: Emitter, operation: exp.SetOperation, columns: Sequence[Column], *, plain: bool
) -> exp.Query:
    if operation.args.get("by_name"):
        raise emitter.refuse(operation, "a set operation BY NAME", "give both sides one order")
    distinct = bool(operation.args.get("distinct"))
    if not distinct and not isinstance(operation, exp.Union):
        raise emitter.refuse(operation, f"{operation.key.upper()} ALL", "leave ALL out")
    left, right = (
        emit_query_node(emitter, side, columns, plain=plain)
        for side in (operation.this, operation.expression)
    )
    made = type(operation)(this=_bracketed(left), expression=_bracketed(right), distinct=distinct)
    _with(emitter, operation, made)
    if not any(operation.args.get(key) for key in ("order", "limit", "offset")):
        return made
    whole = exp.select(*[exp.column(c.name, quoted=True) for c in columns], copy=False).from_(
        exp.alias_(made.subquery(copy=False), "rows", table=True), copy=False
    )
    _order_and_limit(emitter, operation, whole)
    return whole


def _bracketed(query: exp.Query) -> exp.Subquery:
    """Return the query in brackets: ClickHouse gives all set operations one precedence."""
    return exp.Subquery(this=query)
