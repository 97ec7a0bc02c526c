"""Queries that stand where a value or a condition is wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.conditions import common, compared
from featuresql.compiler.clickhouse.correlated import always_one
from featuresql.compiler.clickhouse.quantified import needs_each_row
from featuresql.compiler.clickhouse.scopes import free_columns
from featuresql.compiler.clickhouse.selects import emit_query_node
from featuresql.compiler.clickhouse.types import held
from featuresql.compiler.clickhouse.values import nothing
from featuresql.compiler.typing.annotate_types import output_columns
from featuresql.compiler.typing.argument import Argument
from featuresql.compiler.typing.common_type import common_argument
from featuresql.spec.column_type import BOOLEAN
from featuresql.spec.model import Column

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter


def _scalar(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    query = node.this if isinstance(node, exp.Subquery) else node
    _must_be_free(emitter, node, query)
    if len(output_columns(query)) != 1:
        raise emitter.refuse(node, "a query of several columns where one value is wanted")
    kind = emitter.kind(node)
    if held(kind).startswith("Array"):
        raise emitter.refuse(node, "a query that gives one list or struct", "join it instead")
    return exp.Subquery(this=emit_query_node(emitter, query))


def _exists(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    if always_one(emitter, node.this):
        return exp.true()
    _must_be_free(emitter, node, node.this)
    return exp.Exists(this=emit_query_node(emitter, node.this))


def _must_be_free(emitter: Emitter, node: exp.Expr, query: exp.Expr) -> None:
    """Refuse a query about the rows around it where these were not prepared for it.

    Within a lambda even DuckDB takes none.
    """
    if node.find_ancestor(exp.Lambda, exp.Comprehension, exp.Query) is not node.find_ancestor(
        exp.Query
    ):
        raise emitter.refuse(node, "a query within a lambda", "compute it in a CTE before")
    if any(True for _ in free_columns(query)):
        hint = "put it into the SELECT list of a CTE"
        raise emitter.refuse(node, "a query about the rows around it at this place", hint)


def _in_query(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    """Return `x IN (query)` with three values: NULL where only a NULL could have been equal."""
    query = node.args["query"]
    inner = query.this if isinstance(query, exp.Subquery) else query
    if needs_each_row(emitter, node):
        raise emitter.refuse(node, "IN over a query at this place", "put it into a CTE")
    columns = output_columns(inner)
    together = common_argument(emitter.typer.argument(node.this), Argument(columns[0].type))
    kind = common(emitter, node.this) if together is None else together.type
    column = Column("__in", kind)
    value = emitter.emit_as(node.this, kind)

    def among(only_null: bool | None, what: exp.Expr) -> exp.Subquery:  # noqa: FBT001 - local
        rows = exp.alias_(
            exp.Subquery(this=emit_query_node(emitter, inner, (column,))), "__rows", table=True
        )
        select = exp.select(what, copy=False).from_(rows, copy=False)
        if only_null is not None:
            absent = sql.is_null(exp.column("__in", table="__rows"))
            select.where(absent if only_null else sql.negated(absent), copy=False)
        return exp.Subquery(this=select)

    known = exp.In(this=value, query=among(False, exp.column("__in", table="__rows")))
    count = sql.call("count")
    empty = sql.call("equals", among(None, count), sql.number(0))
    unknown = sql.call("notEquals", among(True, count.copy()), sql.number(0))
    return sql.call(
        "multiIf",
        empty,
        exp.false(),
        sql.is_null(value.copy()),
        nothing(BOOLEAN),
        known,
        exp.true(),
        unknown,
        nothing(BOOLEAN),
        exp.false(),
    )


def _in(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    if node.args.get("query") is not None:
        return _in_query(emitter, node)
    if node.args.get("unnest") is not None or node.args.get("field") is not None:
        raise emitter.refuse(node, "IN over a list", "write list_contains(list, value)")
    tests = [compared(emitter, node, "equals", node.this, value) for value in node.expressions]
    return sql.either(*tests)


def _quantified(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    raise emitter.refuse(node, f"{node.key.upper()}", "write EXISTS or IN")


HANDLERS: Final[dict[type[exp.Expr], Callable[[Emitter, exp.Expr], exp.Expr]]] = {
    exp.Subquery: _scalar,
    exp.Select: _scalar,
    exp.Union: _scalar,
    exp.Exists: _exists,
    exp.In: _in,
    exp.Any: _quantified,
    exp.All: _quantified,
}
