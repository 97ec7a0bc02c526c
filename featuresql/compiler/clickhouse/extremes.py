"""GREATEST and LEAST of the values of a row; they pass over NULLs."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.types import held, is_composed

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

_WITHOUT_ORDER: Final = frozenset({"INTERVAL", "JSON", "UUID"})


def _extreme(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    kind = emitter.kind(node)
    name = "greatest" if isinstance(node, exp.Greatest) else "least"
    if is_composed(kind) or kind.name in _WITHOUT_ORDER:
        raise emitter.refuse(node, f"{name} of {kind.name}s")
    values = [emitter.emit_as(part, kind) for part in (node.this, *node.expressions)]
    if len(values) == 1:
        return values[0]
    if not kind.is_float:
        return sql.cast(sql.call(name, *values), held(kind))
    return sql.cast(reduce(lambda left, right: _float(name, left, right), values), held(kind))


def _float(name: str, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Return the extreme of two: NaN is above every number, and the first of equals is kept."""

    def chosen(first: Callable[[], exp.Expr]) -> exp.Expr:
        return sql.bind(right, lambda second: _better(name, first, second))

    return sql.bind(left, chosen)


def _better(name: str, first: Callable[[], exp.Expr], second: Callable[[], exp.Expr]) -> exp.Expr:
    above, below = (second, first) if name == "greatest" else (first, second)
    is_better = sql.either(
        sql.call("greater", above(), below()),
        sql.both(sql.call("isNaN", above()), sql.negated(sql.call("isNaN", below()))),
    )
    takes_second = sql.either(
        sql.is_null(first()),
        sql.both(sql.negated(sql.is_null(second())), sql.call("ifNull", is_better, exp.false())),
    )
    return sql.choose(takes_second, second(), first())


HANDLERS: Final[dict[type[exp.Expr], Callable[[Emitter, exp.Expr], exp.Expr]]] = {
    exp.Greatest: _extreme,
    exp.Least: _extreme,
}
