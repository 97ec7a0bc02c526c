"""Operators on instants, days and intervals."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.calendar import (
    DAY_US,
    add_months,
    date,
    day_number,
    days_of,
    instant,
    instant_us,
    plus,
)
from featuresql.compiler.clickhouse.emission import EmitCall
from featuresql.compiler.clickhouse.intervals import (
    Parts,
    added,
    held_interval,
    mapped,
    negated,
    parts_of,
    whole,
)
from featuresql.spec.column_type import TIMESTAMP, ColumnType

_TIMES: Final = frozenset({"INTERVAL", "DATE", "TIMESTAMP", "TIMESTAMPTZ"})


def concerns(call: EmitCall) -> bool:
    """Whether an operator works on instants, days or intervals."""
    return any(kind.name in _TIMES for kind in (*call.bound, call.result))


def build(call: EmitCall) -> exp.Expr:
    """Return the operator on instants, days or intervals."""
    names = tuple(kind.name for kind in call.bound)
    if call.name == "unary -":
        return held_interval(negated(_parts(call, 0)), call.args[:1])
    if names == ("INTERVAL", "INTERVAL"):
        right = _parts(call, 1)
        together = added(_parts(call, 0), right if call.name == "+" else negated(right))
        return held_interval(together, call.args)
    if call.name in {"+", "-"} and "INTERVAL" in names:
        place = names.index("INTERVAL")
        parts = _parts(call, place)
        return moved(
            call.args[1 - place],
            call.bound[1 - place],
            parts if call.name == "+" else negated(parts),
        )
    if call.name == "-" and call.result.name == "INTERVAL":
        return _distance(call)
    if call.name in {"+", "-"} and "DATE" in names:
        return _days(call, names.index("DATE"))
    if call.name == "*" and "BIGINT" in names:
        return _multiple(call, names.index("INTERVAL"))
    raise call.refuse(f"{call.name} of these times", "multiply a whole number of seconds")


def moved(value: exp.Expr, kind: ColumnType, parts: Parts) -> exp.Expr:
    """Return a day or an instant moved by an interval: months first, then days and the rest."""

    def body(it: exp.Expr) -> exp.Expr:
        if isinstance(parts.months, int) and not parts.months:
            start = instant_us(it, kind)
        else:
            day = sql.call("multiply", add_months(it, kind, whole(parts.months)), _day())
            start = day
            if kind.name != "DATE":
                clock = sql.call("positiveModulo", instant_us(it.copy(), kind), _day())
                start = plus(day, clock)
        for part, size in ((parts.days, DAY_US), (parts.us, 1)):
            if isinstance(part, int):
                start = plus(start, sql.integer(part * size)) if part else start
            else:
                start = plus(start, sql.call("multiply", part, sql.integer(size)))
        return instant(start)

    return sql.bind(value, lambda again: body(again()))


def _day() -> exp.Expr:
    return sql.number(DAY_US)


def _parts(call: EmitCall, place: int) -> Parts:
    return parts_of(call.operands[place], call.args[place])


def _distance(call: EmitCall) -> exp.Expr:
    """Return the days and the rest between two instants."""
    left, right = (instant_us(arg, kind) for arg, kind in zip(call.args, call.bound, strict=True))
    away = sql.call("minus", left, right)
    days = sql.call("intDiv", away, _day())
    rest = sql.call("modulo", away.copy(), _day())
    return held_interval(Parts(0, days, rest), call.args)


def _days(call: EmitCall, place: int) -> exp.Expr:
    if call.bound[0].name == call.bound[1].name:
        left, right = (days_of(arg, kind) for arg, kind in zip(call.args, call.bound, strict=True))
        return call.as_result(sql.call("minus", left, right))
    if call.result.name == TIMESTAMP.name:
        raise call.refuse("a day and a time of day")
    count = sql.cast(call.args[1 - place], "Nullable(Int64)")
    name = "plus" if call.name == "+" else "minus"
    return date(sql.call(name, day_number(call.args[place]), count))


def _multiple(call: EmitCall, place: int) -> exp.Expr:
    count = sql.cast(call.args[1 - place], "Nullable(Int128)")
    made = mapped(
        _parts(call, place),
        lambda part: sql.call("multiply", count.copy(), part),
        lambda part: sql.call("multiply", count.copy(), sql.integer(part)) if part else 0,
    )
    return held_interval(made, call.args)
