"""Days and instants rounded down, and counted between one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.calendar import (
    DATE,
    DAY_US,
    HOUR_US,
    MINUTE_US,
    MONTHS_A_YEAR,
    SECOND_US,
    date,
    days_of,
    first_day,
    floor_div,
    instant,
    instant_us,
    month_number,
    plus,
    times,
)
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions.date_parts import floor_us
from featuresql.compiler.clickhouse.functions.interval_arithmetic import moved
from featuresql.compiler.clickhouse.intervals import constant_parts, negated
from featuresql.compiler.typing.rules import constant_text
from featuresql.spec.column_type import TIMESTAMP, ColumnType

_CLOCK: Final = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": SECOND_US,
    "minute": MINUTE_US,
    "hour": HOUR_US,
    "day": DAY_US,
}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12, "decade": 120}
_ALIASES: Final = {
    alias: name
    for name, aliases in (
        ("microsecond", "us usec useconds"),
        ("millisecond", "ms msec"),
        ("second", "s sec"),
        ("minute", "m min"),
        ("hour", "h hr"),
        ("day", "d dayofmonth"),
        ("week", "w weekofyear"),
        ("month", "mon"),
        ("year", "y yr"),
        ("decade", "dec"),
    )
    for alias in aliases.split()
}
# 1970-01-01 was a Thursday, 2000-01-03 a Monday.
_FROM_MONDAY: Final = 3
_ORIGIN_US: Final = 946_857_600_000_000
_ORIGIN_MONTH: Final = 2_000 * MONTHS_A_YEAR


def _unit(call: EmitCall) -> str:
    written = constant_text(call.operands[0])
    if written is None:
        raise call.refuse(f"{call.name} by a unit that is no constant")
    lower = written.lower()
    for name in (lower, lower.removesuffix("s")):
        found = _ALIASES.get(name, name)
        if found in _CLOCK or found in _MONTHS or found == "week":
            return found
    raise call.refuse(f"{call.name} by '{written}'", "use a unit from microsecond to decade")


def _truncated(call: EmitCall) -> exp.Expr:
    unit, kind = _unit(call), call.bound[1]
    if kind.name == "INTERVAL":
        raise call.refuse("date_trunc of an interval")

    def body(value: exp.Expr) -> exp.Expr:
        if unit in _CLOCK:
            return instant(floor_us(instant_us(value, kind), _CLOCK[unit]))
        if unit == "week":
            days = plus(days_of(value, kind), sql.number(_FROM_MONDAY))
            monday = plus(times(floor_div(days, 7), 7), sql.number(-_FROM_MONDAY))
            return instant(times(monday, DAY_US))
        size = _MONTHS[unit]
        months = times(floor_div(month_number(value, kind), size), size)
        return instant(times(first_day(months), DAY_US))

    return call.as_result(sql.bind(call.args[1], lambda again: body(again())))


def _steps(unit: str) -> Callable[[exp.Expr, ColumnType], exp.Expr]:
    """Return how many whole units lie before an instant, from a fixed one on."""

    def count(value: exp.Expr, kind: ColumnType) -> exp.Expr:
        if unit in _CLOCK:
            return floor_div(instant_us(value, kind), _CLOCK[unit])
        return floor_div(month_number(value, kind), _MONTHS[unit])

    return count


def _difference(call: EmitCall) -> exp.Expr:
    """Return how many bounds of a unit lie between two instants; weeks have none, but 7 days."""
    unit = _unit(call)
    count = _steps("day" if unit == "week" else unit)
    start, end = (count(arg, kind) for arg, kind in zip(call.args[1:], call.bound[1:], strict=True))
    away = sql.call("minus", end, start)
    return call.as_result(sql.call("intDiv", away, sql.number(7)) if unit == "week" else away)


def _elapsed(call: EmitCall) -> exp.Expr:
    """Return how many whole units have gone by between two instants."""
    unit = _unit(call)
    size = 7 * DAY_US if unit == "week" else _CLOCK.get(unit)
    if size is None:
        raise call.refuse(f"date_sub by '{unit}'", "use date_diff(), or days")
    start, end = (
        instant_us(arg, kind) for arg, kind in zip(call.args[1:], call.bound[1:], strict=True)
    )
    return call.as_result(sql.call("intDiv", sql.call("minus", end, start), sql.number(size)))


def _bucket(call: EmitCall) -> exp.Expr:
    width = constant_parts(call.operands[0])
    if width is None or not all(
        isinstance(part, int) for part in (width.months, width.days, width.us)
    ):
        raise call.refuse("time_bucket of a width that is no constant")
    months, us = int(str(width.months)), int(str(width.days)) * DAY_US + int(str(width.us))
    if (months > 0) == (us > 0) or months < 0 or us < 0:
        raise call.refuse("time_bucket of months and days together, or of no width")
    kind, value = call.bound[1], call.args[1]
    if len(call.args) == 2:  # noqa: PLR2004 - a width and an instant
        return call.as_result(_floored(value, kind, months, us, None))
    if call.bound[2].name == "INTERVAL":
        return _with_offset(call, months, us)
    if months:
        raise call.refuse("time_bucket of months from an origin")
    return call.as_result(_floored(value, kind, months, us, call.args[2]))


def _with_offset(call: EmitCall, months: int, us: int) -> exp.Expr:
    offset = constant_parts(call.operands[2])
    if offset is None:
        raise call.refuse("time_bucket by an offset that is no constant")
    start = moved(call.args[1], call.bound[1], negated(offset))
    return call.as_result(moved(_floored(start, TIMESTAMP, months, us, None), TIMESTAMP, offset))


def _floored(
    value: exp.Expr, kind: ColumnType, months: int, us: int, origin: exp.Expr | None
) -> exp.Expr:
    def body(it: exp.Expr) -> exp.Expr:
        if months:
            since = plus(month_number(it, kind), sql.number(-_ORIGIN_MONTH))
            whole = times(floor_div(since, months), months)
            return instant(times(first_day(plus(whole, sql.number(_ORIGIN_MONTH))), DAY_US))
        start = sql.number(_ORIGIN_US) if origin is None else instant_us(origin.copy(), kind)
        since = sql.call("minus", instant_us(it, kind), start)
        return instant(plus(times(floor_div(since, us), us), start.copy()))

    made = sql.bind(value, lambda again: body(again()))
    return date(days_of(made, TIMESTAMP)) if kind == DATE else made


DATE_STEPS: Final[tuple[Emission | Refusal, ...]] = (
    Emission(
        "date_trunc",
        _truncated,
        tuple(
            f"date_trunc('{unit}', {column})"
            for unit in (*_CLOCK, "week", *_MONTHS)
            for column in ("ts", "d")
        ),
    ),
    Emission(
        "date_diff",
        _difference,
        (
            *(f"date_diff('{unit}', ts, ts2)" for unit in (*_CLOCK, "week", *_MONTHS)),
            *("date_diff('day', d, ts2::DATE)", "date_diff('month', d, DATE '2024-02-29')"),
            "date_diff('hour', d, d + 1)",
        ),
    ),
    Emission(
        "date_sub",
        _elapsed,
        tuple(f"date_sub('{unit}', ts, ts2)" for unit in (*_CLOCK, "week")),
    ),
    Emission(
        "time_bucket",
        _bucket,
        (
            *("time_bucket(INTERVAL 15 MINUTE, ts)", "time_bucket(INTERVAL '1 week', d)"),
            *("time_bucket(INTERVAL 10 DAY, ts2)", "time_bucket(INTERVAL 1 MONTH, ts)"),
            *("time_bucket(INTERVAL 1 YEAR, d)", "time_bucket(INTERVAL 5 MONTH, ts2)"),
            "time_bucket(INTERVAL 1 DAY, ts, TIMESTAMP '2024-01-01 06:00:00')",
            "time_bucket(INTERVAL 1 DAY, ts, INTERVAL 6 HOUR)",
        ),
    ),
    Refusal("age", "its months depend on the engine", "subtract, or use date_diff()"),
)
