"""UNION, INTERSECT and EXCEPT, of sets and, with ALL, of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import selects, sql
from featuresql.compiler.clickhouse.comparable import distinguished, has_floats
from featuresql.compiler.clickhouse.plain_values import never_null, to_plain
from featuresql.compiler.clickhouse.types import held, is_composed
from featuresql.compiler.clickhouse.values import nothing
from featuresql.compiler.typing.annotate_types import output_columns
from featuresql.spec.model import Column

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

_ROWS: Final = "__rows"
# Which of the equal rows a row is.
_COPY: Final = "__copy"


def emit_set_operation(
    emitter: Emitter, operation: exp.SetOperation, columns: Sequence[Column], *, plain: bool
) -> exp.Query:
    """Return a set operation whose columns are `columns`, as `emit_query_node` does."""
    distinct = bool(operation.args.get("distinct"))
    by_rows = not distinct and not isinstance(operation, exp.Union)
    sides = [
        _side(emitter, operation, side, columns, distinct=distinct or by_rows)
        for side in (operation.this, operation.expression)
    ]
    if by_rows:
        sides = [_numbered(side, columns) for side in sides]
    left, right = (exp.Subquery(this=side) for side in sides)
    made: exp.Query = type(operation)(this=left, expression=right, distinct=distinct or by_rows)
    convert = plain and any(held(c.type) != held_plain(c) for c in columns)
    if by_rows or convert or any(operation.args.get(k) for k in ("order", "limit", "offset")):
        made = _whole(emitter, operation, made, columns, plain=plain)
    selects.emit_with(emitter, operation, made)
    return made


def held_plain(column: Column) -> str:
    """Return the type as which a column leaves a query, where that is how it is held."""
    is_same = not is_composed(column.type) and column.type.name != "HUGEINT"
    return held(column.type) if is_same else ""


def _side(
    emitter: Emitter,
    operation: exp.SetOperation,
    side: exp.Expr,
    columns: Sequence[Column],
    *,
    distinct: bool,
) -> exp.Query:
    """Return one side with the columns that the whole has."""
    if not operation.args.get("by_name"):
        return _query(emitter, side, columns, distinct=distinct)
    kinds = {column.name.lower(): column.type for column in columns}
    own = [Column(c.name, kinds[c.name.lower()]) for c in output_columns(side)]
    names = {column.name.lower(): column.name for column in own}
    made = exp.Select()
    for column in columns:
        name = names.get(column.name.lower())
        value = nothing(column.type) if name is None else exp.column(name, _ROWS, quoted=True)
        made.append("expressions", exp.alias_(value, column.name, quoted=True))
    inner = exp.Subquery(this=_query(emitter, side, own, distinct=distinct))
    return made.from_(exp.alias_(inner, _ROWS, table=True), copy=False)


def _query(
    emitter: Emitter, side: exp.Expr, columns: Sequence[Column], *, distinct: bool
) -> exp.Query:
    while isinstance(side, exp.Subquery) and not side.args.get("with_"):
        side = side.this
    if isinstance(side, exp.Select):
        return selects.emit_select(emitter, side, columns, distinct=distinct)
    made = selects.emit_query_node(emitter, side, columns)
    if not distinct or not any(has_floats(column.type) for column in columns):
        return made
    cells = [
        exp.alias_(
            distinguished(exp.column(c.name, _ROWS, quoted=True), c.type), c.name, quoted=True
        )
        for c in columns
    ]
    inner = exp.alias_(exp.Subquery(this=made), _ROWS, table=True)
    return exp.select(*cells, copy=False).from_(inner, copy=False)


def _numbered(side: exp.Query, columns: Sequence[Column]) -> exp.Select:
    """Return the rows of `side` with the number that each has among its equals."""
    names = [exp.column(column.name, _ROWS, quoted=True) for column in columns]
    number = exp.Window(
        this=sql.call("row_number"), partition_by=[name.copy() for name in names], over="OVER"
    )
    made = exp.select(*names, exp.alias_(number, _COPY, quoted=True), copy=False)
    return made.from_(exp.alias_(exp.Subquery(this=side), _ROWS, table=True), copy=False)


def _whole(
    emitter: Emitter,
    operation: exp.SetOperation,
    made: exp.Query,
    columns: Sequence[Column],
    *,
    plain: bool,
) -> exp.Select:
    whole = exp.Select()
    sides = () if operation.args.get("by_name") else (operation.this, operation.expression)
    for place, column in enumerate(columns):
        value: exp.Expr = exp.column(column.name, _ROWS, quoted=True)
        if plain:
            node = _always_there(emitter, sides, place) or operation
            value = to_plain(emitter, node, value, column.type)
        whole.append("expressions", exp.alias_(value, column.name, quoted=True))
    whole.from_(exp.alias_(exp.Subquery(this=made), _ROWS, table=True), copy=False)
    own = {("", c.name.lower()): exp.column(c.name, _ROWS, quoted=True) for c in columns}
    with emitter.naming(own):
        selects.order_and_limit(emitter, operation, whole)
    return whole


def _always_there(emitter: Emitter, sides: Sequence[exp.Expr], place: int) -> exp.Expr | None:
    """Return a side's item where the column is a list or struct that is NULL on no side."""
    items = []
    for side in sides:
        while isinstance(side, exp.Subquery):
            side = side.this  # noqa: PLW2901 - what is in the brackets
        if not isinstance(side, exp.Select) or place >= len(side.expressions):
            return None
        items.append(side.expressions[place])
    return items[0] if items and all(never_null(emitter, item) for item in items) else None
