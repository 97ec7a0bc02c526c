"""Aggregates that gather the values of a group: lists, texts, the first and the last of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.comparable import comparable
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions.pieces import just
from featuresql.compiler.clickhouse.types import held, is_composed
from featuresql.compiler.clickhouse.values import missing, nothing
from featuresql.compiler.typing.rules import constant_integer
from featuresql.spec.column_type import ColumnType

NOT_FIXED: Final = "its answer depends on the order of the rows, which is not fixed"
_MAX_SEVERAL: Final = 1_000_000


def _part(place: int) -> Callable[[exp.Expr], exp.Expr]:
    return lambda it: sql.call("tupleElement", it, sql.number(place))


def _listed(values: exp.Expr, call: EmitCall) -> exp.Expr:
    """Return an Array of values as the held list, NULL where there are none."""

    def body(again: Callable[[], exp.Expr]) -> exp.Expr:
        made = sql.cast(just(again()), held(call.result))
        return sql.choose(sql.call("empty", again()), nothing(call.result), made)

    return sql.bind(values, body)


def several(call: EmitCall, key: exp.Expr, value: exp.Expr, *, from_the_end: bool) -> exp.Expr:
    """Return the list of the first values by `key`, as many as the last operand says.

    `value` is a tuple of one held value, so that NULL is gathered too.
    """
    count = constant_integer(call.operands[-1])
    if count is None or not 0 < count < _MAX_SEVERAL:
        raise call.refuse(f"{call.name} of so many values", "write their number, from 1 to 999999")
    pairs = call.aggregate("groupArray", sql.call("tuple", key, value))
    in_order = _sorted_by_first(pairs, descending=from_the_end)
    first = sql.call("arraySlice", in_order, sql.number(1), sql.number(count))
    return _listed(sql.mapped(first, lambda it: _part(1)(_part(2)(it))), call)


def _sorted_by_first(pairs: exp.Expr, *, descending: bool) -> exp.Expr:
    item = sql.fresh(pairs)
    key = sql.function((item,), _part(1)(sql.name(item)))
    return sql.call("arrayReverseSort" if descending else "arraySort", key, pairs)


def _array_of(call: EmitCall) -> exp.Expr:
    """Return all values of the group as an Array, NULL among them, in the order that is asked."""
    kind = call.bound[0]
    held_value = sql.call("tuple", sql.cast(call.args[0], held(kind)))
    order = call.around.order
    if not order and call.around.distinct:
        # Only what is sorted becomes distinct; who asked for no order sorts it again.
        order = ((call.args[0], kind, False, False),)
    if not order:
        return sql.mapped(call.aggregate("groupArray", held_value), _part(1))
    key, descending = _sort_key(call, order)
    pairs = call.aggregate("groupArray", sql.call("tuple", key, held_value))
    in_order = _sorted_by_first(pairs, descending=descending)
    found = sql.mapped(in_order, lambda it: _part(1)(_part(2)(it)))
    if not call.around.distinct:
        return found
    if order[0][0] != call.emitter.emit(call.operands[0]) and call.around.order:
        raise call.refuse(f"{call.name}(DISTINCT) in the order of something else")
    if kind.is_float or is_composed(kind):
        raise call.refuse(f"{call.name}(DISTINCT) of {kind}")
    return sql.call("arrayCompact", found)


def _sort_key(
    call: EmitCall, order: tuple[tuple[exp.Expr, ColumnType, bool, bool], ...]
) -> tuple[exp.Expr, bool]:
    """Return a tuple that sorts as ORDER BY says, and whether it does so from its end."""
    directions = {descending for _, _, descending, _ in order}
    if len(directions) > 1:
        raise call.refuse("ORDER BY in both directions within an aggregate", "use a window")
    (descending,) = directions
    parts: list[exp.Expr] = []
    for value, kind, _, nulls_first in order:
        if is_composed(kind) or kind.name in {"INTERVAL", "JSON"}:
            raise call.refuse(f"ORDER BY a {kind} within an aggregate")
        null_is_least = nulls_first != descending
        absent = sql.is_null(value.copy())
        parts.append(sql.call("toInt8", sql.negated(absent) if null_is_least else absent))
        known = sql.call("assumeNotNull", sql.cast(value.copy(), held(kind)))
        parts.append(comparable(known, kind))
    return sql.call("tuple", *parts), descending


def _order_is_lost(call: EmitCall) -> bool:
    """Whether the list is sorted at once, as in `list_sort(list(x))`."""
    parent = call.node.parent
    while isinstance(parent, exp.Filter | exp.Paren):
        parent = parent.parent
    return isinstance(parent, exp.ArraySort) and not call.bound[0].is_float


def _is_ordered_window(call: EmitCall) -> bool:
    return call.around.over is not None and bool(call.around.over.args.get("order"))


def _list(call: EmitCall) -> exp.Expr:
    if not (call.around.order or _order_is_lost(call)) and (
        call.around.distinct or not _is_ordered_window(call)
    ):
        raise call.refuse(NOT_FIXED, "write list(x ORDER BY ...)")
    return _listed(_array_of(call), call)


def _text_of_all(call: EmitCall) -> exp.Expr:
    if not call.around.order and call.around.elements is None:
        raise call.refuse(NOT_FIXED, "write string_agg(x, ',' ORDER BY ...)")
    separator = call.args[1] if len(call.args) > 1 else sql.text(",")

    def body(again: Callable[[], exp.Expr]) -> exp.Expr:
        joined = sql.call("arrayStringConcat", again(), separator)
        return sql.choose(sql.call("empty", again()), nothing(call.result), joined)

    return sql.bind(_without_null(_array_of(call), call.bound[0]), body)


def _without_null(values: exp.Expr, kind: ColumnType) -> exp.Expr:
    item = sql.fresh(values)
    known = sql.negated(missing(sql.name(item), kind))
    return sql.call("arrayFilter", sql.function((item,), known), values)


def _end(name: str, *, window: str, last: bool = False, known: bool = False) -> Emission:
    """Declare an aggregate that picks the first or the last value, in an order that is said."""

    def build(call: EmitCall) -> exp.Expr:
        around = call.around
        if around.distinct:
            raise call.refuse(f"{name}(DISTINCT)")
        if not around.order and around.elements is None:
            hint = f"write {name}(x ORDER BY ...)"
            if not _is_ordered_window(call) or around.condition is not None:
                raise call.refuse(NOT_FIXED, hint)
            if known and is_composed(call.bound[0]):
                raise call.refuse(f"{name} of {call.bound[0]} in a window", hint)
            return call.aggregate(window, sql.cast(call.args[0], held(call.bound[0])))
        values = _array_of(call)
        if known:
            values = _without_null(values, call.bound[0])
        return sql.call("arrayElement", values, sql.number(-1 if last else 1))

    return Emission(
        name,
        build,
        (
            f"SELECT g, {name}(i4 ORDER BY n DESC) AS v FROM t GROUP BY g",
            f"SELECT g, {name}(s ORDER BY f8, n) AS v FROM t GROUP BY g",
            f"SELECT g, {name}(li ORDER BY n) AS v FROM t GROUP BY g",
            f"SELECT {name}(f8 ORDER BY n) FILTER (WHERE n > 5) AS v FROM t",
            f"{name}(i8) OVER (PARTITION BY g ORDER BY n)",
            f"{name}(s) OVER (ORDER BY n ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING)",
        ),
    )


def _group(call: str) -> str:
    return f"SELECT g, {call} AS v FROM t GROUP BY g"


ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    Emission(
        "list",
        _list,
        (
            _group("list(i4 ORDER BY n)"),
            _group("list(s ORDER BY i4 DESC, n DESC)"),
            _group("list(f8 ORDER BY f9 NULLS FIRST, n)"),
            _group("list(n ORDER BY n) FILTER (WHERE b)"),
            _group("list(DISTINCT i4 ORDER BY i4 DESC)"),
            _group("list_sort(list(DISTINCT s))"),
            _group("list_sort(list(i4) FILTER (WHERE n > 3))"),
            "SELECT list(n ORDER BY n) AS v FROM t",
            "list(i4) OVER (PARTITION BY g ORDER BY n)",
        ),
    ),
    Emission(
        "string_agg",
        _text_of_all,
        (
            _group("string_agg(s, '|' ORDER BY n)"),
            _group("string_agg(s2, ',' ORDER BY s, n)"),
            _group("string_agg(DISTINCT s2, ',' ORDER BY s2)"),
        ),
    ),
    _end("first", window="first_value_respect_nulls"),
    _end("last", window="last_value_respect_nulls", last=True),
    _end("any_value", window="first_value", known=True),
)
