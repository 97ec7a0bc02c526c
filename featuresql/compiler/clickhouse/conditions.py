"""Comparisons and logic, of three values each, and CASE."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.comparable import comparable, compares_as_it_is
from featuresql.compiler.clickhouse.intervals import total_us
from featuresql.compiler.clickhouse.types import is_composed
from featuresql.compiler.clickhouse.values import missing, nothing, truth
from featuresql.compiler.typing.argument import Argument
from featuresql.compiler.typing.common_type import common_argument
from featuresql.spec.column_type import BOOLEAN, ColumnType

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

NAMES: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "equals",
    exp.NEQ: "notEquals",
    exp.LT: "less",
    exp.LTE: "lessOrEquals",
    exp.GT: "greater",
    exp.GTE: "greaterOrEquals",
}


def common(emitter: Emitter, *nodes: exp.Expr) -> ColumnType:
    """Return the type that DuckDB compares `nodes` in."""
    found = emitter.typer.argument(nodes[0])
    for node in nodes[1:]:
        together = common_argument(found, emitter.typer.argument(node))
        if together is None:
            raise emitter.refuse(node, "a comparison of these types")
        found = Argument(together.type, together.literal)
    return found.type


def compared(
    emitter: Emitter, node: exp.Expr, operator: str, left: exp.Expr, right: exp.Expr
) -> exp.Expr:
    """Return the comparison of two nodes by ClickHouse's function `operator`."""
    kind = common(emitter, left, right)
    if kind.name == "NULL":
        return nothing(BOOLEAN)
    first, second = emitter.emit_as(left, kind), emitter.emit_as(right, kind)
    if is_composed(kind):
        return _composed(emitter, node, operator, (first, second), kind)
    if kind.is_float:
        return _floats(operator, (first, left), (second, right))
    if kind.name == "UUID" and operator not in {"equals", "notEquals"}:
        first, second = (comparable(value, kind) for value in (first, second))
    if kind.name == "JSON":
        raise emitter.refuse(node, "a comparison of JSON", "compare its text, with ->>")
    if kind.name == "INTERVAL":
        first, second = total_us(first), total_us(second)
    return sql.call(operator, first, second)


def _composed(
    emitter: Emitter,
    node: exp.Expr,
    operator: str,
    sides: tuple[exp.Expr, exp.Expr],
    kind: ColumnType,
) -> exp.Expr:
    if kind.name == "MAP":
        raise emitter.refuse(node, "a comparison of MAPs", "compare what is in them")
    unknown = sql.either(*(sql.call("empty", side) for side in sides))
    if operator in {"equals", "notEquals"}:
        compared_sides = _equal_sides(sides, kind)
    else:
        compared_sides = [comparable(side.copy(), kind) for side in sides]
    return sql.choose(unknown, nothing(BOOLEAN), sql.call(operator, *compared_sides))


def _equal_sides(sides: tuple[exp.Expr, exp.Expr], kind: ColumnType) -> list[exp.Expr]:
    if compares_as_it_is(kind):
        return [side.copy() for side in sides]
    return [comparable(side.copy(), kind) for side in sides]


def _floats(
    operator: str, left: tuple[exp.Expr, exp.Expr], right: tuple[exp.Expr, exp.Expr]
) -> exp.Expr:
    """Compare floats: NaN equals itself and is above every number."""
    plain = sql.call(operator, left[0], right[0])
    first, second = (
        None if _is_number(node) else sql.call("isNaN", value.copy())
        for value, node in (left, right)
    )
    if operator in {"less", "lessOrEquals"}:
        operator, first, second = operator.replace("less", "greater"), second, first
    if operator in {"greater", "greaterOrEquals"}:
        if first is None:
            return plain
        if operator == "greater":
            extra = first if second is None else sql.both(first, sql.negated(second))
        else:
            extra = first
        return sql.either(plain, extra)
    if first is None or second is None:
        return plain
    together = sql.both(first, second)
    if operator == "equals":
        return sql.either(plain, together)
    return sql.both(plain, sql.negated(together))


def _is_number(node: exp.Expr) -> bool:
    while isinstance(node, exp.Paren | exp.Neg):
        node = node.this
    return isinstance(node, exp.Literal) and not node.is_string


def _comparison(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    return compared(emitter, node, NAMES[type(node)], node.this, node.expression)


def _distinct_from(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    kind = common(emitter, node.this, node.expression)
    left, right = (emitter.emit_as(part, kind) for part in (node.this, node.expression))
    if is_composed(kind):
        alike = sql.call("equals", *(sql.call("empty", side.copy()) for side in (left, right)))
        equal = sql.both(alike, sql.call("equals", *_equal_sides((left, right), kind)))
    else:
        known = compared(emitter, node, "equals", node.this, node.expression)
        neither = sql.both(missing(left, kind), missing(right, kind))
        equal = sql.call("ifNull", known, neither)
    return equal if isinstance(node, exp.NullSafeEQ) else sql.negated(equal)


def _is(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    against = node.expression
    if isinstance(against, exp.Null):
        kind = emitter.kind(node.this)
        if kind.name == "NULL":
            return exp.true()
        return missing(emitter.emit(node.this), kind)
    if isinstance(against, exp.Boolean):
        value = truth(emitter, node.this)
        wanted = value if against.this else sql.negated(value)
        return sql.call("ifNull", wanted, exp.false())
    raise emitter.refuse(node, f"IS {against.sql('duckdb')}")


def _between(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    low = compared(emitter, node, "greaterOrEquals", node.this, node.args["low"])
    high = compared(emitter, node, "lessOrEquals", node.this, node.args["high"])
    return sql.both(low, high)


def _and(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    return sql.both(truth(emitter, node.this), truth(emitter, node.expression))


def _or(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    return sql.either(truth(emitter, node.this), truth(emitter, node.expression))


def _not(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    return sql.negated(truth(emitter, node.this))


def _case(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    kind = emitter.kind(node)
    parts: list[exp.Expr] = []
    for branch in node.args["ifs"]:
        condition = branch.this
        if node.this is not None:
            made = compared(emitter, node, "equals", node.this, condition)
        else:
            made = truth(emitter, condition)
        parts += [made, emitter.emit_as(branch.args["true"], kind)]
    default = node.args.get("default")
    parts.append(nothing(kind) if default is None else emitter.emit_as(default, kind))
    return sql.call("if" if len(parts) == 3 else "multiIf", *parts)  # noqa: PLR2004 - one branch


def _nullif(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    kind = emitter.kind(node)
    equal = compared(emitter, node, "equals", node.this, node.expression)
    return sql.choose(equal, nothing(kind), emitter.emit(node.this))


HANDLERS: Final[dict[type[exp.Expr], Callable[[Emitter, exp.Expr], exp.Expr]]] = {
    **dict.fromkeys(NAMES, _comparison),
    exp.NullSafeEQ: _distinct_from,
    exp.NullSafeNEQ: _distinct_from,
    exp.Is: _is,
    exp.Between: _between,
    exp.And: _and,
    exp.Or: _or,
    exp.Not: _not,
    exp.Case: _case,
    exp.Nullif: _nullif,
}
