"""Parts of days and instants: years, weeks, hours, seconds since 1970."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.calendar import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    floor_div,
    instant_us,
    part,
    plus,
    times,
)
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.types import inner
from featuresql.compiler.typing.rules import constant_text
from featuresql.spec.column_type import DOUBLE, ColumnType

Part = Callable[[exp.Expr, ColumnType], exp.Expr]
_NANOSECONDS: Final = 1_000


def clock_us(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return the microseconds since midnight."""
    return sql.call("positiveModulo", instant_us(value, kind), sql.number(DAY_US))


def _of_day(name: str) -> Part:
    return lambda value, kind: part(name, value, kind)


def _of_clock(size: int, limit: int, factor: int = 1) -> Part:
    """Return a part of a time of day: whole `size`s, of which `limit` make a larger one."""

    def build(value: exp.Expr, kind: ColumnType) -> exp.Expr:
        count = sql.call("intDiv", clock_us(value, kind), sql.number(size))
        return times(sql.call("modulo", count, sql.number(limit)), factor)

    return build


def _day_of_week(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    return sql.call("modulo", part("toDayOfWeek", value, kind), sql.number(7))


def _of_year(size: int, *, from_one: bool) -> Part:
    """Return the number of the decade, century or millennium."""

    def build(value: exp.Expr, kind: ColumnType) -> exp.Expr:
        year = part("toYear", value, kind)
        if not from_one:
            return sql.call("intDiv", year, sql.number(size))
        before = sql.call("intDiv", plus(year, sql.number(-1)), sql.number(size))
        return plus(before, sql.number(1))

    return build


def _year_week(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    return plus(times(part("toISOYear", value, kind), 100), part("toISOWeek", value.copy(), kind))


def _era(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    return sql.call("sign", part("toYear", value, kind))


PARTS: Final[dict[str, Part]] = {
    name: build
    for names, build in (
        ("year years yr yrs y", _of_day("toYear")),
        ("month months mon mons", _of_day("toMonth")),
        ("day days d dayofmonth", _of_day("toDayOfMonth")),
        ("quarter quarters", _of_day("toQuarter")),
        ("decade decades dec decs", _of_year(10, from_one=False)),
        ("century centuries cent c", _of_year(100, from_one=True)),
        ("millennium millennia millenium mil", _of_year(1_000, from_one=True)),
        ("dow dayofweek weekday", _day_of_week),
        ("isodow", _of_day("toDayOfWeek")),
        ("doy dayofyear", _of_day("toDayOfYear")),
        ("week weeks w weekofyear", _of_day("toISOWeek")),
        ("isoyear", _of_day("toISOYear")),
        ("yearweek", _year_week),
        ("era", _era),
        ("hour hours hr hrs h", _of_clock(HOUR_US, 24)),
        ("minute minutes min mins m", _of_clock(MINUTE_US, 60)),
        ("second seconds sec secs s", _of_clock(SECOND_US, 60)),
        ("millisecond milliseconds ms msec msecs", _of_clock(1_000, 60_000)),
        ("microsecond microseconds us usec usecs useconds", _of_clock(1, MINUTE_US)),
        ("nanosecond nanoseconds ns", _of_clock(1, MINUTE_US, _NANOSECONDS)),
    )
    for name in names.split()
}
_NOT_EXTRACTED: Final = frozenset({"nanosecond", "nanoseconds", "ns"})
_OF_TIMES: Final = ("hour", "minute", "second", "millisecond", "microsecond", "nanosecond")
_OF_DAYS: Final = (
    *("year", "month", "day", "dayofmonth", "dayofweek", "isodow", "dayofyear", "week"),
    *("weekofyear", "quarter", "decade", "century", "millennium", "era", "isoyear", "yearweek"),
)


def _named(call: EmitCall) -> exp.Expr:
    return _part(call, PARTS[call.name], 0)


def _date_part(call: EmitCall) -> exp.Expr:
    name = (constant_text(call.operands[0]) or "").lower()
    if name == "epoch":
        return _seconds(call, 1)
    build = PARTS.get(name)
    if build is None or name in _NOT_EXTRACTED:
        raise call.refuse(f"the part '{name or 'of a column'}' of a date")
    return _part(call, build, 1)


def _part(call: EmitCall, build: Part, place: int) -> exp.Expr:
    kind = call.bound[place]
    if kind.name == "INTERVAL":
        raise call.refuse("a part of an interval", "take epoch() of it and divide")
    made = sql.bind(call.args[place], lambda again: build(again(), kind))
    return call.as_result(made)


def _seconds(call: EmitCall, place: int) -> exp.Expr:
    kind, value = call.bound[place], call.args[place]
    if kind.name != "INTERVAL":
        return call.as_result(_as_seconds(instant_us(value, kind)))

    def body(months: exp.Expr, days: exp.Expr, us: exp.Expr) -> exp.Expr:
        whole = times(sql.call("toFloat64", days), 86_400)
        known = sql.call("equals", sql.call("throwIf", _has_months(months), _MONTHS), _ZERO.copy())
        return sql.choose(known, plus(whole, _as_seconds(us)), sql.null())

    parts = (sql.call("tupleElement", value.copy(), sql.number(place)) for place in (1, 2, 3))
    return call.as_result(body(*parts))


_ZERO: Final = exp.Literal.number(0)
_MONTHS: Final = exp.Literal.string("an interval with months has no fixed length")


def _has_months(months: exp.Expr) -> exp.Expr:
    return sql.call("ifNull", sql.call("notEquals", months, _ZERO.copy()), _ZERO.copy())


def _as_seconds(us: exp.Expr) -> exp.Expr:
    million = sql.cast(sql.text(str(SECOND_US)), inner(DOUBLE))
    return sql.call("divide", sql.call("toFloat64", us), million)


def _microseconds(call: EmitCall) -> exp.Expr:
    kind, value = call.bound[0], call.args[0]
    if kind.name == "INTERVAL":
        raise call.refuse(f"{call.name} of an interval", "take epoch() of it")
    us = instant_us(value, kind)
    if call.name == "epoch_ns":
        return sql.call(
            "accurateCast",
            times(sql.cast(us, "Nullable(Int128)"), _NANOSECONDS),
            sql.text("Nullable(Int64)"),
        )
    return call.as_result(us)


DATE_PARTS: Final[tuple[Emission | Refusal, ...]] = (
    *(Emission(name, _named, (f"{name}(ts)", f"{name}(d)")) for name in _OF_DAYS),
    *(Emission(name, _named, (f"{name}(ts)", f"{name}(ts2)")) for name in _OF_TIMES),
    Emission(
        "date_part",
        _date_part,
        (
            *(f"date_part('{name}', ts)" for name in PARTS if name not in _NOT_EXTRACTED),
            *("extract(dow from d)", "extract(epoch from ts)", "extract(hour from ts2)"),
        ),
    ),
    Emission("epoch", lambda call: _seconds(call, 0), ("epoch(ts)", "epoch(d)", "epoch(ts - ts2)")),
    Emission("epoch_us", _microseconds, ("epoch_us(ts)", "epoch_us(d)")),
    Emission("epoch_ns", _microseconds, ("epoch_ns(ts)",)),
    Refusal("julian", "ClickHouse counts other days", "use epoch()"),
)


def floor_us(us: exp.Expr, size: int) -> exp.Expr:
    """Return microseconds rounded down to a whole number of `size`."""
    return times(floor_div(us, size), size)
