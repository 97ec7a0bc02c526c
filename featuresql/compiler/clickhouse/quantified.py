"""`IN (query)`, `= ANY (query)` and `> ALL (query)`: a value against every row of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import correlated, rows, selects, sql
from featuresql.compiler.clickhouse.conditions import NAMES, compared
from featuresql.compiler.clickhouse.scopes import free_columns
from featuresql.compiler.clickhouse.types import is_composed
from featuresql.compiler.clickhouse.values import nothing
from featuresql.compiler.typing.annotate_types import output_columns
from featuresql.compiler.typing.argument import Argument
from featuresql.spec.column_type import BOOLEAN

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

_ROWS: Final = "__among"


def is_quantified(node: exp.Expr) -> bool:
    """Whether `node` compares a value with ANY or ALL of a query's rows."""
    right = node.args.get("expression")
    return (
        type(node) in NAMES
        and isinstance(right, exp.Any | exp.All)
        and isinstance(right.this, exp.Query)
    )


def needs_each_row(emitter: Emitter, node: exp.Expr) -> bool:
    """Whether an IN, ANY or ALL is decided by comparing with each row of its query.

    It is not for a list of values, nor where ClickHouse's own IN does it.
    """
    if not isinstance(node, exp.In):
        return True
    if node.args.get("query") is None:
        return False
    query = asked_query(node)
    kinds = [emitter.kind(node.this), *(column.type for column in output_columns(query))]
    is_plain = not any(kind.is_float or is_composed(kind) for kind in kinds)
    return not is_plain or len(kinds) > 2 or any(True for _ in free_columns(query))  # noqa: PLR2004 - one column


def asked_query(node: exp.Expr) -> exp.Query:
    """Return the query whose rows `node` is about."""
    query = node.args["query"] if isinstance(node, exp.In) else node.expression.this
    while isinstance(query, exp.Subquery) and not query.args.get("with_"):
        query = query.this
    assert isinstance(query, exp.Query)  # noqa: S101 - what the parser gives
    return query


def count_rows(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    """Return the query that counts the rows that decide, and those of which nothing is known.

    A row decides for ANY where the comparison is true, for ALL where it is false.
    """
    query = asked_query(node)
    if node.this.find(exp.Query):
        raise emitter.refuse(node, "a query on both sides", "put one of them into a CTE")
    columns = output_columns(query)
    wanted = node.this
    while isinstance(wanted, exp.Paren):
        wanted = wanted.this
    values = wanted.expressions if isinstance(wanted, exp.Tuple) else [node.this]
    if len(values) != len(columns):
        raise emitter.refuse(node, "rows against values of another number")
    operator = "equals" if isinstance(node, exp.In) else NAMES[type(node)]
    if len(values) > 1 and operator != "equals":
        raise emitter.refuse(node, "an order of rows against a query", "write EXISTS")
    made = exp.Select()
    if any(True for _ in free_columns(query)):
        plain = correlated.plain_select(emitter, query)
        _check_rows_around(emitter, node, plain)
        if not plain.args.get("group"):
            with emitter.within_select(plain):
                rows.read_rows(emitter, plain, made)
                rights = [i.this if isinstance(i, exp.Alias) else i for i in plain.expressions]
                made.append("expressions", _counts(emitter, node, operator, values, rights))
            return exp.Subquery(this=made)
    whole = exp.Subquery(this=selects.emit_query_node(emitter, query, columns))
    made.set("from_", exp.From(this=exp.alias_(whole, _ROWS, table=True)))
    rights = []
    for column in columns:
        right = exp.column(column.name, table=_ROWS)
        emitter.typer.give(right, Argument(column.type))
        rights.append(right)
    made.append("expressions", _counts(emitter, node, operator, values, rights))
    return exp.Subquery(this=made)


def _check_rows_around(emitter: Emitter, node: exp.Expr, query: exp.Select) -> None:
    """Refuse what is not to be counted in a query about the rows around it."""
    if len(query.expressions) > 1:
        raise emitter.refuse(node, "rows of several columns about the rows around", "write EXISTS")
    if query.args.get("limit") or (query.args.get("having") and not query.args.get("group")):
        raise emitter.refuse(
            node, "LIMIT or HAVING about the rows around the query", "write EXISTS"
        )
    if correlated.always_one(emitter, query):
        raise emitter.refuse(node, "an aggregate of the rows around the query", "compare by =")


def _counts(
    emitter: Emitter,
    node: exp.Expr,
    operator: str,
    values: list[exp.Expr],
    rights: list[exp.Expr],
) -> exp.Expr:
    tests = [
        compared(emitter, node, operator, value, right)
        for value, right in zip(values, rights, strict=True)
    ]
    test = sql.both(*tests)
    decides = sql.negated(test) if isinstance(node.args.get("expression"), exp.All) else test
    some = sql.call("countIf", sql.call("ifNull", decides, exp.false()))
    unknown = sql.call("countIf", sql.is_null(test.copy()))
    return sql.call("array", sql.call("tuple", some, unknown))


def decide(node: exp.Expr, counts: exp.Expr) -> exp.Expr:
    """Return whether what `node` says is true, from what `count_rows` gave."""
    is_all = isinstance(node.args.get("expression"), exp.All)
    some, unknown = (
        sql.call(
            "greater",
            sql.call(
                "tupleElement",
                sql.call("arrayElement", counts.copy(), sql.number(1)),
                sql.number(place),
            ),
            sql.number(0),
        )
        for place in (1, 2)
    )
    return sql.call(
        "multiIf",
        some,
        exp.Boolean(this=not is_all),
        unknown,
        nothing(BOOLEAN),
        exp.Boolean(this=is_all),
    )
