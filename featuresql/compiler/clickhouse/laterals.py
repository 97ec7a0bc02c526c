"""Joins with a query about the rows before it: LATERAL, said or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from featuresql.compiler.clickhouse import correlated, selects, sql
from featuresql.compiler.clickhouse.flat_rows import flatten
from featuresql.compiler.clickhouse.functions.pieces import value_of
from featuresql.compiler.clickhouse.types import held
from featuresql.compiler.clickhouse.unnested import array_join
from featuresql.compiler.clickhouse.values import truth
from featuresql.spec.model import Column

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter


def check_join(emitter: Emitter, join: exp.Join) -> bool:
    """Return whether a join with rows made of each row keeps the rows that have none.

    Raises `CompileError` for such a join on a condition, which is no part of what is made.
    """
    side, kind = ((join.args.get(part) or "").upper() for part in ("side", "kind"))
    on = join.args.get("on")
    is_true = on is None or (isinstance(on, exp.Boolean) and bool(on.this))
    if side not in {"", "LEFT"} or kind not in {"", "INNER", "CROSS", "OUTER"}:
        raise emitter.refuse(join, f"a {side} {kind} JOIN LATERAL".replace("  ", " "))
    if not is_true and side == "LEFT":
        hint = "filter within the query, and join it ON true"
        raise emitter.refuse(join, "a condition on a LEFT JOIN LATERAL", hint)
    return side == "LEFT"


def keep_where(emitter: Emitter, select: exp.Select, made: exp.Select, join: exp.Join) -> None:
    """Keep of the rows that `made` has read those for which the join's condition is true."""
    on = join.args.get("on")
    if on is not None and not isinstance(on, exp.Boolean):
        made.set("where", exp.Where(this=truth(emitter, on)))
        flatten(emitter, select, made)


def join_rows(emitter: Emitter, select: exp.Select, made: exp.Select, join: exp.Join) -> None:
    """Give `made` the rows of the query in `join` for each row that it has read so far."""
    node = join.this
    left = check_join(emitter, join)
    query = correlated.plain_select(emitter, node.this)
    columns = selects.renamed_columns(query, node.args.get("alias"))
    relation = node.alias.lower()
    if query.args.get("from_") is None:
        _compute(emitter, query, made, node, left=left)
        keep_where(emitter, select, made, join)
        return
    (lifted,) = correlated.compute(emitter, select, made, [query], correlated.all_rows)
    name = f"{relation}:"
    rows = exp.alias_(lifted.finish(lifted.column), name, quoted=True)
    made.append("joins", array_join([rows], left=left))
    row = exp.column(name, quoted=True)
    cells = [sql.call("tupleElement", row, sql.number(i)) for i in range(1, len(columns) + 1)]
    _name_columns(emitter, relation, columns, cells)
    keep_where(emitter, select, made, join)


def _name_columns(
    emitter: Emitter, relation: str, columns: Sequence[Column], cells: Sequence[exp.Expr]
) -> None:
    """Say the columns of `relation` as `cells` from now on."""
    places = [(relation, column.name.lower()) for column in columns]
    emitter.renamed = {**emitter.renamed, **dict(zip(places, cells, strict=True))}


def _compute(
    emitter: Emitter, query: exp.Select, made: exp.Select, node: exp.Expr, *, left: bool
) -> None:
    """Say the columns of a query that reads nothing but the row as what it computes of it."""
    if any(query.args.get(key) for key in ("where", "group", "having", "limit", "distinct")):
        raise emitter.refuse(query, "a filter in a query without FROM", "write CASE or WHERE")
    relation = node.alias.lower()
    columns = selects.renamed_columns(query, node.args.get("alias"))
    cells: list[exp.Expr] = []
    for item, column in zip(query.expressions, columns, strict=True):
        value = item.this if isinstance(item, exp.Alias) else item
        if not value.find(exp.Explode):
            cells.append(sql.cast(emitter.emit_as(value, column.type), held(column.type)))
            continue
        if not isinstance(value, exp.Explode) or len(query.expressions) > 1:
            raise emitter.refuse(
                value, "unnest() beside other columns", "write UNNEST(...) AS u(x)"
            )
        name = f"{relation}:{column.name}".lower()
        elements = exp.alias_(value_of(emitter.emit(value.this)), name, quoted=True)
        made.append("joins", array_join([elements], left=left))
        cells.append(exp.column(name, quoted=True))
    _name_columns(emitter, relation, columns, cells)
