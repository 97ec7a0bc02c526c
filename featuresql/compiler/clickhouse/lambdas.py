"""Functions that take a lambda, and list comprehensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.functions.pieces import unused, value_of
from featuresql.compiler.clickhouse.types import held
from featuresql.compiler.clickhouse.values import nothing, truth
from featuresql.compiler.typing.argument import NULL
from featuresql.compiler.typing.function_table import call_name

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

_EMPTY: Final = "list_reduce of an empty list"
_POSITIONS: Final = "Array(Nullable(Int64))"


def _over(
    names: Sequence[str], function: str, body: exp.Expr, listed: exp.Expr, *initial: exp.Expr
) -> exp.Expr:
    """Return `function` of a lambda over an Array and, for a further name, the positions."""
    arrays = [listed]
    if len(names) - len(initial) > 1:
        positions = sql.call("arrayEnumerate", listed.copy())
        arrays.append(sql.cast(positions, _POSITIONS))
    return sql.call(function, sql.function(tuple(names), body), *arrays, *initial)


def _within(emitter: Emitter, node: exp.Expr, build: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Return what `build` makes of the Array in the held list `node`, in an Array if not NULL."""
    whole = emitter.emit(node)
    (name,) = unused(whole, 1)
    body = sql.function((name,), build(sql.name(name)))
    return sql.call("arrayMap", body, whole)


def _parts(node: exp.Expr) -> tuple[exp.Expr, exp.Expr, tuple[str, ...]]:
    """Return the list, the lambda's body and its parameters."""
    if isinstance(node, exp.Anonymous):
        listed, function = node.expressions[:2]
    else:
        listed, function = node.this, node.expression
    return listed, function.this, tuple(part.name for part in function.expressions)


def _transform(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    listed, body, names = _parts(node)
    kind = emitter.kind(node)
    if kind == NULL:
        return nothing(kind)
    made = emitter.emit_as(body, kind.element or NULL)
    return sql.cast(
        _within(emitter, listed, lambda inside: _over(names, "arrayMap", made, inside)), held(kind)
    )


def _filter(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    listed, body, names = _parts(node)
    kind = emitter.kind(node)
    if kind == NULL:
        return nothing(kind)
    keep = sql.call("ifNull", truth(emitter, body), exp.false())
    return _within(emitter, listed, lambda inside: _over(names, "arrayFilter", keep, inside))


def _reduce(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    """Fold a list. What is carried must keep its type, as ClickHouse's arrayFold wants it to."""
    listed, body, names = _parts(node)
    kind, initial = emitter.kind(node), node.expressions[2:]
    carried = emitter.kind(initial[0]) if initial else emitter.kind(listed).element
    if carried != kind or len(names) < 2:  # noqa: PLR2004 - what is carried and an element
        raise emitter.refuse(node, "list_reduce to another type", "cast the initial value")
    if len(names) > 2:  # noqa: PLR2004
        raise emitter.refuse(node, "list_reduce with positions", "transform the list first")
    made = sql.cast(emitter.emit_as(body, kind), held(kind))

    def fold(inside: exp.Expr) -> exp.Expr:
        if initial:
            start = sql.cast(emitter.emit_as(initial[0], kind), held(kind))
            return _over(names, "arrayFold", made, inside, start)
        empty = sql.call("throwIf", sql.call("empty", inside), sql.text(_EMPTY))
        second = sql.call("plus", empty, sql.number(2))
        rest = sql.call("arraySlice", inside.copy(), second)
        first = sql.cast(sql.call("arrayElement", inside.copy(), sql.number(1)), held(kind))
        return _over(names, "arrayFold", made, rest, first)

    return value_of(_within(emitter, listed, fold))


def comprehension(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    """Return `[f(x) FOR x IN list IF condition]`."""
    kind = emitter.kind(node)
    condition, position = node.args.get("condition"), node.args.get("position")
    if condition is not None and position is not None:
        raise emitter.refuse(node, "a comprehension with a position and IF", "write list_filter")
    names = [node.expression.name, *([position.name] if position is not None else [])]
    made = emitter.emit_as(node.this, kind.element or NULL)

    def build(inside: exp.Expr) -> exp.Expr:
        if condition is not None:
            keep = sql.call("ifNull", truth(emitter, condition), exp.false())
            inside = _over(names, "arrayFilter", keep, inside)
        return _over(names, "arrayMap", made, inside)

    return sql.cast(_within(emitter, node.args["iterator"], build), held(kind))


_FUNCTIONS: Final[dict[str, Callable[[Emitter, exp.Expr], exp.Expr]]] = {
    **dict.fromkeys(("list_transform", "array_transform", "list_apply", "array_apply"), _transform),
    **dict.fromkeys(("list_filter", "array_filter"), _filter),
    **dict.fromkeys(("list_reduce", "array_reduce"), _reduce),
}


def call_with_lambda(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    """Return a call that sqlglot has no class for: one with a lambda, or any other."""
    function = _FUNCTIONS.get(call_name(node))
    return function(emitter, node) if function else emitter.emit_call(node)


HANDLERS: Final[dict[type[exp.Expr], Callable[[Emitter, exp.Expr], exp.Expr]]] = {
    exp.Comprehension: comprehension,
    exp.Transform: _transform,
    exp.ArrayFilter: _filter,
}
